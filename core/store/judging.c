#include "store/judging.h"

bool od__judged_number(const od_value *numbers, int64_t index, od_judged_number *out) {
    const od_value *row = index > 0 ? od_value_at(numbers, (size_t)index - 1) : NULL;
    if (row == NULL)
        return false;
    const char *country = od_value_string(od_value_at(row, 2));
    *out = (od_judged_number){ .column = od_value_string(od_value_at(row, 0)), .number = od_value_string(od_value_at(row, 1)),
                               .country = country != NULL && country[0] != '\0' ? country : NULL };
    return out->number != NULL;
}

od_subject_row od__subject_of(const od_contact_row *contact, const od_campaign_row *campaign, const char *number,
                              const char *country) {
    return (od_subject_row){
        .contact_id = contact->id, .campaign_id = campaign->id, .called = contact->ordinal > 0,
        .shared_person = contact->shared_person,
        .subject = campaign->subject[0] != '\0' ? campaign->subject : NULL, .number = number,
        .country = country != NULL && country[0] != '\0' ? country : NULL, .zones = contact->zones,
        .numbers_json = contact->numbers,
    };
}

od_status od__judge_facts(od_work *work, const od_campaign_row *campaign, const od_facts *facts, int64_t at_ms,
                          od_judgement *out, od_buffer *trail, od_error *err) {
    od_zones *zones;
    *out = (od_judgement){ 0 };
    od_status status = od__rulebook_zones(work, &zones, err);
    if (status == OD_OK)
        status = od__rules_judge(campaign->ruleset, zones, facts, at_ms, out, trail, err);
    if (status != OD_OK || out->allowed || out->next_ms == 0)
        return status;
    return od__rules_next(campaign->ruleset, zones, facts, out->next_ms, at_ms + OD_JUDGING_HORIZON_MS, &out->next_ms, err);
}

od_status od__judge_number(od_work *work, const od_campaign_row *campaign, const od_contact_row *contact,
                           const od_judged_number *number, int64_t at_ms, od_gathered *gathered, od_judgement *out,
                           od_buffer *trail, od_error *err) {
    od_work then = *work;
    then.wall_ms = at_ms;
    od_subject_row row = od__subject_of(contact, campaign, number->number, number->country);
    row.is_callback = contact->callback_ms > 0;
    *out = (od_judgement){ 0 };
    od_status status = od__gather(&then, campaign->ruleset, &row, gathered, err);
    return status == OD_OK ? od__judge_facts(work, campaign, &gathered->facts, at_ms, out, trail, err) : status;
}
