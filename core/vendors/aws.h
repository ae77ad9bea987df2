/* vendors/aws: where AWS services are: partitions, FIPS and dual-stack host names, and the variables that replace them. Pure:
 * what the environment says is passed in. Nothing about signing or credentials. */
#ifndef OD_VENDORS_AWS_H
#define OD_VENDORS_AWS_H

#include "operation/operation.h"

#pragma GCC visibility push(hidden)

/* Writes the address of a service for options { region, use_fips, use_dualstack }. Errors: validation (the partition has no
 * such address, or it is too long). */
od_status od__aws_url(const od_service *service, const od_value *options, char *out, size_t out_bytes, od_error *err);
/* Fits od_vendor's environment_url: AWS_ENDPOINT_URL_<id>, then AWS_ENDPOINT_URL, unless
 * AWS_IGNORE_CONFIGURED_ENDPOINT_URLS is true. Errors: validation (no address, or use_fips or use_dualstack beside it),
 * out_of_memory. */
od_status od__aws_environment_url(const od_service *service, const od_value *options,
                                  const char *(*get_env)(const char *name), const char **out, od_error *err);
/* Fits od_vendor's check_profile_url: no address, or use_fips or use_dualstack beside it, is a validation error. */
od_status od__aws_check_url(const char *name, const char *text, const od_value *options, od_error *err);
/* A rule of client options: no use_fips and use_dualstack beside an endpoint of one's own. */
od_status od__aws_rule_endpoint(od_value *options, const char *path, od_error *err);

#pragma GCC visibility pop

#endif
