/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * The features requested for a PV device: its lists "config", what was said
 * of this device, and "config_default", what the host requests of the rest.
 *
 * A device type carries the lists by naming them in its struct
 * libxl__device_type (config_offset, config_default_offset).  Its requests
 * are then checked, stored where the backend looks for them, and removed with
 * the device.  No feature is known here: a request is a name and a value.
 * The protocol is in xen/io/device-features.h.
 *
 *   <backend path>/config/<feature>
 *       for the backend: what both lists request.  Owned by the toolstack's
 *       domain, readable by the backend's, and by no other: not by the guest.
 *   /libxl/<domid>/device/<kind>/<devid>/config
 *       the toolstack's own copy, and the only one it reads: the lines
 *       <feature>=<value> of the first list, and behind an empty line those
 *       of the second, if there is one.  What one node does not take goes on
 *       in config/1, config/2, ...: only the last one ends with a line.
 */

#ifndef LIBXL_DEVICE_CONFIG_H
#define LIBXL_DEVICE_CONFIG_H

/* What one key of the lists comes to; all of it is the gc's. */
typedef struct {
    const char *feature;
    const char *value;  /* without the blanks around it; NULL: no request */
    bool of_host;
} libxl__request;

/*
 * What both lists, of which each may be NULL, come to: a key of config_default
 * counts where config does not have it, and of a key that is given twice the
 * last.  Keys that are to be LIBXL_DEVICE_CONFIG_DEFAULT are in it, with no
 * value.
 */
_hidden libxl__request *libxl__device_config_requests(libxl__gc *gc,
                                    libxl_key_value_list config,
                                    libxl_key_value_list config_default,
                                    int *num);

/* The same of an element of a type, which may have no lists. */
_hidden libxl__request *libxl__device_requests(libxl__gc *gc,
                                               const libxl__device_type *dt,
                                               const void *type, int *num);

/* How many of them have a value. */
_hidden int libxl__requests_made(const libxl__request *requests, int num);

/*
 * All return ERROR_INVAL, after naming the device and the key, if there
 * is a key that cannot be a feature's name, a value that is not there, not
 * printable ASCII or too long for xenstore, or if there are too many.  They
 * touch nothing, and are to be called before anything is created or recorded.
 */
_hidden int libxl__device_config_check(libxl__gc *gc, uint32_t domid,
                                       const libxl__device_type *dt,
                                       libxl_devid devid, const void *type);
_hidden int libxl__domain_device_config_check(libxl__gc *gc, uint32_t domid,
                                       const libxl_domain_config *d_config);
_hidden int libxl__device_config_check_lists(libxl__gc *gc, uint32_t domid,
                                       const char *name,
                                       libxl_key_value_list config,
                                       libxl_key_value_list config_default);

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
 * Reads the toolstack's copy below libxl_path.  The lists, which must be
 * empty, stay NULL if nothing was requested.  The caller disposes of them.
 */
_hidden int libxl__device_config_read(libxl__gc *gc, const char *libxl_path,
                                      libxl_key_value_list *config,
                                      libxl_key_value_list *config_default);

/*
 * Makes an element carry what the record of the domain (its stored
 * configuration) requests for the same device, and nothing else: for one that
 * stays while something else of it is replaced.
 */
_hidden int libxl__device_config_from_record(libxl__gc *gc, uint32_t domid,
                                             const libxl__device_type *dt,
                                             void *type);

/* Printable ASCII of what may come from anywhere, max characters of it. */
_hidden char *libxl__printable(libxl__gc *gc, const char *text, size_t max);

#endif

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
