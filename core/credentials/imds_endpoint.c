#include "credentials/imds_endpoint.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"

static const char *first_of(const char *a, const char *b) {
    return a != NULL && a[0] != '\0' ? a : b != NULL && b[0] != '\0' ? b : NULL;
}

static bool is_url(const char *url) {
    const char *host = strncmp(url, "http://", 7) == 0 ? url + 7 : strncmp(url, "https://", 8) == 0 ? url + 8 : NULL;
    if (host == NULL || strcspn(host, "/") == 0 || strpbrk(host, "?#@") != NULL)
        return false;
    for (const unsigned char *c = (const unsigned char *)host; *c != '\0'; c++)
        if (*c <= ' ' || *c == 0x7f)
            return false;
    return true;
}

od_status od__imds_endpoint(const od_imds_settings *settings, const char *source, char out[OD_IMDS_URL_BYTES],
                            od_error *err) {
    const char *url = first_of(settings->env_endpoint, settings->profile_endpoint);
    const char *mode = first_of(settings->env_mode, settings->profile_mode);
    if (url != NULL) {
        size_t length = strlen(url);
        while (length > 0 && url[length - 1] == '/')
            length--;
        if (!is_url(url) || length >= OD_IMDS_URL_BYTES)
            return od__error_set(err, OD_AUTHENTICATION, "%s: the metadata service's endpoint is no http URL: \"%.100s\"",
                                 source, url);
        snprintf(out, OD_IMDS_URL_BYTES, "%.*s", (int)length, url);
        return OD_OK;
    }
    if (mode == NULL || strcasecmp(mode, "IPv4") == 0)
        snprintf(out, OD_IMDS_URL_BYTES, OD_IMDS_V4);
    else if (strcasecmp(mode, "IPv6") == 0)
        snprintf(out, OD_IMDS_URL_BYTES, OD_IMDS_V6);
    else
        return od__error_set(err, OD_AUTHENTICATION, "%s: the metadata service's endpoint mode is IPv4 or IPv6, not "
                             "\"%.40s\"", source, mode);
    return OD_OK;
}
