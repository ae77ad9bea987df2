#include "credentials/container.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"

#define RELATIVE_VARIABLE "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
#define FULL_VARIABLE "AWS_CONTAINER_CREDENTIALS_FULL_URI"
#define HOST_BYTES 256

bool od__container_allows(const char *address) {
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, address, &v4) == 1) {
        uint32_t number = ntohl(v4.s_addr);
        return number >> 24 == 127 || number == 0xa9feaa02 || number == 0xa9feaa17;
    }
    if (inet_pton(AF_INET6, address, &v6) != 1)
        return false;
    static const struct in6_addr eks = { .s6_addr = { 0xfd, 0x00, 0x0e, 0xc2, [15] = 0x23 } };
    return IN6_IS_ADDR_LOOPBACK(&v6) || memcmp(&v6, &eks, sizeof(v6)) == 0;
}

static bool has_control_or_blank(const char *text) {
    for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++)
        if (*c <= ' ' || *c == 0x7f)
            return true;
    return false;
}

/* Cuts the host out of what follows "://". Returns false if there is none, or something that hides one. */
static bool read_host(const char *authority, char out[HOST_BYTES], bool *is_v6) {
    size_t length = strcspn(authority, "/?#");
    if (memchr(authority, '@', length) != NULL || memchr(authority, '\\', length) != NULL)
        return false;
    *is_v6 = authority[0] == '[';
    const char *start = authority + (*is_v6 ? 1 : 0);
    size_t host_bytes = strcspn(start, *is_v6 ? "]" : ":/?#");
    if (*is_v6 && (host_bytes + 2 > length || (start[host_bytes + 1] != ':' && host_bytes + 2 != length)))
        return false;
    if (host_bytes == 0 || host_bytes >= HOST_BYTES)
        return false;
    memcpy(out, start, host_bytes);
    out[host_bytes] = '\0';
    const char *port = start + host_bytes + (*is_v6 ? 1 : 0);
    size_t port_bytes = length - (size_t)(port - authority);
    return port_bytes == 0 || (*port == ':' && port_bytes <= 6 && strspn(port + 1, "0123456789") == port_bytes - 1);
}

/* A name of digits and dots only would be read as an address by some resolvers in ways that this is not made to follow. */
static bool is_like_a_number(const char *host) {
    const char *last = strrchr(host, '.');
    last = last != NULL ? last + 1 : host;
    return (last[0] >= '0' && last[0] <= '9') || last[0] == '\0';
}

static od_container_rule judge_host(const char *host, bool is_v6) {
    struct in_addr v4;
    if (is_v6 || inet_pton(AF_INET, host, &v4) == 1)
        return od__container_allows(host) ? OD_CONTAINER_ALLOWED : OD_CONTAINER_REFUSED;
    return is_like_a_number(host) ? OD_CONTAINER_REFUSED : OD_CONTAINER_CHECKED;
}

static od_status read_full(const char *uri, const char *source, od_container_rule *rule, od_error *err) {
    bool https = strncasecmp(uri, "https://", 8) == 0, is_v6 = false;
    char host[HOST_BYTES];
    if (!https && strncasecmp(uri, "http://", 7) != 0)
        return od__error_set(err, OD_AUTHENTICATION, "%s: " FULL_VARIABLE " is no http or https URL", source);
    if (has_control_or_blank(uri) || !read_host(uri + (https ? 8 : 7), host, &is_v6))
        return od__error_set(err, OD_AUTHENTICATION, "%s: " FULL_VARIABLE " has no host that can be asked", source);
    *rule = https ? OD_CONTAINER_ALLOWED : judge_host(host, is_v6);
    if (*rule == OD_CONTAINER_REFUSED)
        return od__error_set(err, OD_AUTHENTICATION, "%s: " FULL_VARIABLE " leads to %.100s, which without https may only be "
                             "this host or the address of a credential endpoint", source, host);
    return OD_OK;
}

od_status od__container_url(const char *relative_uri, const char *full_uri, const char *source,
                            char out[OD_CONTAINER_URL_BYTES], od_container_rule *rule, od_error *err) {
    int length;
    if (relative_uri != NULL) {
        if (relative_uri[0] != '/' || has_control_or_blank(relative_uri))
            return od__error_set(err, OD_AUTHENTICATION, "%s: " RELATIVE_VARIABLE " is no path that begins with \"/\"",
                                 source);
        *rule = OD_CONTAINER_ALLOWED;
        length = snprintf(out, OD_CONTAINER_URL_BYTES, OD_CONTAINER_HOST "%s", relative_uri);
    } else {
        od_status status = read_full(full_uri, source, rule, err);
        if (status != OD_OK)
            return status;
        length = snprintf(out, OD_CONTAINER_URL_BYTES, "%s", full_uri);
    }
    if (length < 0 || length >= OD_CONTAINER_URL_BYTES)
        return od__error_set(err, OD_AUTHENTICATION, "%s: the endpoint's URL is longer than %d bytes", source,
                             OD_CONTAINER_URL_BYTES - 1);
    return OD_OK;
}
