/* store/enlist: putting contacts into a campaign: new ones, or newer facts about known ones, whose history stays. */
#ifndef OD_STORE_ENLIST_H
#define OD_STORE_ENLIST_H

#include "import/contacts.h"
#include "store/verb.h"

#pragma GCC visibility push(hidden)

typedef enum od_enlisted { OD_ENLISTED_ADDED, OD_ENLISTED_UPDATED, OD_ENLISTED_UNCHANGED } od_enlisted;

/* Puts one contact in. Errors: as od__query_end, out_of_memory. */
od_status od__enlist(od_work *work, int64_t campaign_id, const od_contact *contact, od_enlisted *how, od_error *err);

#pragma GCC visibility pop
#endif
