/* credentials/words: cuts a command line into words as a shell would, with no shell. Pure. */
#ifndef OD_CREDENTIALS_WORDS_H
#define OD_CREDENTIALS_WORDS_H

#include <stddef.h>
#include <outdial.h>

#pragma GCC visibility push(hidden)

#define OD_WORDS 64                /* of one command */
#define OD_WORDS_BYTES (8u * 1024) /* of one command */

typedef struct od_words {
    char *text;                    /* owned; what the words point into */
    char *words[OD_WORDS + 1];     /* ends with NULL, as execve wants it */
    size_t count;
} od_words;

/* Splits at blanks; '...' keeps everything, "..." all but \" \\ \$ and \`, a backslash outside the next byte. Nothing is
 * expanded: $HOME and * are themselves. Free with od__words_clear. Errors: authentication (what is wrong), out_of_memory. */
od_status od__words_split(const char *command, od_words *out, od_error *err);
void od__words_clear(od_words *words); /* wipes and frees */

#pragma GCC visibility pop

#endif
