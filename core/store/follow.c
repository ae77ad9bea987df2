/* Following what was sent: legs whose worker is gone find a new one, legs in doubt are looked up, legs handed off are taken
 * back when nobody may be called any more. Nothing here ever sends a call. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "store/campaign.h"
#include "store/contact.h"
#include "store/leg.h"
#include "store/owner.h"
#include "store/schema.h"
#include "store/tables.h"
#include "store/verbs.h"

#define LOOK_AGAIN_MS od__tunable("OUTDIAL_LOOK_AGAIN_MS", 300000) /* between two looks that found nothing */
#define WITHDRAW_AGAIN_MS od__tunable("OUTDIAL_WITHDRAW_AGAIN_MS", 60000)
#define NEXT_CALL_FAR_MS 120000 /* no withdrawal takes so long that it could meet the contact's next call */

typedef struct ids {
    int64_t list[OD_LIMIT_TAKE];
    size_t count;
} ids;

static od_status read_ids(od_query *query, ids *out) {
    out->count = 0;
    while (od__query_row(query) && out->count < OD_LIMIT_TAKE)
        out->list[out->count++] = od__query_integer(query, 0);
    return od__query_end(query);
}

/* Whose legs are asked for: of which campaign, and through which clients that this worker has (JSON; NULL: all). */
static od_status read_scope(od_work *work, const od_value *params, int64_t *campaign_id, char **clients, od_error *err) {
    *clients = NULL;
    od_status status = od__param_campaign(work, params, campaign_id, err);
    return status == OD_OK ? od__param_json(params, "clients", clients, err) : status;
}

static od_status nothing(od_status status, od_value **result, od_error *err) {
    od_maker maker;
    od__make(&maker, err);
    od__make_failed(&maker, status);
    return od__made(&maker, result);
}

/* ---- adopt ---- */

od_status od__verb_adopt(od_work *work, const od_value *params, od_value **result, od_error *err) {
    ids legs;
    char *clients = NULL;
    int64_t campaign_id = 0;
    od_query query;
    od_status status = read_scope(work, params, &campaign_id, &clients, err);
    if (status != OD_OK)
        return status;
    od__query(&query, work->database, err,
              "SELECT id FROM leg WHERE campaign_id = ?1 AND " OD_SCHEMA_SENT " AND state IN (2, 3) AND (follower_id IS NULL"
              "  OR NOT EXISTS (SELECT 1 FROM owner WHERE owner.id = follower_id AND owner.state = 'running'))"
              " AND (?2 IS NULL OR client IN (SELECT value FROM json_each(?2))) ORDER BY id LIMIT ?3",
              "iti", campaign_id, clients, od__param_integer(params, "limit", 100));
    status = read_ids(&query, &legs);
    for (size_t i = 0; i < legs.count && status == OD_OK; i++)
        status = od__execute(work->database, err, "UPDATE leg SET follower_id = ?2 WHERE id = ?1", "ii", legs.list[i],
                             work->core->owner->id);
    od_text_free(clients);
    return status == OD_OK ? od__leg_views(work, legs.list, legs.count, result, err) : status;
}

/* ---- doubts ---- */

od_status od__verb_looks(od_work *work, const od_value *params, od_value **result, od_error *err) {
    ids legs;
    char *clients = NULL;
    int64_t campaign_id = 0, next_ms = 0;
    od_query query;
    od_status status = read_scope(work, params, &campaign_id, &clients, err);
    if (status != OD_OK)
        return status;
    od__query(&query, work->database, err,
              "SELECT id FROM leg WHERE campaign_id = ?1 AND " OD_SCHEMA_SENT " AND state = 1 AND coalesce(look_ms, 0) <= ?2"
              " AND (?3 IS NULL OR client IN (SELECT value FROM json_each(?3))) ORDER BY look_ms, id LIMIT ?4",
              "iiti", campaign_id, work->wall_ms, clients, od__param_integer(params, "limit", 100));
    status = read_ids(&query, &legs);
    od_text_free(clients);
    /* Whoever looks, looks alone: another worker comes to it only later. */
    for (size_t i = 0; i < legs.count && status == OD_OK; i++)
        status = od__execute(work->database, err, "UPDATE leg SET look_ms = ?2 WHERE id = ?1", "ii", legs.list[i],
                             work->wall_ms + LOOK_AGAIN_MS);
    if (status == OD_OK) {
        od__query(&query, work->database, err,
                  "SELECT min(look_ms) FROM leg WHERE campaign_id = ?1 AND " OD_SCHEMA_SENT " AND state = 1 AND look_ms > ?2", "ii",
                  campaign_id, work->wall_ms);
        if (od__query_row(&query))
            next_ms = od__query_integer(&query, 0);
        status = od__query_end(&query);
    }
    if (status == OD_OK)
        status = od__leg_views(work, legs.list, legs.count, result, err);
    return status == OD_OK && next_ms > 0 ? od_value_set(*result, "next_ms", od_value_new_integer(next_ms), err) : status;
}

/* What a vendor has and will ring later is handed off: it ends only when the vendor shows that (R6). */
static od_status found(od_work *work, const od_leg_row *leg, const od_value *params, const char *call, od_error *err) {
    const char *state = od_value_string(od_value_get(od_value_get(params, "call"), "state"));
    int64_t to = state != NULL && strcmp(state, "handed_off") == 0 ? OD_LEG_handed_off : OD_LEG_placed;
    od_status status = od__leg_set(work, leg, to, call, NULL, NULL, err);
    if (status == OD_OK) /* whoever looked does not follow yet: see adopt */
        status = od__execute(work->database, err, "UPDATE leg SET follower_id = NULL WHERE id = ?1", "i", leg->id);
    if (status == OD_OK)
        status = od__execute(work->database, err,
                             "UPDATE contact SET state = 2, why = NULL, version = version + 1 WHERE id = ?1", "i",
                             leg->contact_id);
    return status == OD_OK ? od__leg_journal(work, leg, "found", NULL, NULL, call, err) : status;
}

/* A leg that cannot be looked up is asked for again as others are, for its client may be another by then; why it cannot is said
 * once for as long as that stays the same. */
static od_status cannot_look(od_work *work, const od_leg_row *leg, const char *why, od_error *err) {
    od_query query;
    bool is_said = false;
    od__query(&query, work->database, err,
              "SELECT data ->> 'text' IS ?3 FROM journal WHERE contact_id = ?1 AND leg_id = ?2 AND event = 'cannot_look'"
              " ORDER BY id DESC LIMIT 1", "iit", leg->contact_id, leg->id, why);
    if (od__query_row(&query))
        is_said = od__query_integer(&query, 0) != 0;
    od_status status = od__query_end(&query);
    return status == OD_OK && !is_said ? od__leg_journal(work, leg, "cannot_look", NULL, why, NULL, err) : status;
}

/* R5: a look that found nothing settles only if its sender can send no more, the vendor's delay has passed, and the look
 * before it said the same. */
static od_status not_found(od_work *work, const od_leg_row *leg, const od_value *params, od_error *err) {
    bool dead = false, cannot = od__param_is(params, "cannot");
    int64_t delay_ms = od__param_integer(params, "delay_ms", 600000), since_ms = 0;
    od_status status = od__owner_proven_dead(work, leg->owner_id, &dead, err);
    if (status == OD_OK) /* a jump of the clock makes no time pass */
        status = od__owner_clock_runs_since(work, &since_ms, err);
    if (status != OD_OK)
        return status;
    if (since_ms < leg->at_ms)
        since_ms = leg->at_ms;
    bool counts = !cannot && dead && work->wall_ms - since_ms >= delay_ms;
    if (!counts || leg->looks + 1 < 2) {
        status = od__execute(work->database, err,
                             "UPDATE leg SET looks = looks + ?2, look_ms = ?3, version = version + 1 WHERE id = ?1", "iii",
                             leg->id, (int64_t)counts, work->wall_ms + LOOK_AGAIN_MS);
        const char *why = od__param_text(params, "why");
        if (status != OD_OK)
            return status;
        return cannot ? cannot_look(work, leg, why, err) : od__leg_journal(work, leg, "looked", NULL, why, NULL, err);
    }
    const od_decision ready = { .state = OD_CONTACT_ready, .keeps_callback = true };
    status = od__leg_set(work, leg, OD_LEG_not_placed, NULL, NULL, "two looks found nothing", err);
    if (status == OD_OK)
        status = od__attempt_end(work, leg, false, NULL, NULL, NULL, work->wall_ms, err);
    if (status == OD_OK)
        status = od__contact_decide(work, leg->contact_id, -1, &ready, err);
    return status == OD_OK ? od__leg_journal(work, leg, "not_found", NULL, NULL, NULL, err) : status;
}

/* While its vendor was asked a person may have said what became of it. */
static od_status learn(od_work *work, const od_leg_row *leg, const od_value *params, const char *call, od_error *err) {
    bool is_found = od__param_is(params, "found");
    if (leg->state == OD_LEG_in_doubt && !is_found && od__param_integer(params, "version", leg->version) != leg->version)
        return od__error_set(err, OD_CONFLICT, "the leg was changed meanwhile: look at it again");
    if (leg->state == OD_LEG_in_doubt)
        return is_found ? found(work, leg, params, call, err) : not_found(work, leg, params, err);
    if (is_found && od__leg_counts_as_silent(leg))
        return od__leg_second_ring(work, leg, call, err);
    return od__error_set(err, OD_CONFLICT, "the leg is %s by now", od__leg_state_name(leg->state));
}

od_status od__verb_looked(od_work *work, const od_value *params, od_value **result, od_error *err) {
    od_leg_row leg;
    char *call = NULL;
    od_status status = od__leg_read(work, od__param_integer(params, "leg", 0), &leg, err);
    if (status == OD_OK)
        status = od__param_json(params, "call", &call, err);
    if (status == OD_OK)
        status = learn(work, &leg, params, call, err);
    od_text_free(call);
    if (status == OD_OK)
        status = od__leg_read(work, leg.id, &leg, err);
    if (status != OD_OK)
        return status;
    od_maker maker;
    od__make(&maker, err);
    od__make_text(&maker, "state", od__leg_state_name(leg.state));
    return od__made(&maker, result);
}

od_status od__leg_write_off(od_work *work, const od_leg_row *leg, const char *by, const char *why, od_error *err) {
    if (leg->state != OD_LEG_in_doubt)
        return od__error_set(err, OD_CONFLICT, "the leg is %s: only one in doubt is written off",
                             od__leg_state_name(leg->state));
    const od_decision done = { .state = OD_CONTACT_done, .why = "written_off" };
    char *request = NULL; /* its vendor may have it and call later, for all that is known */
    od_status status = od__leg_read_request(work, leg->id, true, &request, err);
    if (status == OD_OK)
        status = od__leg_set(work, leg, OD_LEG_written_off, NULL, NULL, why, err);
    if (status == OD_OK && request != NULL)
        status = od__leg_keep_open(work, leg, request, err);
    od__free(request);
    if (status == OD_OK)
        status = od__attempt_end(work, leg, true, "unreported", "unknown", NULL, work->wall_ms, err);
    if (status == OD_OK)
        status = od__contact_decide(work, leg->contact_id, -1, &done, err);
    return status == OD_OK ? od__leg_journal(work, leg, "written_off", by, why, NULL, err) : status;
}

od_status od__verb_write_off(od_work *work, const od_value *params, od_value **result, od_error *err) {
    od_leg_row leg;
    od_status status = od__leg_read(work, od__param_integer(params, "leg", 0), &leg, err);
    if (status == OD_OK)
        status = od__leg_write_off(work, &leg, NULL, od__param_text(params, "why"), err);
    return nothing(status, result, err);
}

/* ---- withdrawals (R6) ----
 *
 * Also of calls that have an outcome and may be made again by their vendor, and of those that were given up and may yet be
 * made: their leg is ended, or written off, and its row still open. They are taken back once the campaign is done with the
 * contact, or calls nobody at the time, or calls the contact again only later: else the vendor would be first. Whoever takes
 * one back follows it: what that worker leaves when it is gone, under way or failed, is for the next one at once. */

/* Those that a worker follows as handed off or tries to take back, and that are neither any more: a person has said what
 * became of them. */
static od_status read_settled(od_work *work, const od_value *params, ids *out, od_error *err) {
    char *followed = NULL;
    od_status status = od__param_json(params, "followed", &followed, err);
    out->count = 0;
    if (status != OD_OK || followed == NULL)
        return status;
    od_query query;
    od__query(&query, work->database, err,
              "SELECT value FROM json_each(?1) WHERE NOT EXISTS (SELECT 1 FROM leg WHERE id = value"
              " AND (state = 2 OR (open = 1 AND " OD_LEG_MAY_LIVE_ON ")))", "t", followed);
    status = read_ids(&query, out);
    od_text_free(followed);
    return status;
}

static od_status add_settled(od_work *work, const od_value *params, od_value *result, od_error *err) {
    ids settled;
    od_status status = read_settled(work, params, &settled, err);
    od_value *list = status == OD_OK ? od_value_new_array() : NULL;
    if (status == OD_OK && list == NULL)
        return od__error_no_memory(err);
    for (size_t i = 0; i < settled.count && status == OD_OK; i++)
        status = od_value_add(list, od_value_new_integer(settled.list[i]), err);
    if (status == OD_OK)
        return od_value_set(result, "settled", list, err);
    od_value_unref(list);
    return status;
}

od_status od__verb_withdrawals(od_work *work, const od_value *params, od_value **result, od_error *err) {
    ids legs;
    char *clients = NULL;
    int64_t campaign_id = 0;
    od_query query;
    od_status status = read_scope(work, params, &campaign_id, &clients, err);
    if (status != OD_OK)
        return status;
    od__query(&query, work->database, err,
              "SELECT l.id FROM leg l JOIN campaign k ON k.id = l.campaign_id JOIN attempt a ON a.id = l.attempt_id"
              " JOIN contact c ON c.id = l.contact_id WHERE l.campaign_id = ?1 AND l.open = 1 AND l.state <> 0"
              " AND l.state IN (2, " OD_LEG_LIVING_STATES ") AND (l.state = 2 OR ?5 = 1)"
              " AND (?2 IS NULL OR l.client IN (SELECT value FROM json_each(?2)))"
              " AND (l.withdrawal IS NULL OR (l.withdrawal LIKE 'again:%' AND l.look_ms <= ?3)"
              "  OR (l.state <> 2 AND l.follower_id IS NULL))"
              " AND (k.state <> 'running' OR c.wish IS NOT NULL"
              "  OR CASE l.state WHEN 2 THEN l.until_ms <= ?3 ELSE c.state > 2 OR (c.state = 1 AND c.due_ms > ?3 + ?6) END"
              "  OR EXISTS (SELECT 1 FROM listed WHERE number = a.number AND lifted_ms IS NULL)"
              "  OR EXISTS (SELECT 1 FROM json_each(" OD_SCHEMA_LIST("c.numbers") ") j JOIN listed d ON d.number = j.value ->> 1"
              "   AND d.lifted_ms IS NULL)"
              "  OR EXISTS (SELECT 1 FROM contact o, json_each(" OD_SCHEMA_LIST("o.numbers") ") j JOIN listed d ON d.number = j.value ->> 1"
              "   AND d.lifted_ms IS NULL WHERE o.person = c.person)) ORDER BY l.id LIMIT ?4",
              "itiiii", campaign_id, clients, work->wall_ms, od__param_integer(params, "limit", 100),
              (int64_t)od__param_is(params, "living_on"),
              (int64_t)NEXT_CALL_FAR_MS);
    status = read_ids(&query, &legs);
    od_text_free(clients);
    for (size_t i = 0; i < legs.count && status == OD_OK; i++)
        status = od__execute(work->database, err,
                             "UPDATE leg SET withdrawal = 'again: under way', look_ms = ?2, follower_id = CASE state WHEN 2 THEN"
                             " follower_id ELSE ?3 END WHERE id = ?1", "iii", legs.list[i], work->wall_ms + WITHDRAW_AGAIN_MS,
                             work->core->owner->id);
    if (status == OD_OK)
        status = od__leg_views(work, legs.list, legs.count, result, err);
    return status == OD_OK ? add_settled(work, params, *result, err) : status;
}

/* A record that was taken back rang nobody: the attempt is given back, and the contact waits for its campaign. */
static od_status withdrawn(od_work *work, const od_leg_row *leg, od_error *err) {
    const od_decision ready = { .state = OD_CONTACT_ready, .keeps_callback = true };
    od_status status = od__leg_set(work, leg, OD_LEG_not_placed, NULL, NULL, "withdrawn", err);
    if (status == OD_OK)
        status = od__attempt_end(work, leg, false, "canceled", "no", NULL, work->wall_ms, err);
    if (status == OD_OK)
        status = od__contact_decide(work, leg->contact_id, -1, &ready, err);
    return status == OD_OK ? od__leg_journal(work, leg, "withdrawn", NULL, NULL, NULL, err) : status;
}

/* Its vendor calls no more because of a leg that had its outcome. */
static od_status closed(od_work *work, const od_leg_row *leg, od_error *err) {
    od_status status = od__execute(work->database, err, "UPDATE leg SET open = 0, withdrawal = NULL, follower_id = NULL,"
                                   " request = NULL WHERE id = ?1", "i", leg->id);
    return status == OD_OK ? od__leg_journal(work, leg, "withdrawn", NULL, NULL, NULL, err) : status;
}

od_status od__leg_lives_on(od_work *work, const od_leg_row *leg, bool *lives_on, od_error *err) {
    od_query query;
    *lives_on = false;
    od__query(&query, work->database, err, "SELECT 1 FROM leg WHERE id = ?1 AND open = 1 AND " OD_LEG_MAY_LIVE_ON, "i", leg->id);
    if (od__query_row(&query))
        *lives_on = true;
    return od__query_end(&query);
}

static od_status not_withdrawn(od_work *work, const od_leg_row *leg, const od_value *params, od_error *err) {
    const char *why = od__param_text(params, "why");
    bool again = od__param_is(params, "again");
    od_status status = od__execute(work->database, err, "UPDATE leg SET withdrawal = CASE ?3 WHEN 1 THEN 'again: ' || ?2 ELSE"
                                   " 'failed: ' || ?2 END WHERE id = ?1", "iti", leg->id, why != NULL ? why : "", (int64_t)again);
    /* Of what was given up no more is to be known either: nobody can settle it, and it is told of. */
    if (status == OD_OK && !again && leg->state == OD_LEG_written_off)
        status = od__execute(work->database, err, "UPDATE leg SET open = 0, request = NULL WHERE id = ?1", "i", leg->id);
    return status == OD_OK ? od__leg_journal(work, leg, "withdrawal_failed", NULL, why, NULL, err) : status;
}

od_status od__verb_withdrawn(od_work *work, const od_value *params, od_value **result, od_error *err) {
    od_leg_row leg;
    bool lives_on = false;
    od_status status = od__leg_read(work, od__param_integer(params, "leg", 0), &leg, err);
    if (status == OD_OK)
        status = od__leg_lives_on(work, &leg, &lives_on, err);
    if (status == OD_OK && leg.state != OD_LEG_handed_off && !lives_on)
        status = od__error_set(err, OD_CONFLICT, "the leg is %s by now", od__leg_state_name(leg.state));
    if (status == OD_OK && !od__param_is(params, "done"))
        status = not_withdrawn(work, &leg, params, err);
    else if (status == OD_OK)
        status = lives_on ? closed(work, &leg, err) : withdrawn(work, &leg, err);
    if (status == OD_OK)
        status = od__leg_read(work, leg.id, &leg, err);
    if (status != OD_OK)
        return status;
    od_maker maker;
    od__make(&maker, err);
    od__make_text(&maker, "state", od__leg_state_name(leg.state));
    return od__made(&maker, result);
}
