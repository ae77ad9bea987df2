/* Whose rate a client's requests take from, and how much of it (R21). */
#include "client.h"

#include <string.h>

#include "base/error.h"
#include "base/join.h"

/* ---- whose ---- */

od_status od__client_account(const od_client *client, char out[OD_LIMIT_ACCOUNT_BYTES], od_error *err) {
    const char *(*get_env)(const char *) = client->engine->get_env;
    if (client->vendor->account == NULL) { /* nothing tells one from another: there is one */
        const char *const texts[] = { client->vendor->name, NULL };
        (void)od__join(out, OD_LIMIT_ACCOUNT_BYTES, texts);
        return OD_OK;
    }
    return client->vendor->account(client->options, get_env != NULL ? get_env : od__client_environment, out,
                                   OD_LIMIT_ACCOUNT_BYTES, err);
}

static od_status read_scope(const od_client *client, const char *account, char out[OD_LIMIT_RATE_SCOPE_BYTES],
                            od_error *err) {
    char scope[OD_LIMIT_ACCOUNT_BYTES];
    const char *const texts[] = { client->vendor->name, " ", client->vendor->rate_scope != NULL ? scope : account, NULL };
    od_status status = client->vendor->rate_scope != NULL
                           ? client->vendor->rate_scope(client->options, scope, sizeof(scope), err)
                           : OD_OK;
    if (status == OD_OK)
        (void)od__join(out, OD_LIMIT_RATE_SCOPE_BYTES, texts);
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
    const char *const texts[] = { scope, shared ? "" : " ", shared ? "" : operation->name, NULL };
    (void)od__join(out, OD_LIMIT_BUCKET_BYTES, texts);
    return OD_OK;
}

/* ---- how much ---- */

/* Of a rate that placements take from as well. Where both come out of one bucket, each gets what the other leaves, and only the
 * polls' part is bounded. The placements of a campaign come out of the store's, which polls do not see, and the other way
 * round: so there each has its part, and both together are the whole. */
#define POLLS_OF_ONE_BUCKET 0.5
#define POLLS_BESIDE_THE_STORE 0.25

static bool is_beside_the_store(const od_client *client) {
    return client->rate_shared_by > 0;
}

static int sharing(const od_client *client) {
    return client->rate_shared_by > 1 ? client->rate_shared_by : 1;
}

void od_client_share_rate(od_client *client, int clients) {
    client->rate_shared_by = clients > 1 ? clients : 1;
}

/* Whether an operation that rings, or one that does not, takes from the same bucket. */
static bool is_taken_from(const od_client *client, const od_operation *operation, bool by_one_that_rings) {
    bool found = false;
    for (const od_operation *other = client->vendor->operations; other->name != NULL; other++)
        found = found || (other->rings == by_one_that_rings && other->rate == operation->rate);
    return found;
}

double od__client_poll_share(const od_client *client, const od_operation *operation) {
    double part = !is_taken_from(client, operation, true) ? 1
                  : is_beside_the_store(client)           ? POLLS_BESIDE_THE_STORE
                                                          : POLLS_OF_ONE_BUCKET;
    return part / sharing(client);
}

static const od_rate *rate_of(const od_client *client, const od_operation *operation) {
    const od_client_plan *plan = &client->plan;
    return plan->rate_off ? NULL : plan->rate_given ? &plan->rate : operation->rate;
}

static bool is_polled(const od_client *client, const od_operation *operation) {
    const od_vendor *vendor = client->vendor;
    return (vendor->following != NULL || vendor->withdrawing != NULL) && is_taken_from(client, operation, false);
}

bool od__client_placing_rate(const od_client *client, const od_operation *operation, od_rate *out) {
    const od_rate *whole = rate_of(client, operation);
    if (whole == NULL)
        return false;
    *out = *whole;
    if (!is_beside_the_store(client) || !is_polled(client, operation))
        return true;
    const od_rate polls = od__rate_part(whole, od__client_poll_share(client, operation));
    out->per_second = whole->per_second * (1 - POLLS_BESIDE_THE_STORE);
    bool is_room = polls.burst < whole->burst / sharing(client);
    out->burst = is_room ? whole->burst - polls.burst * sharing(client) : 1;
    return true;
}
