#include "credentials/endpoint.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "credentials/internal.h"

/* variable: of the environment; block: in a services section. */
static const struct { const char *variable, *block, *host, *fips_host; } services[] = {
    [OD_AWS_STS] = { "AWS_ENDPOINT_URL_STS", "sts", "sts", "sts-fips" },
    [OD_AWS_SSO] = { "AWS_ENDPOINT_URL_SSO", "sso", "portal.sso", "portal.sso" },
    [OD_AWS_SSO_OIDC] = { "AWS_ENDPOINT_URL_SSO_OIDC", "sso_oidc", "oidc", "oidc" },
    [OD_AWS_SECRETS_MANAGER] = { "AWS_ENDPOINT_URL_SECRETS_MANAGER", "secrets_manager", "secretsmanager",
                                 "secretsmanager-fips" },
};

static const struct { const char *region_prefix, *suffix; bool plain_fips; } partitions[] = {
    { "cn-", "amazonaws.com.cn", false },   { "us-gov-", "amazonaws.com", true },
    { "eusc-", "amazonaws.eu", false },     { "us-isob-", "sc2s.sgov.gov", false },
    { "us-isof-", "csp.hci.ic.gov", false },{ "eu-isoe-", "cloud.adc-e.uk", false },
    { "us-iso-", "c2s.ic.gov", false },     { "", "amazonaws.com", false },
};

/* It becomes part of a host's name. */
static bool is_region(const char *region) {
    size_t length = strlen(region);
    if (length == 0 || length >= OD_REGION_BYTES)
        return false;
    return strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-") == length;
}

bool od__aws_endpoints_ignored(const od_credential_setup *setup, const od_profile_section *profile) {
    const char *ignore = od__profile_filled(profile, "ignore_configured_endpoint_urls");
    return od__credentials_env_is_true(setup, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") ||
           (ignore != NULL && strcasecmp(ignore, "true") == 0);
}

const char *od__aws_endpoint_of_profile(const od_profiles *profiles, const od_profile_section *profile,
                                        const char *service, char block[OD_ENDPOINT_BYTES]) {
    const char *name = od__profile_filled(profile, "services");
    const od_profile_section *section =
        name != NULL && profiles != NULL ? od__profiles_find(profiles, OD_SECTION_SERVICES, name) : NULL;
    if (section != NULL && od__profile_nested(section, service, "endpoint_url", block, OD_ENDPOINT_BYTES))
        return block;
    return od__profile_filled(profile, "endpoint_url");
}

static const char *configured(const od_credential_setup *setup, const od_profiles *profiles,
                              const od_profile_section *profile, od_aws_service service, char *block) {
    if (od__aws_endpoints_ignored(setup, profile))
        return NULL;
    const char *url = od__credentials_env(setup, services[service].variable);
    if (url == NULL)
        url = od__credentials_env(setup, "AWS_ENDPOINT_URL");
    return url != NULL ? url : od__aws_endpoint_of_profile(profiles, profile, services[service].block, block);
}

static bool is_url(const char *url) {
    const char *host = strncmp(url, "https://", 8) == 0 ? url + 8 : strncmp(url, "http://", 7) == 0 ? url + 7 : NULL;
    if (host == NULL || strcspn(host, "/?#") == 0 || strpbrk(host, "?#@") != NULL)
        return false;
    for (const char *c = host; *c != '\0'; c++)
        if (*c <= ' ' || *c == 0x7f)
            return false;
    return true;
}

od_status od__aws_endpoint(const od_credential_setup *setup, const od_profiles *profiles,
                           const od_profile_section *profile, od_aws_service service, const char *region,
                           const char *source, char out[OD_ENDPOINT_BYTES], od_error *err) {
    char block[OD_ENDPOINT_BYTES];
    const char *url = configured(setup, profiles, profile, service, block);
    if (url != NULL) {
        size_t length = strlen(url);
        while (length > 0 && url[length - 1] == '/')
            length--;
        if (!is_url(url) || length >= OD_ENDPOINT_BYTES)
            return od__error_set(err, OD_AUTHENTICATION, "%s: the endpoint of %s is no URL of scheme and host: \"%.100s\"",
                                 source, services[service].block, url);
        snprintf(out, OD_ENDPOINT_BYTES, "%.*s", (int)length, url);
        return OD_OK;
    }
    if (!is_region(region))
        return od__error_set(err, OD_AUTHENTICATION, "%s: \"%.64s\" is no region", source, region);
    size_t i = 0;
    while (strncmp(region, partitions[i].region_prefix, strlen(partitions[i].region_prefix)) != 0)
        i++;
    bool fips = od__credentials_env_is_true(setup, "AWS_USE_FIPS_ENDPOINT") && !partitions[i].plain_fips;
    snprintf(out, OD_ENDPOINT_BYTES, "https://%s.%s.%s", fips ? services[service].fips_host : services[service].host,
             region, partitions[i].suffix);
    return OD_OK;
}

od_status od__aws_region(const od_credential_setup *setup, const od_profile_section *profile, const char *source,
                         char out[OD_REGION_BYTES], od_error *err) {
    const char *region = setup->region;
    if (region == NULL)
        region = od__credentials_env(setup, "AWS_REGION");
    if (region == NULL)
        region = od__credentials_env(setup, "AWS_DEFAULT_REGION");
    if (region == NULL)
        region = od__profile_filled(profile, "region");
    if (region == NULL)
        region = "us-east-1";
    if (!is_region(region))
        return od__error_set(err, OD_AUTHENTICATION, "%s: \"%.64s\" is no region", source, region);
    snprintf(out, OD_REGION_BYTES, "%s", region);
    return OD_OK;
}
