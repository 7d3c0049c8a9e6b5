/*
 * libxl_feature.h: what domain XML requests of the backends of PV devices
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A backend offers its guest features under the names of xenstore nodes, and
 * libxl takes requests of them as pairs of strings. In domain XML there are
 * two ways to say such a pair: an attribute of <driver>, where libvirt has
 * one that means the same, and <xen:feature name='' value=''/> for any. They
 * stay in the definition as they were written; pairs are made of them when a
 * device is given to libxl, or written to xl.cfg.
 */

#pragma once

#include <libxl.h>

#include "domain_conf.h"

/* Errors of a definition, each naming the device, element and attribute. */
int
libxlFeatureValidateDevice(const virDomainDeviceDef *dev);

/* Without feature control in libxl, a request is an error. */
int
libxlFeatureMakeNic(const virDomainNetDef *net,
                    libxl_device_nic *x_nic);

int
libxlFeatureMakeDisk(const virDomainDiskDef *disk,
                     libxl_device_disk *x_disk);

/* Log what of <driver> a Xen device has no use for. */
void
libxlFeatureWarnNet(const virDomainDef *def,
                    const virDomainNetDef *net);

void
libxlFeatureWarnDisk(const virDomainDef *def,
                     const virDomainDiskDef *disk);

/* The device stays while something else of it is changed: its requests can
 * be repeated or left out in the new definition, but not be others. */
int
libxlFeatureCheckDiskUpdate(const virDomainDiskDef *orig,
                            const virDomainDiskDef *disk);

/* xl.cfg: append ",config-<feature>=<value>" for each request ... */
int
libxlFeatureFormatNet(virBuffer *buf,
                      const virDomainNetDef *net);

int
libxlFeatureFormatDisk(virBuffer *buf,
                       const virDomainDiskDef *disk);

/* ... and take them out of it. Returns 1 if the parameter is a request, 0
 * if it is something else, -1 on error. */
int
libxlFeatureParse(const char *param,
                  virDomainBackendFeatures *features);

void
libxlFeatureSetNet(virDomainNetDef *net,
                   virDomainBackendFeatures *features);

void
libxlFeatureSetDisk(virDomainDiskDef *disk,
                    const libxl_device_disk *x_disk);
