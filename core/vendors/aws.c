/* AWS partitions and endpoints, from the services' own endpoint rules. */
#include "vendors/aws.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "vendors/vendor.h"

#define VARIABLE "AWS_ENDPOINT_URL"
#define VARIABLE_BYTES 80

/* By region name; a region that is in no row but the last is a plain one. dual NULL: no dual-stack names are known. */
static const struct partition { const char *region_prefix, *suffix, *dual; } partitions[] = {
    { "cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn" },
    { "us-gov-", "amazonaws.com", "api.aws" },
    { "eusc-", "amazonaws.eu", NULL },
    { "us-isob-", "sc2s.sgov.gov", NULL },
    { "us-isof-", "csp.hci.ic.gov", NULL },
    { "eu-isoe-", "cloud.adc-e.uk", NULL },
    { "us-iso-", "c2s.ic.gov", NULL },
    { "", "amazonaws.com", "api.aws" },
};

static bool is_in(const char *region, const char *prefix) {
    return strncmp(region, prefix, strlen(prefix)) == 0;
}

static bool is_on(const od_value *options, const char *name) {
    return options != NULL && od_value_boolean(od_value_get(options, name));
}

od_status od__aws_url(const od_service *service, const od_value *options, char *out, size_t out_bytes, od_error *err) {
    const char *region = od__vendor_option(options, "region", "us-east-1");
    bool fips = is_on(options, "use_fips"), dual = is_on(options, "use_dualstack");
    const struct partition *partition = partitions;
    while (!is_in(region, partition->region_prefix))
        partition++;
    if (dual && partition->dual == NULL)
        return od__error_at(err, OD_VALIDATION, "/use_dualstack", "no dual-stack address is known for %s", region);
    bool plain = service->gov_fips_is_plain && !dual && is_in(region, "us-gov-");
    int length = snprintf(out, out_bytes, "https://%s%s.%s.%s", service->host, fips && !plain ? "-fips" : "", region,
                          dual ? partition->dual : partition->suffix);
    return od__vendor_url_end(length, out_bytes, err);
}

/* The first of the two flags that is on; NULL if none is. */
static const char *flag_on(const od_value *options) {
    return is_on(options, "use_fips") ? "use_fips" : is_on(options, "use_dualstack") ? "use_dualstack" : NULL;
}

od_status od__aws_rule_endpoint(od_value *options, const char *path, od_error *err) {
    const char *flag = flag_on(options);
    if (flag == NULL || od_value_get(options, "endpoint") == NULL)
        return OD_OK;
    return od__vendor_refuse(err, path, flag, "expected false (an endpoint is given), got true");
}

od_status od__aws_check_url(const char *name, const char *text, const od_value *options, od_error *err) {
    const char *flag = flag_on(options);
    if (flag != NULL) {
        char message[VARIABLE_BYTES + 48];
        snprintf(message, sizeof message, "expected false (%s gives an endpoint), got true", name);
        return od__vendor_refuse(err, "", flag, message);
    }
    od_value *value = od_value_new_string(text), *replacement = NULL;
    od_error why = OD_ERROR_INIT;
    od_status status = value != NULL ? od_check_base_url.fn(value, "", &replacement, &why) : od__error_no_memory(&why);
    od_value_unref(replacement);
    od_value_unref(value);
    return status == OD_OK ? OD_OK : od__error_set(err, status, "%s: %s", name, why.message);
}

od_status od__aws_environment_url(const od_service *service, const od_value *options,
                                  const char *(*get_env)(const char *name), const char **out, od_error *err) {
    *out = NULL;
    const char *ignore = get_env("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
    if (ignore != NULL && strcasecmp(ignore, "true") == 0)
        return OD_OK;
    char own[VARIABLE_BYTES];
    snprintf(own, sizeof own, VARIABLE "_%s", service->id);
    const char *const names[] = { own, VARIABLE };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *text = get_env(names[i]);
        if (text == NULL || text[0] == '\0')
            continue;
        *out = text;
        return od__aws_check_url(names[i], text, options, err);
    }
    return OD_OK;
}
