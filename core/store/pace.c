#include "store/pace.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "store/schema.h"
#include "store/tables.h"
#include "transport/transport.h"

static od_status count_one(od_query *query, int64_t *out) {
    *out = 0;
    if (od__query_row(query))
        *out = od__query_integer(query, 0);
    return od__query_end(query);
}

static void refuse(od_pace *out, const char *rule, int64_t open, int64_t limit) {
    out->refused = rule;
    snprintf(out->saw, sizeof(out->saw), "%" PRId64 " open, limit %" PRId64, open, limit);
}

/* ---- how many are open ---- */

static bool is_campaign(const od_work *work, int64_t campaign_id) {
    return work->open.campaign_id != 0 && work->open.campaign_id == campaign_id;
}

static bool is_client(const od_work *work, const char *account, const char *client) {
    return work->open.client[0] != '\0' && strcmp(work->open.client, client) == 0 && strcmp(work->open.account, account) == 0;
}

static void add(od_work *work, int64_t campaign_id, const char *account, const char *client, int step) {
    if (is_campaign(work, campaign_id))
        work->open.of_campaign += step;
    if (is_client(work, account, client))
        work->open.of_client += step;
}

static bool takes_place(const od_work *work, int64_t state, int64_t at_ms) {
    return state == OD_LEG_intent || state == OD_LEG_placed ||
           (state == OD_LEG_in_doubt && at_ms > work->wall_ms - OD_DOUBT_TAKES_PLACE_MS);
}

void od__pace_entered(od_work *work, int64_t campaign_id, const char *account, const char *client) {
    add(work, campaign_id, account, client, 1);
}

void od__pace_moved(od_work *work, const od_leg_row *leg, int64_t to) {
    int step = (int)takes_place(work, to, leg->at_ms) - (int)takes_place(work, leg->state, leg->at_ms);
    add(work, leg->campaign_id, leg->account, leg->client, step);
}

void od__pace_forget(od_work *work) {
    work->open = (od_open_counts){ 0 };
}

static od_status count_campaign(od_work *work, int64_t campaign_id, int64_t *out, od_error *err) {
    od_status status = OD_OK;
    if (!is_campaign(work, campaign_id)) {
        od_query query;
        work->open.campaign_id = 0;
        od__query(&query, work->database, err,
                  "SELECT (SELECT count(*) FROM leg WHERE state = 0 AND campaign_id = ?1)"
                  " + (SELECT count(*) FROM leg WHERE " OD_SCHEMA_SENT " AND state = 3 AND campaign_id = ?1)"
                  " + (SELECT count(*) FROM leg WHERE " OD_SCHEMA_SENT " AND state = 1 AND campaign_id = ?1 AND at_ms > ?2)",
                  "ii", campaign_id, work->wall_ms - OD_DOUBT_TAKES_PLACE_MS);
        status = count_one(&query, &work->open.of_campaign);
        if (status == OD_OK)
            work->open.campaign_id = campaign_id;
    }
    *out = work->open.of_campaign;
    return status;
}

/* Campaigns are few, and an index has their legs apart: that of each is entered where the client's begin. */
#define ANY_CAMPAIGN "campaign_id IN (SELECT id FROM campaign)"

static od_status count_client(od_work *work, const char *account, const char *client, int64_t *out, od_error *err) {
    od_status status = OD_OK;
    if (!is_client(work, account, client)) {
        od_query query;
        work->open.client[0] = '\0';
        od__query(&query, work->database, err,
                  "SELECT (SELECT count(*) FROM leg WHERE state = 0 AND account = ?1 AND client = ?2)"
                  " + (SELECT count(*) FROM leg WHERE " OD_SCHEMA_SENT " AND state = 3 AND " ANY_CAMPAIGN " AND account = ?1 AND client = ?2)"
                  " + (SELECT count(*) FROM leg WHERE " OD_SCHEMA_SENT " AND state = 1 AND " ANY_CAMPAIGN " AND account = ?1 AND client = ?2"
                  "  AND at_ms > ?3)",
                  "tti", account, client, work->wall_ms - OD_DOUBT_TAKES_PLACE_MS);
        status = count_one(&query, &work->open.of_client);
        if (status == OD_OK && strlen(account) < OD_LIMIT_LEG_ACCOUNT_BYTES && strlen(client) < OD_LIMIT_NAME_BYTES) {
            memcpy(work->open.account, account, strlen(account) + 1);
            memcpy(work->open.client, client, strlen(client) + 1);
        }
    }
    *out = work->open.of_client;
    return status;
}

/* ---- limits ---- */

/* Those that are meant count as well: they are with the vendor in a moment. Which these are is read from each, and so only
 * where all that are open might be too many. */
static od_status count_handed_off(od_work *work, const od_campaign_row *campaign, int64_t *out, od_error *err) {
    int64_t open = 0, meant = 0;
    od_query query;
    od__query(&query, work->database, err, "SELECT count(*) FROM leg WHERE campaign_id = ?1 AND " OD_SCHEMA_SENT " AND state = 2",
              "i", campaign->id);
    od_status status = count_one(&query, out);
    if (status == OD_OK && *out < campaign->max_handed_off)
        status = count_campaign(work, campaign->id, &open, err);
    if (status != OD_OK || *out + open < campaign->max_handed_off || *out >= campaign->max_handed_off)
        return status;
    od__query(&query, work->database, err, "SELECT count(*) FROM leg WHERE campaign_id = ?1 AND state = 0 AND " OD_LEG_HANDS_OFF,
              "i", campaign->id);
    status = count_one(&query, &meant);
    *out += meant;
    return status;
}

static od_status check_campaign(od_work *work, const od_campaign_row *campaign, bool hands_off, od_pace *out, od_error *err) {
    int64_t count;
    if (campaign->max_open >= 0) {
        od_status status = count_campaign(work, campaign->id, &count, err);
        if (status != OD_OK)
            return status;
        if (count >= campaign->max_open) {
            refuse(out, "max_open", count, campaign->max_open);
            return OD_OK;
        }
    }
    if (campaign->max_handed_off >= 0 && hands_off) {
        od_status status = count_handed_off(work, campaign, &count, err);
        if (status != OD_OK)
            return status;
        if (count >= campaign->max_handed_off)
            refuse(out, "max_handed_off", count, campaign->max_handed_off);
    }
    return OD_OK;
}

static od_status check_client(od_work *work, const od_value *params, od_pace *out, od_error *err) {
    const char *account = od__param_text(od_value_get(params, "call"), "account"), *client = od__param_text(params, "client");
    const char *seat = od__param_text(params, "seat");
    int64_t limit = od__param_integer(params, "client_max_open", -1), count;
    od_query query;
    if (limit >= 0) {
        od_status status = count_client(work, account, client, &count, err);
        if (status != OD_OK)
            return status;
        if (count >= limit) {
            refuse(out, "client_max_open", count, limit);
            return OD_OK;
        }
    }
    if (seat == NULL)
        return OD_OK;
    limit = od__param_integer(params, "per_seat", 1); /* whatever campaigns call their clients, the device or agent is the same */
    od__query(&query, work->database, err,
              "SELECT count(*) FROM leg WHERE account = ?1 AND seat = ?2 AND open = 1 AND (state <> 1 OR at_ms > ?3)",
              "tti", account, seat, work->wall_ms - OD_DOUBT_TAKES_PLACE_MS);
    od_status status = count_one(&query, &count);
    if (status == OD_OK && count >= limit)
        refuse(out, "seat", count, limit);
    return status;
}

od_status od__pace_check(od_work *work, const od_campaign_row *campaign, const od_value *params, od_pace *out,
                         od_error *err) {
    *out = (od_pace){ .send_at_ms = work->now_ms };
    od_status status = check_campaign(work, campaign, od__param_is(od_value_get(params, "call"), "hands_off"), out, err);
    if (status == OD_OK && out->refused == NULL)
        status = check_client(work, params, out, err);
    return status;
}

od_status od__pace_book(od_work *work, const od_value *rate, od_pace *out, od_error *err) {
    out->send_at_ms = work->now_ms;
    if (rate == NULL)
        return OD_OK;
    const char *bucket = od__param_text(rate, "bucket");
    const od_rate limit = { .per_second = od_value_number(od_value_get(rate, "per_second")),
                            .burst = (int)od__param_integer(rate, "burst", 1) };
    int64_t full_us = 0;
    od_query query;
    od__query(&query, work->database, err, "SELECT full_boot_us FROM bucket WHERE key = ?1", "t", bucket);
    if (od__query_row(&query))
        full_us = od__query_integer(&query, 0);
    od_status status = od__query_end(&query);
    if (status != OD_OK)
        return status;
    int64_t go_ms = (od__gcra_take(&full_us, &limit, work->now_ms * 1000) + 999) / 1000;
    if (go_ms - work->now_ms > OD_LIMIT_AHEAD_MS) {
        out->refused = "rate";
        out->wait_ms = go_ms - work->now_ms - OD_LIMIT_AHEAD_MS;
        snprintf(out->saw, sizeof(out->saw), "the next slot of %.80s is %" PRId64 " ms away", bucket, go_ms - work->now_ms);
        return OD_OK;
    }
    out->send_at_ms = go_ms;
    return od__execute(work->database, err,
                       "INSERT INTO bucket(key, full_boot_us) VALUES(?1, ?2) ON CONFLICT(key) DO UPDATE SET full_boot_us ="
                       " excluded.full_boot_us", "ti", bucket, full_us);
}
