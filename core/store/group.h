/* store/group: runs verbs together in one transaction, each of which succeeds or fails by itself. Knows no request and no
 * thread; whoever calls it is the store's thread. */
#ifndef OD_STORE_GROUP_H
#define OD_STORE_GROUP_H

#include "store/verb.h"

#pragma GCC visibility push(hidden)

typedef struct od_group od_group;

/* One verb with its parameters, and what came of it. */
typedef struct od_task {
    const od_verb *verb;
    od_value *params;            /* owned */
    od_value *result;            /* new, when it succeeded */
    od_error error;
    void *state;                 /* of a long verb */
    bool spoiled;                /* it failed after it had written, and is not run again */
    bool again;                  /* it is not done: run it in a later group */
    bool reads;                  /* its next slice writes nothing */
} od_task;

/* Takes params. */
void od__task_init(od_task *task, const od_verb *verb, od_value *params);
void od__task_clear(od_task *task);

/* Opens nothing yet: the first group does. clock is borrowed. Errors: out_of_memory. */
od_status od__group_new(const char *path, bool create, const od_clock *clock, od_group **out, od_error *err);
/* Gives up what the store's owner had (its lock), without a word in the database. NULL is fine. */
void od__group_free(od_group *group);
/* Runs all tasks; each has result or error afterwards, or is to be run again. What one of them wrote stands only if the
 * transaction was committed: where that failed they all fail. */
void od__group_run(od_group *group, od_task **tasks, size_t count);

#pragma GCC visibility pop
#endif
