/* Until when a contact may be called now, for a vendor that rings later: the limits go into the request, so they are asked
 * for before the intent, which judges everything again (R6). */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "store/campaign.h"
#include "store/contact.h"
#include "store/judging.h"
#include "store/numbers.h"
#include "store/verbs.h"

static od_status judge(od_work *work, const od_contact_row *contact, const char *number, const char *country,
                       const od_value *params, od_judgement *out, od_error *err) {
    od_campaign_row campaign;
    od_zones *zones = NULL;
    od_gathered *gathered = NULL;
    od_status status = od__gathered(work, &gathered, NULL, err);
    if (status == OD_OK)
        status = od__campaign_read(work, contact->campaign_id, &campaign, err);
    if (status == OD_OK)
        status = od__rulebook_zones(work, &zones, err);
    if (status == OD_OK) {
        od_subject_row row = od__subject_of(contact, &campaign, number, country);
        row.attempt_id = od__param_integer(params, "attempt", 0);
        row.is_callback = od__param_is(params, "callback") && contact->callback_ms > 0;
        status = od__gather(work, campaign.ruleset, &row, gathered, err);
    }
    if (status == OD_OK)
        status = od__rules_judge(campaign.ruleset, zones, &gathered->facts, work->wall_ms, out, NULL, err);
    return status;
}

/* The zone to tell the vendor: the contact's first, else the only one of its number's country; NULL: neither. */
static od_status zone_of(od_work *work, const od_contact_row *contact, const char *country, char out[OD_LIMIT_ZONE_NAME_BYTES],
                         od_error *err) {
    const char *const *names = NULL;
    size_t count = 0, length = contact->zones != NULL ? strcspn(contact->zones, ";") : 0;
    od_zones *zones = NULL;
    out[0] = '\0';
    if (length > 0 && length < OD_LIMIT_ZONE_NAME_BYTES) {
        snprintf(out, OD_LIMIT_ZONE_NAME_BYTES, "%.*s", (int)length, contact->zones);
        return OD_OK;
    }
    od_status status = od__rulebook_zones(work, &zones, err);
    if (status == OD_OK && country[0] != '\0')
        status = od__zones_of_country(zones, country, &names, &count, err);
    if (status == OD_OK && count == 1)
        snprintf(out, OD_LIMIT_ZONE_NAME_BYTES, "%s", names[0]);
    return status;
}

od_status od__verb_window(od_work *work, const od_value *params, od_value **result, od_error *err) {
    char zone[OD_LIMIT_ZONE_NAME_BYTES];
    od_number_entry entry;
    od_contact_row contact;
    od_judgement judgement = { .allowed = false };
    od_status status = od__contact_read(work, od__param_integer(params, "contact", 0), &contact, err);
    if (status != OD_OK)
        return status;
    if (!od__numbers_at(contact.numbers, od__param_integer(params, "number_index", contact.number_next), &entry))
        status = od__error_at(err, OD_VALIDATION, "/number_index", "expected the index of one of the contact's numbers");
    if (status == OD_OK)
        status = judge(work, &contact, entry.number, entry.country, params, &judgement, err);
    if (status == OD_OK)
        status = zone_of(work, &contact, entry.country, zone, err);
    od__contact_clear(&contact);
    if (status != OD_OK)
        return status;
    od_maker maker;
    od__make(&maker, err);
    od__make_boolean(&maker, "allowed", judgement.allowed);
    if (judgement.allowed)
        od__make_integer(&maker, "until_ms", judgement.until_ms);
    od__make_text(&maker, "zone", zone[0] != '\0' ? zone : NULL);
    return od__made(&maker, result);
}
