/*
 * backend_feature_conf.h: features requested of the backend of a PV device
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "internal.h"
#include "virbuffer.h"
#include "virxml.h"

/*
 * The generic form of a request, in the namespace of the hypervisor driver
 * and as a child of the device that it is for:
 *
 *   <xen:feature name='max-ring-page-order' value='0'/>
 *
 * What there is to request, and what a value means, is known to the backend
 * only. The order is the user's.
 */
typedef struct _virDomainBackendFeature virDomainBackendFeature;
struct _virDomainBackendFeature {
    char *name;
    char *value;
};

typedef struct _virDomainBackendFeatures virDomainBackendFeatures;
struct _virDomainBackendFeatures {
    size_t n;
    virDomainBackendFeature *list;
};

void
virDomainBackendFeaturesClear(virDomainBackendFeatures *features);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(virDomainBackendFeatures, virDomainBackendFeaturesClear);

/* Adds a request, and leaves it to others whether there is one already. */
void
virDomainBackendFeaturesAdd(virDomainBackendFeatures *features,
                            const char *name,
                            const char *value);

/* The last value that is requested for a feature, or NULL. */
const char *
virDomainBackendFeaturesFind(const virDomainBackendFeatures *features,
                             const char *name);

int
virDomainBackendFeaturesParseXML(xmlNodePtr node,
                                 const virXMLNamespace *ns,
                                 virDomainBackendFeatures *features);

void
virDomainBackendFeaturesFormat(virBuffer *buf,
                               const virXMLNamespace *ns,
                               const virDomainBackendFeatures *features);
