#include "store/claims.h"

#include <string.h>

#include "base/buffer.h"
#include "base/decimal.h"
#include "base/error.h"
#include "base/memory.h"
#include "store/owner.h"

#define LEAST_SLOTS 64               /* a power of two */
#define ROW_BYTES ((size_t)1 << 26)  /* of all that one verb has taken, and more */

/* ---- a table by contact ---- */

/* What one verb has taken: a row. */
typedef struct batch {
    struct batch *next;
    int64_t id;                      /* 0: not written yet */
    size_t count;                    /* of its claims that are in the table */
} batch;

typedef struct entry {
    int64_t contact_id, version;     /* contact_id 0: free */
    batch *batch;                    /* NULL: another worker's */
    od_claim *claim;                 /* NULL: nothing is known but that */
} entry;

typedef struct entries {
    entry *slots;
    size_t capacity, count;          /* capacity: a power of two, or 0 */
} entries;

static size_t home(const entries *self, int64_t contact_id) {
    return (size_t)(((uint64_t)contact_id * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (self->capacity - 1);
}

static void place(entries *self, entry added) {
    size_t at = home(self, added.contact_id);
    while (self->slots[at].contact_id != 0)
        at = (at + 1) & (self->capacity - 1);
    self->slots[at] = added;
    self->count++;
}

static od_status add(entries *to, entry added, od_error *err) {
    if (2 * (to->count + 1) > to->capacity) {
        entries wider = { .capacity = to->capacity == 0 ? LEAST_SLOTS : 2 * to->capacity };
        wider.slots = od__calloc(wider.capacity, sizeof(*wider.slots));
        if (wider.slots == NULL)
            return od__error_no_memory(err);
        for (size_t i = 0; i < to->capacity; i++) {
            if (to->slots[i].contact_id != 0)
                place(&wider, to->slots[i]);
        }
        od__free(to->slots);
        *to = wider;
    }
    place(to, added);
    return OD_OK;
}

/* version -1: any. */
static entry *find(const entries *self, int64_t contact_id, int64_t version) {
    if (self->count == 0)
        return NULL;
    for (size_t at = home(self, contact_id); self->slots[at].contact_id != 0; at = (at + 1) & (self->capacity - 1)) {
        entry *found = &self->slots[at];
        if (found->contact_id == contact_id && (version < 0 || found->version == version))
            return found;
    }
    return NULL;
}

static void free_claim(od_claim *claim) {
    if (claim != NULL)
        od__contact_clear(&claim->contact);
    od__free(claim);
}

/* What stands behind it moves up, so that no search ends too early. */
static void drop(entries *self, entry *dropped) {
    size_t hole = (size_t)(dropped - self->slots), mask = self->capacity - 1;
    if (dropped->batch != NULL)
        dropped->batch->count--;
    free_claim(dropped->claim);
    for (size_t at = (hole + 1) & mask; self->slots[at].contact_id != 0; at = (at + 1) & mask) {
        size_t from = home(self, self->slots[at].contact_id);
        if (((at - from) & mask) < ((at - hole) & mask))
            continue;
        self->slots[hole] = self->slots[at];
        hole = at;
    }
    self->slots[hole] = (entry){ 0 };
    self->count--;
}

static void clear(entries *self) {
    for (size_t i = 0; i < self->capacity; i++)
        free_claim(self->slots[i].claim);
    od__free(self->slots);
    *self = (entries){ 0 };
}

/* ---- a row ---- */

static void write_number(od_buffer *text, int64_t number, char end) {
    char digits[OD_DECIMAL_BYTES];
    od__buffer_add_text(text, od__decimal(number, digits));
    od__buffer_add_byte(text, end);
}

/* "ID.VERSION ID.VERSION " */
static void write_entry(od_buffer *text, const entry *written) {
    write_number(text, written->contact_id, '.');
    write_number(text, written->version, ' ');
}

static int64_t read_number(const char **at) {
    int64_t number = 0;
    for (; **at >= '0' && **at <= '9'; ++*at)
        number = number * 10 + (**at - '0');
    if (**at != '\0')
        ++*at;
    return number;
}

static od_status read_row(entries *to, const char *text, batch *of, od_error *err) {
    od_status status = OD_OK;
    while (*text != '\0' && status == OD_OK) {
        int64_t contact_id = read_number(&text), version = read_number(&text);
        status = contact_id > 0 ? add(to, (entry){ .contact_id = contact_id, .version = version, .batch = of }, err) : OD_OK;
        if (status == OD_OK && of != NULL && contact_id > 0)
            of->count++;
    }
    return status;
}

/* ---- this worker's own ---- */

struct od_claims {
    entries table;
    batch *batches;                  /* the newest first; that is the one which is not written yet */
};

static batch *add_batch(od_claims *claims, int64_t id, od_error *err) {
    batch *added = od__calloc(1, sizeof(*added));
    if (added == NULL) {
        (void)od__error_no_memory(err);
        return NULL;
    }
    *added = (batch){ .id = id, .next = claims->batches };
    claims->batches = added;
    return added;
}

void od__claims_forget(od_store_core *core) {
    od_claims *claims = core->claims;
    if (claims == NULL)
        return;
    clear(&claims->table);
    while (claims->batches != NULL) {
        batch *first = claims->batches;
        claims->batches = first->next;
        od__free(first);
    }
    od__free(claims);
    core->claims = NULL;
}

/* Reads them if they are not in memory: what has been called since then is among them in a version that it has no more. */
static od_status own(od_work *work, od_claims **out, od_error *err) {
    od_query query;
    od_status status = OD_OK;
    *out = work->core->claims;
    if (*out != NULL)
        return OD_OK;
    *out = work->core->claims = od__calloc(1, sizeof(**out));
    if (*out == NULL)
        return od__error_no_memory(err);
    od__query(&query, work->database, err, "SELECT id, contacts FROM claim WHERE owner_id = ?1", "i", work->core->owner->id);
    while (status == OD_OK && od__query_row(&query)) {
        batch *read = add_batch(*out, od__query_integer(&query, 0), err);
        status = read != NULL ? read_row(&(*out)->table, od__query_text(&query, 1), read, err) : OD_OUT_OF_MEMORY;
    }
    od_status ended = od__query_end(&query);
    if (status == OD_OK)
        status = ended;
    if (status != OD_OK)
        od__claims_forget(work->core);
    return status;
}

od_status od__claims_find(od_work *work, int64_t contact_id, int64_t version, bool *has, const od_claim **out, od_error *err) {
    od_claims *claims;
    od_status status = own(work, &claims, err);
    const entry *found = status == OD_OK ? find(&claims->table, contact_id, version) : NULL;
    *has = found != NULL;
    *out = found != NULL ? found->claim : NULL;
    return status;
}

od_status od__claims_add(od_work *work, od_contact_row *contact, const od_turn *turn, od_error *err) {
    od_claims *claims;
    od_status status = own(work, &claims, err);
    if (status != OD_OK)
        return status;
    if ((claims->batches == NULL || claims->batches->id != 0) && add_batch(claims, 0, err) == NULL)
        return OD_OUT_OF_MEMORY;
    od_claim *claim = od__alloc(sizeof(*claim));
    if (claim == NULL)
        return od__error_no_memory(err);
    *claim = (od_claim){ .turn = *turn, .contact = *contact };
    status = add(&claims->table, (entry){ contact->id, contact->version, claims->batches, claim }, err);
    if (status != OD_OK) {
        od__free(claim);
        return status;
    }
    claims->batches->count++;
    *contact = (od_contact_row){ 0 };
    return OD_OK;
}

void od__claims_end(od_work *work, int64_t contact_id) {
    od_claims *claims = work->core->claims;
    for (entry *found; claims != NULL && (found = find(&claims->table, contact_id, -1)) != NULL;)
        drop(&claims->table, found);
}

/* Writes the row of a batch, or deletes that of one which is used up. */
static od_status write_batch(od_work *work, batch *written, od_error *err) {
    const entries *self = &work->core->claims->table;
    if (written->count == 0)
        return written->id == 0 ? OD_OK : od__execute(work->database, err, "DELETE FROM claim WHERE id = ?1", "i", written->id);
    od_buffer text;
    od__buffer_init(&text, ROW_BYTES);
    for (size_t i = 0; i < self->capacity; i++) {
        if (self->slots[i].batch == written)
            write_entry(&text, &self->slots[i]);
    }
    od_status status = text.failed ? od__error_no_memory(err) : OD_OK;
    if (status == OD_OK)
        status = od__execute(work->database, err,
                             "INSERT OR REPLACE INTO claim(id, owner_id, contacts) VALUES(nullif(?1, 0), ?2, ?3)", "iit",
                             written->id, work->core->owner->id, od__buffer_text(&text));
    if (status == OD_OK)
        written->id = od__database_last_id(work->database);
    od__buffer_clear(&text);
    return status;
}

od_status od__claims_write(od_work *work, od_error *err) {
    od_claims *claims = work->core->claims;
    od_status status = OD_OK;
    if (claims == NULL)
        return OD_OK;
    for (batch **at = &claims->batches; *at != NULL && status == OD_OK;) {
        batch *row = *at;
        if (row->count == 0 || row->id == 0)
            status = write_batch(work, row, err);
        if (status != OD_OK || row->count > 0) {
            at = &row->next;
            continue;
        }
        *at = row->next;
        od__free(row);
    }
    return status;
}

od_status od__claims_give_back(od_work *work, const od_value *given, od_error *err) {
    od_claims *claims;
    od_status status = own(work, &claims, err);
    for (size_t i = 0; i < od_value_length(given) && status == OD_OK; i++) {
        const od_value *one = od_value_at(given, i);
        entry *found = find(&claims->table, od__param_integer(one, "contact", 0), od__param_integer(one, "version", 0));
        if (found == NULL)
            continue;
        batch *row = found->batch;
        drop(&claims->table, found);
        if (row->count > 0)
            status = write_batch(work, row, err);
    }
    return status == OD_OK ? od__claims_write(work, err) : status;
}

/* ---- everybody's ---- */

struct od_claims_seen {
    const entries *own;
    entries others;
};

od_status od__claims_see(od_work *work, od_claims_seen **out, od_error *err) {
    od_claims *claims;
    od_query query;
    *out = NULL;
    od_status status = own(work, &claims, err);
    od_claims_seen *seen = status == OD_OK ? od__calloc(1, sizeof(*seen)) : NULL;
    if (seen == NULL)
        return status != OD_OK ? status : od__error_no_memory(err);
    seen->own = &claims->table;
    od__query(&query, work->database, err, "SELECT contacts FROM claim WHERE owner_id <> ?1", "i", work->core->owner->id);
    while (status == OD_OK && od__query_row(&query))
        status = read_row(&seen->others, od__query_text(&query, 0), NULL, err);
    od_status ended = od__query_end(&query);
    if (status == OD_OK && ended == OD_OK) {
        *out = seen;
        return OD_OK;
    }
    od__claims_seen_free(seen);
    return status != OD_OK ? status : ended;
}

void od__claims_seen_free(od_claims_seen *seen) {
    if (seen == NULL)
        return;
    clear(&seen->others);
    od__free(seen);
}

bool od__claims_seen_have(const od_claims_seen *seen, int64_t contact_id, int64_t version) {
    return find(seen->own, contact_id, version) != NULL || find(&seen->others, contact_id, version) != NULL;
}
