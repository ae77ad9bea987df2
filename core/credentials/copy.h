/* credentials/copy: puts one value of a source into its fixed place; for the sources only. */
#ifndef OD_CREDENTIALS_COPY_H
#define OD_CREDENTIALS_COPY_H

#include <stddef.h>
#include <outdial.h>

#pragma GCC visibility push(hidden)

/* Copies text with its NUL. source and name are for the message (the text itself never is in it). Errors:
 * authentication (too long, or something that no header can carry). */
od_status od__credentials_copy(char *out, size_t out_bytes, const char *text, const char *source, const char *name,
                               od_error *err);

#pragma GCC visibility pop

#endif
