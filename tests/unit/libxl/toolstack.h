/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of libxl have in common: a host to call it on.
 *
 * The libxl under test is the shipped one, called as an application calls
 * it; only xenstored, the hypervisor and the backends are played by fakes.
 *
 *   domain 0  toolstack and backends      domain 4  PV guest
 *   domain 2  driver domain               domain 5  HVM guest
 */

#ifndef TOOLSTACK_H
#define TOOLSTACK_H

#include "libxl_osdeps.h"
#include "libxl_internal.h"

#include <check.h>

#include "fake-xenstore.h"

#define GUEST 4
#define HVM_GUEST 5
#define DRIVER_DOMAIN 2

#define NAME64 "abcdefghijklmnopqrstuvwxyz0123456789-_@" \
               "ABCDEFGHIJKLMNOPQRSTUVWXY"

extern libxl_ctx *ctx;

/* What libxl had to complain about. */
extern char log_text[65536];

/* Its last warning. */
extern char warned[1024];

/* For each test. */
void setup(void);
void teardown(void);

/* Plays the backends, which get as far as libxl waits for: fake_xs_changed. */
void backend(const char *path);

/* Every kind of device that carries the list, behind one face. */
struct kind {
    const char *name;
    const libxl__device_type *dt;
    const char *backend, *libxl, *frontend;
    int domid, backend_domid;
};

#define NUM_KINDS 5
extern const struct kind kinds[NUM_KINDS];

union device {
    libxl_device_nic nic;
    libxl_device_disk disk;
};

bool is_nic(const struct kind *k);
libxl_key_value_list *config_of(const struct kind *k, union device *d);
libxl_key_value_list *config_default_of(const struct kind *k, union device *d);

/* These take the lists over. */
void device_make(const struct kind *k, union device *d,
                 libxl_key_value_list config);
int add(const struct kind *k, libxl_key_value_list config);
int add_both(const struct kind *k, libxl_key_value_list config,
             libxl_key_value_list config_default);

int device_add(const struct kind *k, union device *d);
/* Nor in the domain's record. */
void assert_nothing_there(const struct kind *k);

/* The record, to be disposed of. */
void record_of(int domid, libxl_domain_config *d_config);

libxl_key_value_list key_value_list(char **kvs);
#define LIST(...) key_value_list((char *[]){ __VA_ARGS__, NULL })
const char *value_of(libxl_key_value_list kvl, const char *key);

/* top/name, in one of a few buffers. */
const char *below(const char *top, const char *name);

#endif

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
