#include "store/group.h"

#include <string.h>

#include "base/error.h"
#include "base/fault.h"
#include "base/memory.h"
#include "crypto/crypto.h"
#include "store/claims.h"
#include "store/importing.h"
#include "store/journal.h"
#include "store/judged.h"
#include "store/leg.h"
#include "store/owner.h"
#include "store/pace.h"
#include "store/rulebook.h"
#include "store/schema.h"

struct od_group {
    od_store_core core;
    od_clock clock;
    char *path;
    bool create;
};

void od__task_init(od_task *task, const od_verb *verb, od_value *params) {
    /* Member by member: this runs several times for each call, and the error's texts are long. */
    task->verb = verb;
    task->params = params;
    task->result = NULL;
    od__error_init(&task->error);
    task->state = NULL;
    task->spoiled = task->again = task->reads = false;
}

void od__task_clear(od_task *task) {
    if (task->state != NULL)
        task->verb->free_state(task->state);
    od_value_unref(task->params);
    od_value_unref(task->result);
}

od_status od__group_new(const char *path, bool create, const od_clock *clock, od_group **out, od_error *err) {
    *out = NULL;
    od_group *group = od__calloc(1, sizeof(*group));
    char *copy = group != NULL ? od__strdup(path) : NULL;
    if (copy == NULL) {
        od__free(group);
        return od__error_no_memory(err);
    }
    group->path = copy;
    group->create = create;
    group->clock = *clock;
    group->core.clock = &group->clock;
    *out = group;
    return OD_OK;
}

void od__group_free(od_group *group) {
    if (group == NULL)
        return;
    od__owner_free(group->core.owner);
    od__claims_forget(&group->core);
    od__legs_forget(&group->core);
    od__rulebook_free(group->core.rulebook);
    od__importing_release(group->core.importing);
    od__database_close(group->core.database);
    od__crypto_hmac_free(group->core.key);
    od__free(group->path);
    od__free(group);
}

static od_status open_database(od_group *group, od_error *err) {
    if (group->core.database != NULL)
        return OD_OK;
    od_status status = od__database_open(group->path, group->create, &group->core.database, err);
    if (status == OD_OK)
        status = od__schema_open(&group->core, group->create, err);
    if (status != OD_OK) {
        od__database_close(group->core.database);
        group->core.database = NULL;
    }
    return status;
}

/* ---- one group ---- */

static void fail_all(od_task **tasks, size_t count, const od_error *error) {
    for (size_t i = 0; i < count; i++) {
        od_value_unref(tasks[i]->result);
        tasks[i]->result = NULL;
        tasks[i]->again = false;
        tasks[i]->error = *error;
    }
}

/* Runs the verb itself. Returns OD_OK, or what ended the whole transaction; task->error says how the verb fared. */
static od_status run_verb(od_work *work, od_task *task) {
    work->state = &task->state;
    work->again = work->reads_next = false;
    od_status ran = task->verb->run(work, task->params, &task->result, &task->error);
    task->again = ran == OD_OK && work->again;
    task->reads = task->again && work->reads_next;
    if (ran != OD_OK) {
        od_value_unref(task->result);
        task->result = NULL;
        od__claims_forget(work->core);
        od__legs_forget(work->core);
    }
    if (!od__database_in_transaction(work->database))
        return ran != OD_OK ? ran : OD_INTERNAL; /* the database gave it up */
    return OD_OK;
}

/* What this transaction knew may be what was taken back: a campaign's rules under a revision that another will have. */
static void forget(od_work *work) {
    od__pace_forget(work);
    od__campaign_forget(work);
    od__journal_forget(work);
    od__judged_forget(work);
    od__rulebook_forget(work->core->rulebook);
    work->list_campaign_id = 0;
}

/* A failed verb leaves no trace: what it wrote is taken back, what the others wrote is kept. */
static od_status run_guarded(od_work *work, od_task *task) {
    od_error grave = OD_ERROR_INIT;
    od_status status = od__execute(work->database, &grave, "SAVEPOINT verb", "");
    if (status != OD_OK) {
        task->error = grave;
        return status;
    }
    status = run_verb(work, task);
    if (status == OD_OK && task->error.code != OD_OK) {
        status = od__execute(work->database, NULL, "ROLLBACK TO verb", "");
        forget(work);
    }
    if (status == OD_OK)
        status = od__execute(work->database, NULL, "RELEASE verb", "");
    return status;
}

/* Without a savepoint, which costs more than many a verb: one that fails after it has written spoils the transaction. */
static od_status run_bare(od_work *work, od_task *task, bool *spoiled) {
    int64_t before = od__database_total_changes(work->database);
    od_status status = run_verb(work, task);
    task->spoiled = status == OD_OK && task->error.code != OD_OK && od__database_total_changes(work->database) != before;
    *spoiled = task->spoiled;
    return status;
}

static bool may_run(const od_work *work, od_task *task, const od_error *no_lease) {
    if (task->spoiled)
        return false;
    if (!task->verb->worker)
        return true;
    if (work->core->owner == NULL)
        od__error_set(&task->error, OD_VALIDATION, "%s: this store has not registered as a worker", task->verb->name);
    else if (no_lease->code != OD_OK)
        task->error = *no_lease;
    else if (work->resigned)
        od__error_set(&task->error, OD_UNAVAILABLE, "the lease was lost: this worker has resigned");
    return task->error.code == OD_OK;
}

static bool any_writes(od_task **tasks, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (!tasks[i]->verb->reads && !tasks[i]->reads)
            return true;
    }
    return false;
}

/* What a transaction changes in memory. */
typedef struct memory {
    const od_owner *owner;
    int64_t lease_boot_ms, seen_wall_ms, seen_now_ms;
} memory;

static memory remember(const od_store_core *core) {
    return (memory){ .owner = core->owner, .lease_boot_ms = core->owner != NULL ? core->owner->lease_boot_ms : 0,
                     .seen_wall_ms = core->seen_wall_ms, .seen_now_ms = core->seen_now_ms };
}

/* What was taken back in the database is taken back in memory as well: that the clock was seen to jump, too. */
static void take_back(od_store_core *core, const memory *before) {
    od__database_rollback(core->database);
    od__rulebook_forget(core->rulebook);
    od__claims_forget(core);
    od__legs_forget(core);
    if (core->owner != before->owner) {
        od__owner_free(core->owner);
        core->owner = NULL;
    } else if (core->owner != NULL) {
        core->owner->lease_boot_ms = before->lease_boot_ms;
    }
    core->seen_wall_ms = before->seen_wall_ms;
    core->seen_now_ms = before->seen_now_ms;
}

/* A verb that keeps something in memory cannot be run a second time. */
static bool can_repeat(od_task **tasks, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (tasks[i]->verb->free_state != NULL || tasks[i]->verb->in_memory)
            return false;
    }
    return true;
}

/* One transaction. *spoiled: it was rolled back because a verb failed half-way; the others are to be run again. */
static od_status run_once(od_group *group, od_task **tasks, size_t count, bool guarded, bool *spoiled, od_error *err) {
    od_store_core *core = &group->core;
    const memory before = remember(core);
    bool writes = any_writes(tasks, count);
    od_status status = od__database_begin(core->database, writes, err);
    if (status != OD_OK)
        return status;
    od_work work = {
        .core = core, .database = core->database,
        .wall_ms = od__clock_wall_ms(core->clock), .now_ms = od__clock_now_us(core->clock) / 1000,
    };
    od_error no_lease = OD_ERROR_INIT;
    if (writes && core->owner != NULL)
        status = od__owner_look(&work, &no_lease, err);
    work.has_lease = writes && core->owner != NULL && status == OD_OK && no_lease.code == OD_OK;
    for (size_t i = 0; i < count && status == OD_OK && !*spoiled; i++) {
        od__fault(tasks[i]->verb->name, "before");
        if (!may_run(&work, tasks[i], &no_lease))
            continue;
        status = guarded ? run_guarded(&work, tasks[i]) : run_bare(&work, tasks[i], spoiled);
        if (status != OD_OK && err->code == OD_OK)
            *err = tasks[i]->error;
    }
    od__fault("commit", "before");
    if (status == OD_OK && !*spoiled)
        status = od__database_commit(core->database, err);
    if (status != OD_OK || *spoiled)
        take_back(core, &before);
    return status;
}

/* Of all but the one that has failed: that failure stands. */
static void forget_results(od_task **tasks, size_t count) {
    for (size_t i = 0; i < count; i++) {
        od_value_unref(tasks[i]->result);
        tasks[i]->result = NULL;
        tasks[i]->again = false;
        if (!tasks[i]->spoiled)
            od__error_clear(&tasks[i]->error);
    }
}

static od_status run_all(od_group *group, od_task **tasks, size_t count, od_error *err) {
    bool spoiled = false, bare = can_repeat(tasks, count);
    od_status status = run_once(group, tasks, count, !bare, &spoiled, err);
    if (status != OD_OK || !spoiled)
        return status;
    spoiled = false;
    forget_results(tasks, count);
    return run_once(group, tasks, count, true, &spoiled, err);
}

void od__group_run(od_group *group, od_task **tasks, size_t count) {
    od_error err = OD_ERROR_INIT;
    for (size_t i = 0; i < count; i++)
        tasks[i]->again = false;
    od_status status = open_database(group, &err);
    if (status == OD_OK)
        status = run_all(group, tasks, count, &err);
    if (status != OD_OK) {
        if (err.code == OD_OK)
            od__error_set(&err, status, "the store's transaction failed");
        fail_all(tasks, count, &err);
        return;
    }
    for (size_t i = 0; i < count; i++)
        od__fault(tasks[i]->verb->name, "after");
}
