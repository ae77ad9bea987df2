/* store/enlist: putting contacts into a campaign: new ones, or newer facts about known ones, whose history stays. */
#ifndef OD_STORE_ENLIST_H
#define OD_STORE_ENLIST_H

#include "base/buffer.h"
#include "base/limits.h"
#include "import/contacts.h"
#include "store/verb.h"

#pragma GCC visibility push(hidden)

typedef enum od_enlisted { OD_ENLISTED_ADDED, OD_ENLISTED_UPDATED, OD_ENLISTED_UNCHANGED } od_enlisted;

/* A contact as its row has it. Borrowed texts; person, country and zones may be NULL. */
typedef struct od_enlisting {
    const char *external, *person, *country, *zones, *data;
    const char *numbers;             /* [ [ column, number, country ], ... ] as compact JSON */
} od_enlisting;

/* New contacts and numbers cost half as much if so many are put in at once. */
#define OD_ENLIST_MANY 16

/* Copies an id, which may have been cut out of a longer text. */
void od__enlist_id(od_span text, char out[OD_LIMIT_CONTACT_ID_BYTES + 1]);
/* Appends the numbers of a contact as its row has them. */
void od__enlist_numbers(const od_contact *contact, od_buffer *out);
/* Puts one contact in, and takes the rows of numbers away that it has no more; those that it has are the caller's to add.
 * Errors: as od__query_end. */
od_status od__enlist_row(od_work *work, int64_t campaign_id, const od_enlisting *row, od_enlisted *how, int64_t *id,
                         od_error *err);
/* As od__enlist_row, for OD_ENLIST_MANY contacts, none of which is another: rows, how and ids are of as many. */
od_status od__enlist_rows(od_work *work, int64_t campaign_id, const od_enlisting *rows, od_enlisted *how, int64_t *ids,
                          od_error *err);
/* Says that a contact has a number; nothing happens if that is known. */
od_status od__enlist_number(od_work *work, const char *number, int64_t contact_id, od_error *err);
/* As od__enlist_number, for OD_ENLIST_MANY numbers, each of the contact at its place. */
od_status od__enlist_numbers_of(od_work *work, const char *const *numbers, const int64_t *contact_ids, od_error *err);
/* Puts one contact in, with its numbers. Errors: as od__query_end, out_of_memory. */
od_status od__enlist(od_work *work, int64_t campaign_id, const od_contact *contact, od_enlisted *how, od_error *err);

#pragma GCC visibility pop
#endif
