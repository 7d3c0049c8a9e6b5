/*
 * backend_feature_conf.c: features requested of the backend of a PV device
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <config.h>

#include "backend_feature_conf.h"
#include "viralloc.h"
#include "virerror.h"

#define VIR_FROM_THIS VIR_FROM_DOMAIN

void
virDomainBackendFeaturesClear(virDomainBackendFeatures *features)
{
    size_t i;

    for (i = 0; i < features->n; i++) {
        g_free(features->list[i].name);
        g_free(features->list[i].value);
    }

    g_clear_pointer(&features->list, g_free);
    features->n = 0;
}


void
virDomainBackendFeaturesAdd(virDomainBackendFeatures *features,
                            const char *name,
                            const char *value)
{
    virDomainBackendFeature feature = { g_strdup(name), g_strdup(value) };

    VIR_APPEND_ELEMENT(features->list, features->n, feature);
}


const char *
virDomainBackendFeaturesFind(const virDomainBackendFeatures *features,
                             const char *name)
{
    size_t i;

    for (i = features->n; i > 0; i--) {
        if (STREQ(features->list[i - 1].name, name))
            return features->list[i - 1].value;
    }

    return NULL;
}


static bool
virDomainBackendFeatureNodeMatch(xmlNodePtr node,
                                 const virXMLNamespace *ns,
                                 const char *qname)
{
    if (node->type != XML_ELEMENT_NODE)
        return false;

    if (node->ns)
        return STREQ((const char *)node->ns->href, ns->uri) &&
            virXMLNodeNameEqual(node, "feature");

    /* A device that was cut out of a domain's XML (virsh does it, and so do
     * people) has lost the declaration of the namespace, but not what was
     * meant. */
    return virXMLNodeNameEqual(node, qname);
}


int
virDomainBackendFeaturesParseXML(xmlNodePtr node,
                                 const virXMLNamespace *ns,
                                 virDomainBackendFeatures *features)
{
    g_autofree char *qname = g_strdup_printf("%s:feature", ns->prefix);
    xmlNodePtr cur;

    for (cur = node->children; cur; cur = cur->next) {
        g_autofree char *name = NULL;
        g_autofree char *value = NULL;

        if (!virDomainBackendFeatureNodeMatch(cur, ns, qname))
            continue;

        if (!(name = virXMLPropString(cur, "name")) ||
            !(value = virXMLPropString(cur, "value"))) {
            virReportError(VIR_ERR_XML_ERROR,
                           _("Missing required attribute '%1$s' in element '%2$s'"),
                           name ? "value" : "name", qname);
            return -1;
        }

        virDomainBackendFeaturesAdd(features, name, value);
    }

    return 0;
}


void
virDomainBackendFeaturesFormat(virBuffer *buf,
                               const virXMLNamespace *ns,
                               const virDomainBackendFeatures *features)
{
    size_t i;

    for (i = 0; i < features->n; i++) {
        virBufferAsprintf(buf, "<%s:feature", ns->prefix);
        virBufferEscapeString(buf, " name='%s'", features->list[i].name);
        virBufferEscapeString(buf, " value='%s'", features->list[i].value);
        virBufferAddLit(buf, "/>\n");
    }
}
