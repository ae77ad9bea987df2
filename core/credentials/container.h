/* credentials/container: which addresses a container's credential endpoint may have. Pure. */
#ifndef OD_CREDENTIALS_CONTAINER_H
#define OD_CREDENTIALS_CONTAINER_H

#include <stddef.h>
#include <outdial.h>

#pragma GCC visibility push(hidden)

#define OD_CONTAINER_HOST "http://169.254.170.2"
#define OD_CONTAINER_URL_BYTES 2048

/* What a URL's host may be asked. */
typedef enum od_container_rule {
    OD_CONTAINER_REFUSED,   /* not at all */
    OD_CONTAINER_ALLOWED,
    OD_CONTAINER_CHECKED,   /* where the address that its name leads to is one of the allowed ones */
} od_container_rule;

/* Returns whether a numeric address (IPv6 without brackets) is loopback, 169.254.170.2, 169.254.170.23 or
 * fd00:ec2::23. */
bool od__container_allows(const char *address);
/* Writes the endpoint's URL from the two variables (NULL: not set; the relative one wins), and says how far it may be asked.
 * Errors: authentication (which variable and what is wrong with it). */
od_status od__container_url(const char *relative_uri, const char *full_uri, const char *source,
                            char out[OD_CONTAINER_URL_BYTES], od_container_rule *rule, od_error *err);

#pragma GCC visibility pop

#endif
