/* import/jsonl: bytes in any chunking to one JSON object a line; it opens no file and knows no member's meaning. A line
 * that holds none is handed over with the reason, and the next one is read on. Empty lines are left out. */
#ifndef OD_IMPORT_JSONL_H
#define OD_IMPORT_JSONL_H

#include <outdial.h>
#include "import/csv.h"
#include "import/span.h"

#pragma GCC visibility push(hidden)

typedef struct od_jsonl od_jsonl;

typedef struct od_jsonl_line {
    int64_t row;              /* the line of the file, from 1 */
    const od_value *object;   /* borrowed; NULL if there is an error */
    od_span text;             /* the line (of one that is too long: its beginning), without its end */
    const char *error;        /* NULL: the line is good */
} od_jsonl_line;

/* Makes a parser; NULL when memory runs out. */
od_jsonl *od__jsonl_new(void);
void od__jsonl_free(od_jsonl *jsonl);
/* As od__csv_read and od__csv_finish; OD_CSV_RECORD is a line. */
od_csv_event od__jsonl_read(od_jsonl *jsonl, const char **at, const char *end, od_jsonl_line *out);
od_csv_event od__jsonl_finish(od_jsonl *jsonl, od_jsonl_line *out);

#pragma GCC visibility pop
#endif
