#include "store/sorter.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"

#define RUN_BYTES (4u * 1024 * 1024)      /* of records that are sorted at once */
#define RUN_RECORDS 65536u
#define READ_BYTES (4u * 1024 * 1024)     /* of all runs together while they are merged */
#define READ_LEAST_BYTES 4096u            /* of each */

/* Before each record, in memory and in the file. */
typedef struct header {
    uint32_t length, key_length;
} header;

typedef struct entry {
    uint64_t prefix;         /* the key's first bytes, so that most comparisons look no farther */
    uint32_t at;             /* of the header */
} entry;

/* One run while it is merged. */
typedef struct reader {
    int64_t at, end;         /* in the file: what is not in the buffer yet */
    char *buffer;
    size_t capacity, used, next;
    od_sorted record;        /* the one it is at */
    bool ended;
} reader;

struct od_sorter {
    char *beside;
    int fd;                  /* -1: everything is in memory */
    int64_t file_bytes, count;
    char *arena;
    size_t used;
    entry *entries;
    size_t entry_count, entry_next;
    reader *readers;
    size_t run_count, run_capacity;
    size_t *heap;            /* runs, the one with the first record at the top */
    size_t heap_count;
    bool started;
};

/* ---- comparing ---- */

static uint64_t prefix_of(const char *key, size_t length) {
    uint64_t prefix = 0;
    for (size_t i = 0; i < sizeof(prefix); i++)
        prefix = prefix << 8 | (i < length ? (unsigned char)key[i] : 0);
    return prefix;
}

static int compare_keys(const char *a, size_t a_length, const char *b, size_t b_length) {
    int order = memcmp(a, b, a_length < b_length ? a_length : b_length);
    return order != 0 ? order : a_length < b_length ? -1 : a_length > b_length ? 1 : 0;
}

static od_sorted record_at(const char *at) {
    header head;
    memcpy(&head, at, sizeof(head));
    return (od_sorted){ .bytes = at + sizeof(head), .length = head.length, .key_length = head.key_length };
}

/* Which record comes later in the arena was added later, and comes first. */
static int compare_entries(const void *left, const void *right, void *context) {
    const entry *a = left, *b = right;
    const char *arena = context;
    if (a->prefix != b->prefix)
        return a->prefix < b->prefix ? -1 : 1;
    od_sorted x = record_at(arena + a->at), y = record_at(arena + b->at);
    int order = compare_keys(x.bytes, x.key_length, y.bytes, y.key_length);
    return order != 0 ? order : a->at > b->at ? -1 : 1;
}

/* ---- making ---- */

od_status od__sorter_new(const char *beside, od_sorter **out, od_error *err) {
    *out = NULL;
    od_sorter *sorter = od__calloc(1, sizeof(*sorter));
    if (sorter == NULL)
        return od__error_no_memory(err);
    sorter->fd = -1;
    sorter->beside = od__strdup(beside);
    sorter->arena = od__alloc(RUN_BYTES);
    sorter->entries = od__alloc(RUN_RECORDS * sizeof(*sorter->entries));
    if (sorter->beside == NULL || sorter->arena == NULL || sorter->entries == NULL) {
        od__sorter_free(sorter);
        return od__error_no_memory(err);
    }
    *out = sorter;
    return OD_OK;
}

void od__sorter_free(od_sorter *sorter) {
    if (sorter == NULL)
        return;
    for (size_t i = 0; i < sorter->run_count; i++)
        od__free(sorter->readers[i].buffer);
    if (sorter->fd >= 0)
        (void)close(sorter->fd); /* it has no name: it is gone */
    od__free(sorter->readers);
    od__free(sorter->heap);
    od__free(sorter->entries);
    od__free(sorter->arena);
    od__free(sorter->beside);
    od__free(sorter);
}

int64_t od__sorter_count(const od_sorter *sorter) {
    return sorter->count;
}

/* ---- runs ---- */

static od_status complain(const od_sorter *sorter, const char *what, od_error *err) {
    return od__error_set(err, OD_UNAVAILABLE, "the scratch file beside %s cannot be %s: %s", sorter->beside, what,
                         strerror(errno));
}

static od_status open_scratch(od_sorter *sorter, od_error *err) {
    char path[4096];
    int length = snprintf(path, sizeof(path), "%s.import-XXXXXX", sorter->beside);
    if (length < 0 || (size_t)length >= sizeof(path))
        return od__error_set(err, OD_VALIDATION, "the store's path is too long");
    sorter->fd = mkostemp(path, O_CLOEXEC);
    if (sorter->fd < 0 || unlink(path) != 0)
        return complain(sorter, "made", err);
    return OD_OK;
}

static od_status write_all(od_sorter *sorter, const char *bytes, size_t length, od_error *err) {
    while (length > 0) {
        ssize_t count = write(sorter->fd, bytes, length);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return complain(sorter, "written", err);
        bytes += count;
        length -= (size_t)count;
        sorter->file_bytes += count;
    }
    return OD_OK;
}

static od_status note_run(od_sorter *sorter, int64_t begin, od_error *err) {
    if (sorter->run_count == sorter->run_capacity) {
        size_t capacity = sorter->run_capacity == 0 ? 16 : 2 * sorter->run_capacity;
        reader *readers = od__realloc(sorter->readers, capacity * sizeof(*readers));
        if (readers == NULL)
            return od__error_no_memory(err);
        sorter->readers = readers;
        sorter->run_capacity = capacity;
    }
    sorter->readers[sorter->run_count++] = (reader){ .at = begin, .end = sorter->file_bytes };
    return OD_OK;
}

static void sort_entries(od_sorter *sorter) {
    qsort_r(sorter->entries, sorter->entry_count, sizeof(*sorter->entries), compare_entries, sorter->arena);
}

/* Writes what is in memory as one run, in order. */
static od_status write_run(od_sorter *sorter, od_error *err) {
    char chunk[65536];
    size_t used = 0;
    int64_t begin = sorter->file_bytes;
    od_status status = sorter->fd < 0 ? open_scratch(sorter, err) : OD_OK;
    sort_entries(sorter);
    for (size_t i = 0; i < sorter->entry_count && status == OD_OK; i++) {
        const char *at = sorter->arena + sorter->entries[i].at;
        size_t length = sizeof(header) + record_at(at).length;
        if (used + length > sizeof(chunk)) {
            status = write_all(sorter, chunk, used, err);
            used = 0;
        }
        if (status == OD_OK && length > sizeof(chunk)) {
            status = write_all(sorter, at, length, err);
        } else {
            memcpy(chunk + used, at, length);
            used += length;
        }
    }
    if (status == OD_OK)
        status = write_all(sorter, chunk, used, err);
    sorter->used = sorter->entry_count = 0;
    return status == OD_OK ? note_run(sorter, begin, err) : status;
}

od_status od__sorter_add(od_sorter *sorter, const void *bytes, size_t length, size_t key_length, od_error *err) {
    header head = { .length = (uint32_t)length, .key_length = (uint32_t)key_length };
    if (length > OD_LIMIT_SORTED_BYTES || key_length > length)
        return od__error_set(err, OD_INTERNAL, "a record of %zu bytes is not sorted", length);
    if (sorter->used + sizeof(head) + length > RUN_BYTES || sorter->entry_count == RUN_RECORDS) {
        od_status status = write_run(sorter, err);
        if (status != OD_OK)
            return status;
    }
    char *at = sorter->arena + sorter->used;
    memcpy(at, &head, sizeof(head));
    memcpy(at + sizeof(head), bytes, length);
    sorter->entries[sorter->entry_count++] = (entry){ .prefix = prefix_of(bytes, key_length), .at = (uint32_t)sorter->used };
    sorter->used += sizeof(head) + length;
    sorter->count++;
    return OD_OK;
}

/* ---- merging ---- */

/* Reads more of a run, so that at least `wanted` bytes from its next record on are in the buffer. */
static od_status fill(od_sorter *sorter, reader *run, size_t wanted, od_error *err) {
    memmove(run->buffer, run->buffer + run->next, run->used - run->next);
    run->used -= run->next;
    run->next = 0;
    if (wanted > run->capacity) {
        char *buffer = od__realloc(run->buffer, wanted);
        if (buffer == NULL)
            return od__error_no_memory(err);
        run->buffer = buffer;
        run->capacity = wanted;
    }
    while (run->used < run->capacity && run->at < run->end) {
        size_t room = run->capacity - run->used;
        if ((int64_t)room > run->end - run->at)
            room = (size_t)(run->end - run->at);
        ssize_t count = pread(sorter->fd, run->buffer + run->used, room, (off_t)run->at);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0) {
            errno = count == 0 ? EIO : errno;
            return complain(sorter, "read", err);
        }
        run->used += (size_t)count;
        run->at += count;
    }
    return OD_OK;
}

static od_status advance(od_sorter *sorter, reader *run, od_error *err) {
    header head;
    od_status status = OD_OK;
    if (run->used - run->next < sizeof(head))
        status = fill(sorter, run, sizeof(head), err);
    if (status != OD_OK)
        return status;
    if (run->used == run->next) {
        run->ended = true;
        return OD_OK;
    }
    memcpy(&head, run->buffer + run->next, sizeof(head));
    size_t length = sizeof(head) + head.length;
    if (run->used - run->next < length)
        status = fill(sorter, run, length, err);
    if (status != OD_OK)
        return status;
    run->record = record_at(run->buffer + run->next);
    run->next += length;
    return OD_OK;
}

/* A later run holds what was added later. */
static bool comes_before(const od_sorter *sorter, size_t a, size_t b) {
    const od_sorted *x = &sorter->readers[a].record, *y = &sorter->readers[b].record;
    int order = compare_keys(x->bytes, x->key_length, y->bytes, y->key_length);
    return order != 0 ? order < 0 : a > b;
}

static void sift_down(od_sorter *sorter, size_t at) {
    for (;;) {
        size_t first = at, left = 2 * at + 1;
        for (size_t child = left; child < left + 2 && child < sorter->heap_count; child++) {
            if (comes_before(sorter, sorter->heap[child], sorter->heap[first]))
                first = child;
        }
        if (first == at)
            return;
        size_t run = sorter->heap[at];
        sorter->heap[at] = sorter->heap[first];
        sorter->heap[first] = run;
        at = first;
    }
}

static od_status open_runs(od_sorter *sorter, od_error *err) {
    size_t bytes = READ_BYTES / sorter->run_count;
    sorter->heap = od__alloc(sorter->run_count * sizeof(*sorter->heap));
    if (sorter->heap == NULL)
        return od__error_no_memory(err);
    for (size_t i = 0; i < sorter->run_count; i++) {
        reader *run = &sorter->readers[i];
        run->capacity = bytes > READ_LEAST_BYTES ? bytes : READ_LEAST_BYTES;
        run->buffer = od__alloc(run->capacity);
        if (run->buffer == NULL)
            return od__error_no_memory(err);
        od_status status = advance(sorter, run, err);
        if (status != OD_OK)
            return status;
        if (!run->ended)
            sorter->heap[sorter->heap_count++] = i;
    }
    for (size_t i = sorter->heap_count / 2; i-- > 0;)
        sift_down(sorter, i);
    return OD_OK;
}

od_status od__sorter_sort(od_sorter *sorter, od_error *err) {
    if (sorter->run_count == 0) {
        sort_entries(sorter);
        return OD_OK;
    }
    od_status status = write_run(sorter, err);
    od__free(sorter->arena);
    od__free(sorter->entries);
    sorter->arena = NULL;
    sorter->entries = NULL;
    return status == OD_OK ? open_runs(sorter, err) : status;
}

od_status od__sorter_next(od_sorter *sorter, od_sorted *out, bool *end, od_error *err) {
    if (sorter->run_count == 0) {
        *end = sorter->entry_next == sorter->entry_count;
        if (!*end)
            *out = record_at(sorter->arena + sorter->entries[sorter->entry_next++].at);
        return OD_OK;
    }
    if (sorter->started && sorter->heap_count > 0) {
        /* Only now: the record that was given out lived until here. */
        reader *run = &sorter->readers[sorter->heap[0]];
        od_status status = advance(sorter, run, err);
        if (status != OD_OK)
            return status;
        if (run->ended)
            sorter->heap[0] = sorter->heap[--sorter->heap_count];
        sift_down(sorter, 0);
    }
    sorter->started = true;
    *end = sorter->heap_count == 0;
    if (!*end)
        *out = sorter->readers[sorter->heap[0]].record;
    return OD_OK;
}
