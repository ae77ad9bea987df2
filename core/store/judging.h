/* store/judging: what the rules would say of a contact's number at some time, for those who only ask: nothing is written,
 * nobody is called. The intent judges by itself, in its own transaction. */
#ifndef OD_STORE_JUDGING_H
#define OD_STORE_JUDGING_H

#include "store/campaign.h"
#include "store/contact.h"

#pragma GCC visibility push(hidden)

#define OD_LIMIT_TRAIL_BYTES 65536
#define OD_JUDGING_HORIZON_MS (INT64_C(370) * 24 * 3600 * 1000)

/* One number of a contact. */
typedef struct od_judged_number {
    const char *column, *number;
    const char *country;             /* NULL: of none */
} od_judged_number;

/* Whom a judgement of a contact's number is about, as a first attempt that nobody asked for: intents, windows and forecasts
 * begin with this one, so that none of them overlooks who the person is. country NULL or "": the number is of none. Borrows
 * from all that is given. */
od_subject_row od__subject_of(const od_contact_row *contact, const od_campaign_row *campaign, const char *number,
                              const char *country);
/* Reads number `index` (from 1) of a contact's parsed numbers; false: there is none. */
bool od__judged_number(const od_value *numbers, int64_t index, od_judged_number *out);
/* Judges by facts, at at_ms; else as od__judge_number. */
od_status od__judge_facts(od_work *work, const od_campaign_row *campaign, const od_facts *facts, int64_t at_ms,
                          od_judgement *out, od_buffer *trail, od_error *err);
/* Judges a number at at_ms. gathered is filled with the facts; out->next_ms is when all that depends on time allows it again,
 * 0: never by time alone. trail may be NULL. Errors: as od__gather and od__rules_judge. */
od_status od__judge_number(od_work *work, const od_campaign_row *campaign, const od_contact_row *contact,
                           const od_judged_number *number, int64_t at_ms, od_gathered *gathered, od_judgement *out,
                           od_buffer *trail, od_error *err);

#pragma GCC visibility pop
#endif
