/* Whose rate a client's requests take from, and how much of it (R21). */
#include "client.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"

/* ---- whose ---- */

od_status od__client_account(const od_client *client, char out[OD_LIMIT_ACCOUNT_BYTES], od_error *err) {
    const char *(*get_env)(const char *) = client->engine->get_env;
    out[0] = '\0';
    if (client->vendor->account == NULL)
        return OD_OK;
    return client->vendor->account(client->options, get_env != NULL ? get_env : od__client_environment, out,
                                   OD_LIMIT_ACCOUNT_BYTES, err);
}

static od_status read_scope(const od_client *client, const char *account, char out[OD_LIMIT_RATE_SCOPE_BYTES],
                            od_error *err) {
    char scope[OD_LIMIT_ACCOUNT_BYTES];
    snprintf(scope, sizeof(scope), "%s", account);
    od_status status = client->vendor->rate_scope != NULL
                           ? client->vendor->rate_scope(client->options, scope, sizeof(scope), err)
                           : OD_OK;
    snprintf(out, OD_LIMIT_RATE_SCOPE_BYTES, "%s %s", client->vendor->name, scope);
    return status;
}

od_status od_client_rate_scope(const od_client *client, char *out, size_t out_bytes, od_error *err) {
    char account[OD_LIMIT_ACCOUNT_BYTES], scope[OD_LIMIT_RATE_SCOPE_BYTES];
    od_status status = od__client_account(client, account, err);
    if (status == OD_OK)
        status = read_scope(client, account, scope, err);
    if (status == OD_OK && strlen(scope) >= out_bytes)
        status = od__error_set(err, OD_VALIDATION, "the account's name is longer than %zu bytes", out_bytes - 1);
    if (status == OD_OK)
        memcpy(out, scope, strlen(scope) + 1);
    return status;
}

/* Operations that share a rate share its bucket; one with a rate of its own has a bucket of its own. */
static bool shares_rate(const od_vendor *vendor, const od_operation *operation) {
    size_t count = 0;
    for (const od_operation *other = vendor->operations; other->name != NULL; other++)
        count += other->rate == operation->rate;
    return operation->rate == NULL || count > 1;
}

od_status od__client_bucket(const od_client *client, const od_operation *operation, const char *account,
                            char out[OD_LIMIT_BUCKET_BYTES], od_error *err) {
    char scope[OD_LIMIT_RATE_SCOPE_BYTES];
    od_status status = read_scope(client, account, scope, err);
    if (status != OD_OK)
        return status;
    bool shared = shares_rate(client->vendor, operation);
    snprintf(out, OD_LIMIT_BUCKET_BYTES, "%s%s%s", scope, shared ? "" : " ", shared ? "" : operation->name);
    return OD_OK;
}

/* ---- how much ---- */

const od_rate *od__client_rate(const od_client *client, const od_operation *operation) {
    const od_client_plan *plan = &client->plan;
    return plan->rate_off ? NULL : plan->rate_given ? &plan->rate : operation->rate;
}

void od_client_share_rate(od_client *client, int clients) {
    client->rate_shared_by = clients > 1 ? clients : 1;
}

double od__client_poll_share(const od_client *client, const od_operation *operation) {
    bool shared = false;
    for (const od_operation *other = client->vendor->operations; other->name != NULL; other++)
        shared = shared || (other->rings && other->rate == operation->rate);
    return (shared ? 0.5 : 1) / client->rate_shared_by;
}
