#include "store/rulebook.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "store/journal.h"
#include "store/judged.h"

typedef struct compiled {
    int64_t campaign_id, revision;
    od_ruleset *ruleset;         /* NULL: free */
} compiled;

struct od_rulebook {
    od_zones *zones;
    compiled rows[OD_LIMIT_RULESETS];
    size_t next;                 /* which gives way */
    od_gathered gathered;
    od_buffer words;
    od_judged judged[OD_LIMIT_JUDGED];
};

void od__rulebook_forget(od_rulebook *rulebook) {
    for (size_t i = 0; rulebook != NULL && i < OD_LIMIT_RULESETS; i++) {
        od__ruleset_free(rulebook->rows[i].ruleset);
        rulebook->rows[i] = (compiled){ 0 };
    }
}

void od__rulebook_free(od_rulebook *rulebook) {
    if (rulebook == NULL)
        return;
    od__rulebook_forget(rulebook);
    od__zones_free(rulebook->zones);
    od__buffer_clear(&rulebook->words);
    od__free(rulebook);
}

static od_status open_book(od_work *work, od_error *err) {
    if (work->core->rulebook != NULL)
        return OD_OK;
    od_rulebook *rulebook = od__calloc(1, sizeof(*rulebook));
    if (rulebook == NULL)
        return od__error_no_memory(err);
    od__buffer_init(&rulebook->words, OD_LIMIT_WORDS_BYTES);
    od_status status = od__zones_new(work->core->zone_directory, &rulebook->zones, err);
    if (status != OD_OK) {
        od__free(rulebook);
        return status;
    }
    work->core->rulebook = rulebook;
    return OD_OK;
}

od_status od__rulebook_zones(od_work *work, od_zones **out, od_error *err) {
    od_status status = open_book(work, err);
    *out = status == OD_OK ? work->core->rulebook->zones : NULL;
    return status;
}

/* ---- zones that change ---- */

typedef struct changes {
    od_work *work;
    od_value *list;              /* NULL: none yet */
    od_error *err;
    od_status status;
} changes;

static od_status add_change(changes *self, const char *name, const char *kept) {
    od_maker maker;
    if (self->list == NULL && (self->list = od_value_new_array()) == NULL)
        return od__error_no_memory(self->err);
    od__make(&maker, self->err);
    od__make_text(&maker, "zone", name);
    od__make_text(&maker, "kept", kept);
    return od__made_into(&maker, self->list);
}

static void on_change(void *context, const char *name, const od_error *why) {
    changes *self = context;
    char text[256 + OD_LIMIT_ZONE_NAME_BYTES];
    if (self->status != OD_OK)
        return;
    self->status = add_change(self, name, why != NULL ? why->message : NULL);
    snprintf(text, sizeof(text), why != NULL ? "%s has changed, and is kept as it was: %.200s" : "%s has changed, and was read again", name,
             why != NULL ? why->message : "");
    if (self->status == OD_OK)
        self->status = od__journal(self->work, &(od_entry){ .event = why != NULL ? "zone_kept" : "zone_read_again", .text = text },
                                   self->err);
}

od_status od__rulebook_refresh(od_work *work, od_value **out, od_error *err) {
    changes self = { .work = work, .err = err };
    od__judged_forget(work); /* zones may change */
    if (work->core->rulebook != NULL)
        od__zones_refresh(work->core->rulebook->zones, work->now_ms, on_change, &self);
    *out = self.status == OD_OK ? self.list : NULL;
    if (*out == NULL)
        od_value_unref(self.list);
    return self.status;
}

od_status od__gathered(od_work *work, od_gathered **out, od_buffer **words, od_error *err) {
    od_status status = open_book(work, err);
    *out = NULL;
    if (status != OD_OK)
        return status;
    od_rulebook *rulebook = work->core->rulebook;
    if (rulebook->words.failed)
        od__buffer_clear(&rulebook->words);
    od__buffer_truncate(&rulebook->words, 0);
    *out = &rulebook->gathered;
    if (words != NULL)
        *words = &rulebook->words;
    return OD_OK;
}

od_judged *od__rulebook_judged(od_work *work, size_t index) {
    return &work->core->rulebook->judged[index];
}

od_status od__rulebook_get(od_work *work, int64_t campaign_id, int64_t revision, const char *ruleset_json,
                           const od_ruleset **out, od_error *err) {
    od_status status = open_book(work, err);
    if (status != OD_OK)
        return status;
    od_rulebook *rulebook = work->core->rulebook;
    compiled *slot = NULL;
    for (size_t i = 0; i < OD_LIMIT_RULESETS; i++) {
        compiled *row = &rulebook->rows[i];
        if (row->ruleset == NULL || row->campaign_id != campaign_id)
            continue;
        if (row->revision == revision) {
            *out = row->ruleset;
            return OD_OK;
        }
        slot = row;
    }
    if (slot == NULL) {
        slot = &rulebook->rows[rulebook->next];
        rulebook->next = (rulebook->next + 1) % OD_LIMIT_RULESETS;
    }
    od_value *value = NULL;
    od_ruleset *ruleset = NULL;
    status = od_value_parse(ruleset_json, strlen(ruleset_json), &value, err);
    if (status == OD_OK)
        status = od__ruleset_new(value, rulebook->zones, &ruleset, err);
    od_value_unref(value);
    if (status != OD_OK)
        return status;
    od__ruleset_free(slot->ruleset);
    *slot = (compiled){ .campaign_id = campaign_id, .revision = revision, .ruleset = ruleset };
    *out = ruleset;
    return OD_OK;
}
