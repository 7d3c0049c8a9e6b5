/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * config_check: whether what is requested of the features of devices is what
 * a domain gets, and what follows from it
 */

#ifndef XL_CONFIG_CHECK_H
#define XL_CONFIG_CHECK_H

#include <libxl.h>
#include <libxlutil.h>

/* Each refuses what those before it refuse. */
enum config_check {
    CHECK_OFF, /* nothing is looked at */
    CHECK_WARN,
    CHECK_STRICT,
    CHECK_EXACT,
};

/* Why devices are made. */
enum config_occasion {
    OCCASION_ASKED,  /* by a person who is there: create, attach */
    OCCASION_UPDATE, /* the same, and nothing is made now */
    OCCASION_MOVED,  /* a domain that exists: restore, receive */
    OCCASION_REBOOT,
    OCCASION_KEPT,   /* soft reset, failover: nothing is refused any more */
};

/*
 * Takes config_check from xl.conf, or from a domain's configuration, which
 * wins because it is read later.  A wrong one is reported, with source as the
 * name of the file, and remembered as a wrong default is.
 */
void parse_config_check(XLU_Config *config, const char *source);
enum config_check config_check_level(void);
const char *config_check_word(void);

/* Whether a verdict is not as config_check wants it. */
bool verdict_is_wrong(const libxl_device_feature *feature);

/*
 * Before anything is created.  Prints a line for each request of which it is
 * certain that it cannot be granted as it is.  Returns 0, or ERROR_INVAL if
 * nothing may be created on that account, or because what the host wants is
 * not known.
 */
int check_requests(const libxl_domain_config *d_config,
                   enum config_occasion occasion);
int check_nic_requests(libxl_device_nic *nic);
int check_disk_requests(libxl_device_disk *disk, libxl_domain_type type);

/*
 * Once there is the domain, still paused, or the device: waits for the
 * backends, prints a line for each request that is not granted as it is, or
 * one for a device, and returns 0, or ERROR_INVAL if the domain must not run.
 * Where that is at a reboot it goes to syslog, and is kept for
 * list_refused() until a domain of this name is created.
 */
int check_granted(uint32_t domid, const libxl_domain_config *d_config,
                  enum config_occasion occasion);

/* The same for a new device, which is removed if it is refused. */
int check_granted_nic(uint32_t domid, libxl_device_nic *nic);
int check_granted_disk(uint32_t domid, libxl_device_disk *disk);

/*
 * Once libxl_cdrom_insert() has put a medium into a drive, and the drive's
 * requests into disk.  QEMU serves a drive only from then on: what is not
 * granted is said; the drive stays.
 */
void check_medium(uint32_t domid, libxl_device_disk *disk);

/*
 * For what is to outlive the next reboot of a domain that runs: warns if its
 * monitor is of another version, which would lose the requests.
 */
void check_monitor(uint32_t domid, const libxl_domain_config *d_config);

/* The domains that were refused at a reboot, and why. */
int list_refused(void (*f)(const char *name, const char *reason, void *user),
                 void *user);

/*
 * A domain that exists is to be had by another configuration: d_config keeps
 * what the record has of the host's defaults.  Says which of the record's
 * requests d_config does not have; returns ERROR_INVAL if config_check does
 * not allow that.
 */
int keep_recorded_requests(libxl_domain_config *d_config,
                           const libxl_domain_config *record);

/*
 * Makes a configuration in text that the domain's monitor will parse later,
 * perhaps with others in mind, carry the settings that count now: the host's
 * defaults and config_check.
 */
void append_settings(void **config, int *len);

/*
 * For a stream to another host, whose configuration in JSON is given: what
 * must be understood there, of XL_MANDATORY_FLAG_*.  Says how many requests
 * go along.
 */
uint32_t config_check_stream_flags(const char *json);

#endif /* XL_CONFIG_CHECK_H */

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
