/* store/sorter: records in the order of their keys, in bounded memory: sorted in runs, which wait in a scratch file that has
 * no name, and are merged as they are asked for, so that neither sorting nor reading ever takes long at once. Knows no SQL.
 *
 * Of records with the same key the one added last comes first. */
#ifndef OD_STORE_SORTER_H
#define OD_STORE_SORTER_H

#include <outdial.h>

#pragma GCC visibility push(hidden)

#define OD_LIMIT_SORTED_BYTES (2u * 1024 * 1024)   /* one record */

typedef struct od_sorter od_sorter;

typedef struct od_sorted {
    const char *bytes;       /* aligned to nothing */
    size_t length, key_length;
} od_sorted;

/* Makes a sorter whose scratch file, if it comes to need one, is made beside `beside` (copied). Errors: out_of_memory. */
od_status od__sorter_new(const char *beside, od_sorter **out, od_error *err);
void od__sorter_free(od_sorter *sorter); /* NULL is fine */
/* Adds a record; its first key_length bytes are the key, compared as unsigned bytes, a shorter one first. Copied. Errors:
 * unavailable (the scratch file), internal (too long), out_of_memory. */
od_status od__sorter_add(od_sorter *sorter, const void *bytes, size_t length, size_t key_length, od_error *err);
/* Ends adding. Errors: as od__sorter_add. */
od_status od__sorter_sort(od_sorter *sorter, od_error *err);
/* Gives the next record, which lives until the next call; *end says that there is none. Errors: unavailable,
 * out_of_memory. */
od_status od__sorter_next(od_sorter *sorter, od_sorted *out, bool *end, od_error *err);
int64_t od__sorter_count(const od_sorter *sorter);

#pragma GCC visibility pop
#endif
