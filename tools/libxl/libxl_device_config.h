/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * The features requested for a PV device: its "config" list.
 *
 * A device type carries the list by naming it in its struct
 * libxl__device_type (config_offset).  Its requests are then checked,
 * stored where the backend looks for them, and removed with the device.
 * No feature is known here: a request is a name and a value.
 * The protocol is in xen/io/device-features.h.
 *
 *   <backend path>/config/<feature>
 *       for the backend.  Owned by the toolstack's domain, readable by
 *       the backend's, and by no other: not by the guest.
 *   /libxl/<domid>/device/<kind>/<devid>/config/<feature>
 *       the toolstack's own copy, and the only one it reads.
 */

#ifndef LIBXL_DEVICE_CONFIG_H
#define LIBXL_DEVICE_CONFIG_H

/*
 * Both return ERROR_INVAL, after naming the device and the key, if there
 * is a key that cannot be a feature's name or that has no value.  They
 * touch nothing, and are to be called before anything is created.
 */
_hidden int libxl__device_config_check(libxl__gc *gc,
                                       const libxl__device_type *dt,
                                       const libxl__device *device,
                                       const void *type);
_hidden int libxl__domain_device_config_check(libxl__gc *gc, uint32_t domid,
                                       const libxl_domain_config *d_config);

/*
 * Stores what is requested for device, whose directories exist already,
 * as part of the transaction that creates them.  On error the caller must
 * abort the transaction.  If nothing is requested, nothing is done.
 */
_hidden int libxl__device_config_write(libxl__gc *gc, xs_transaction_t t,
                                       const libxl__device_type *dt,
                                       libxl__device *device,
                                       const void *type);

/*
 * Reads the toolstack's copy below libxl_path.  *config, which must be
 * empty, stays NULL if nothing was requested.  The caller disposes of it.
 */
_hidden int libxl__device_config_read(libxl__gc *gc, const char *libxl_path,
                                      libxl_key_value_list *config);

/*
 * Makes dst carry the requests of src, another element of the same type:
 * for a device that stays while something else of it is replaced.
 */
_hidden void libxl__device_config_inherit(libxl__gc *gc,
                                          const libxl__device_type *dt,
                                          void *dst, const void *src);

#endif

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
