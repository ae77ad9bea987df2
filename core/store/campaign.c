#include "store/campaign.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "store/contact.h"
#include "store/journal.h"
#include "store/lists.h"
#include "store/owner.h"
#include "store/tables.h"
#include "store/verbs.h"

od_status od__campaign_read(od_work *work, int64_t id, od_campaign_row *out, od_error *err) {
    if (work->campaign.id != 0 && work->campaign.id == id) {
        *out = work->campaign;
        return OD_OK;
    }
    *out = (od_campaign_row){ .id = id };
    od_query query;
    od_status status = OD_OK;
    bool found = false;
    od__campaign_forget(work); /* its ruleset may give way to this one's */
    od__query(&query, work->database, err,
              "SELECT state, coalesce(why, ''), coalesce(subject, ''), coalesce(max_open, -1), coalesce(max_handed_off, -1),"
              " revision, list IS NOT NULL, ruleset, name FROM campaign WHERE id = ?1", "i", id);
    if (od__query_row(&query)) {
        found = true;
        snprintf(out->state, sizeof(out->state), "%s", od__query_text(&query, 0));
        const char *why = od__query_text(&query, 1); /* may be longer than is shown of it */
        od__error_clean(out->why, sizeof(out->why), why, strlen(why));
        snprintf(out->subject, sizeof(out->subject), "%s", od__query_text(&query, 2));
        out->max_open = od__query_integer(&query, 3);
        out->max_handed_off = od__query_integer(&query, 4);
        out->revision = od__query_integer(&query, 5);
        out->has_list = od__query_integer(&query, 6) != 0;
        snprintf(out->name, sizeof(out->name), "%s", od__query_text(&query, 8));
        out->running = strcmp(out->state, "running") == 0;
        status = od__rulebook_get(work, id, out->revision, od__query_text(&query, 7), &out->ruleset, err);
    }
    od_status ended = od__query_end(&query);
    if (status == OD_OK)
        status = ended;
    if (status == OD_OK && !found)
        status = od__error_set(err, OD_NOT_FOUND, "there is no such campaign");
    if (status == OD_OK)
        work->campaign = *out;
    return status;
}

void od__campaign_forget(od_work *work) {
    work->campaign.id = 0;
}

od_status od__campaign_id(od_work *work, const char *name, int64_t *out, od_error *err) {
    od_query query;
    *out = 0;
    od__query(&query, work->database, err, "SELECT id FROM campaign WHERE name = ?1", "t", name);
    if (od__query_row(&query))
        *out = od__query_integer(&query, 0);
    od_status status = od__query_end(&query);
    if (status == OD_OK && *out == 0)
        return od__error_set(err, OD_NOT_FOUND, "there is no campaign \"%s\"", name);
    return status;
}

od_status od__param_campaign(od_work *work, const od_value *params, int64_t *out, od_error *err) {
    const char *name = od__param_text(params, "campaign");
    if (name != NULL)
        return od__campaign_id(work, name, out, err);
    *out = od__param_integer(params, "campaign", 0);
    return OD_OK;
}

od_status od__campaign_set(od_work *work, int64_t id, const char *state, const char *why, const char *by, od_error *err) {
    od__campaign_forget(work);
    od_status status = od__execute(work->database, err,
                                   "UPDATE campaign SET state = ?2, why = ?3, by_whom = ?4 WHERE id = ?1", "ittt", id, state,
                                   why, by);
    if (status != OD_OK)
        return status;
    const od_entry entry = { .campaign_id = id, .event = state, .by = by, .text = why };
    return od__journal(work, &entry, err);
}

/* ---- verbs ---- */

/* A new ruleset or script is a new revision: attempts keep the one they were decided under in their journal. */
static od_status write_campaign(od_work *work, const od_value *params, const char *ruleset, const char *list, od_error *err) {
    od__campaign_forget(work);
    return od__execute(
        work->database, err,
        "INSERT INTO campaign(name, state, subject, max_open, max_handed_off, ruleset, script, revision, list, created_ms)"
        " VALUES(?1, 'running', ?2, nullif(?3, -1), nullif(?4, -1), ?5, ?6, 1, ?7, ?8)"
        " ON CONFLICT(name) DO UPDATE SET subject = excluded.subject, max_open = excluded.max_open,"
        " max_handed_off = excluded.max_handed_off, list = excluded.list, ruleset = excluded.ruleset,"
        " script = excluded.script, revision = revision + (ruleset <> excluded.ruleset OR script <> excluded.script)",
        "ttiittti", od__param_text(params, "name"), od__param_text(params, "subject"),
        od__param_integer(params, "max_open", -1), od__param_integer(params, "max_handed_off", -1), ruleset,
        od__param_text(params, "script"), list, work->wall_ms);
}

/* Who was held behind somebody else's doubt gets another look with each run. */
static od_status let_fenced_try(od_work *work, int64_t id, od_error *err) {
    return od__execute(work->database, err,
                       "UPDATE contact SET state = 0, why = NULL, due_ms = 0, version = version + 1 WHERE campaign_id = ?1"
                       " AND state = 3 AND why IN ('person_open', 'number_open') AND " OD_SCHEMA_RESTS, "i", id);
}

/* Whom an older revision did not want to call, or could not, is decided about anew by another one. */
static od_status let_blocked_try(od_work *work, int64_t id, od_error *err) {
    return od__execute(work->database, err,
                       "UPDATE contact SET state = 0, why = NULL, due_ms = 0, version = version + 1 WHERE campaign_id = ?1"
                       " AND state = 4 AND " OD_SCHEMA_RESTS, "i", id);
}

static od_status read_revision(od_work *work, const char *name, int64_t *out, od_error *err) {
    od_query query;
    *out = 0;
    od__query(&query, work->database, err, "SELECT revision FROM campaign WHERE name = ?1", "t", name);
    if (od__query_row(&query))
        *out = od__query_integer(&query, 0);
    return od__query_end(&query);
}

/* A worker that says what its campaign is runs it: reports tell. */
static od_status note_worker(od_work *work, int64_t id, od_error *err) {
    const od_owner *me = work->core->owner;
    return me == NULL ? OD_OK
                      : od__execute(work->database, err, "UPDATE owner SET campaign_id = ?2 WHERE id = ?1", "ii", me->id, id);
}

static od_status journal_revision(od_work *work, int64_t id, int64_t revision, od_error *err) {
    return od__journal_execute(work, err,
                       "INSERT INTO journal(at_ms, campaign_id, event, data) SELECT ?2, id, 'revision', json_object('revision',"
                       " revision, 'script', script, 'ruleset', json(ruleset)) FROM campaign WHERE id = ?1 AND NOT EXISTS"
                       " (SELECT 1 FROM journal WHERE campaign_id = ?1 AND contact_id IS NULL AND event = 'revision'"
                       " AND data ->> 'revision' = ?3)", "iii", id, work->wall_ms, revision);
}

/* What does not keep a campaign from starting, and should be seen (R16). */
static od_status warn(od_work *work, const od_value *list, od_maker *maker, od_error *err) {
    char text[512] = "no do_not_call list is named: nobody is left out for having asked not to be called";
    od_status status = list != NULL ? od__list_check_age(work, od__param_text(list, "path"), text, sizeof(text), err) : OD_OK;
    if (status != OD_OK || text[0] == '\0')
        return status;
    od_value *warnings = od_value_new_array();
    if (warnings == NULL)
        return od__error_no_memory(err);
    status = od_value_add(warnings, od_value_new_string(text), err);
    od__make_value(maker, "warnings", warnings);
    return status;
}

od_status od__verb_campaign(od_work *work, const od_value *params, od_value **result, od_error *err) {
    od_zones *zones;
    od_ruleset *compiled = NULL;
    char *ruleset = NULL, *list = NULL;
    od_campaign_row row = { 0 };
    int64_t id = 0, revision_before = 0;
    od_status status = od__rulebook_zones(work, &zones, err);
    if (status == OD_OK)
        status = od__ruleset_new(od_value_get(params, "ruleset"), zones, &compiled, err);
    od__ruleset_free(compiled); /* it is good; the rulebook compiles it when it is asked for */
    if (status == OD_OK)
        status = od__param_json(params, "ruleset", &ruleset, err);
    if (status == OD_OK)
        status = od__param_json(params, "do_not_call", &list, err);
    if (status == OD_OK)
        status = read_revision(work, od__param_text(params, "name"), &revision_before, err);
    if (status == OD_OK)
        status = write_campaign(work, params, ruleset, list, err);
    if (status == OD_OK)
        status = od__campaign_id(work, od__param_text(params, "name"), &id, err);
    if (status == OD_OK)
        status = let_fenced_try(work, id, err);
    if (status == OD_OK)
        status = note_worker(work, id, err);
    if (status == OD_OK)
        status = od__campaign_read(work, id, &row, err);
    if (status == OD_OK)
        status = journal_revision(work, id, row.revision, err);
    if (status == OD_OK && row.revision != revision_before)
        status = let_blocked_try(work, id, err);
    if (status == OD_OK && list != NULL)
        status = od__list_load(work, od_value_get(params, "do_not_call"), err);
    od_text_free(ruleset);
    od_text_free(list);
    if (status != OD_OK)
        return status;
    od_maker maker;
    od__make(&maker, err);
    od__make_integer(&maker, "campaign", id);
    od__make_text(&maker, "state", row.state);
    od__make_text(&maker, "why", row.why[0] != '\0' ? row.why : NULL);
    od__make_integer(&maker, "revision", row.revision);
    od__make_failed(&maker, warn(work, od_value_get(params, "do_not_call"), &maker, err));
    return od__made(&maker, result);
}

od_status od__verb_campaign_set(od_work *work, const od_value *params, od_value **result, od_error *err) {
    int64_t id;
    od_campaign_row row;
    od_status status = od__param_campaign(work, params, &id, err);
    if (status == OD_OK)
        status = od__campaign_read(work, id, &row, err);
    if (status == OD_OK)
        status = od__campaign_set(work, id, od__param_text(params, "state"), od__param_text(params, "why"),
                                  od__param_text(params, "by"), err);
    if (status != OD_OK)
        return status;
    od_maker maker;
    od__make(&maker, err);
    od__make_text(&maker, "state", od__param_text(params, "state"));
    od__make_text(&maker, "before", row.state);
    return od__made(&maker, result);
}

static od_status find_noted(od_work *work, const od_value *params, int64_t *contact_id, od_error *err) {
    od_contact_row contact;
    const char *id = od__param_text(params, "id");
    *contact_id = od__param_integer(params, "contact", 0);
    if (id == NULL)
        return OD_OK;
    od_status status = od__contact_find(work, od__param_text(params, "campaign"), id, &contact, err);
    *contact_id = contact.id;
    od__contact_clear(&contact);
    return status;
}

od_status od__verb_note(od_work *work, const od_value *params, od_value **result, od_error *err) {
    od_entry entry = { .event = od__param_text(params, "event"), .by = od__param_text(params, "by") };
    char *data = NULL;
    od_status status = od__param_campaign(work, params, &entry.campaign_id, err);
    if (status == OD_OK)
        status = find_noted(work, params, &entry.contact_id, err);
    if (status == OD_OK)
        status = od__param_json(params, "data", &data, err);
    entry.data = data;
    if (status == OD_OK)
        status = od__journal(work, &entry, err);
    od_text_free(data);
    od_maker maker;
    od__make(&maker, err);
    od__make_failed(&maker, status);
    return od__made(&maker, result);
}
