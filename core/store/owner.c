#include "store/owner.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "store/campaign.h"
#include "store/journal.h"
#include "store/leg.h"
#include "store/pace.h"
#include "store/rulebook.h"
#include "store/schema.h"
#include "store/tables.h"
#include "store/verbs.h"

#define JUMP_AHEAD_MS 60000
#define JUMP_BACK_MS 2000

/* ---- the lock ---- */

static od_status open_lock(const od_database *database, int *out, od_error *err) {
    char path[4096];
    int length = snprintf(path, sizeof(path), "%s.lock", od__database_file(database));
    if (length < 0 || (size_t)length >= sizeof(path))
        return od__error_set(err, OD_VALIDATION, "the store's path is too long");
    *out = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    return *out >= 0 ? OD_OK : od__error_set(err, OD_UNAVAILABLE, "%s: %s", path, strerror(errno));
}

static struct flock byte_of(int64_t owner_id) {
    return (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = (off_t)owner_id, .l_len = 1 };
}

static bool lock_byte(int fd, int64_t owner_id) {
    struct flock lock = byte_of(owner_id);
    return fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

bool od__owner_byte_is_free(int fd, int64_t owner_id) {
    struct flock lock = byte_of(owner_id);
    return fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type == F_UNLCK;
}

void od__owner_boot_id(char out[OD_BOOT_ID_BYTES]) {
    snprintf(out, OD_BOOT_ID_BYTES, "unknown");
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    ssize_t got = read(fd, out, OD_BOOT_ID_BYTES - 1);
    close(fd);
    if (got == OD_BOOT_ID_BYTES - 1)
        out[got] = '\0';
    else
        snprintf(out, OD_BOOT_ID_BYTES, "unknown");
    if (od__tunable("OUTDIAL_BOOT", 0) > 0)
        snprintf(out, OD_BOOT_ID_BYTES, "boot %d", od__tunable("OUTDIAL_BOOT", 0));
}

void od__owner_free(od_owner *owner) {
    if (owner == NULL)
        return;
    close(owner->lock_fd);
    od__free(owner);
}

/* ---- who is dead ---- */

typedef struct other {
    int64_t id, lease_boot_ms;
    bool running, same_boot;
} other;

static od_status read_other(od_work *work, const char *boot_id, int64_t after, other *out, bool *found, od_error *err) {
    od_query query;
    *found = false;
    od__query(&query, work->database, err,
              "SELECT id, lease_boot_ms, state = 'running', boot_id = ?1 FROM owner"
              " WHERE state IN ('running', 'expired') AND id > ?2 ORDER BY id LIMIT 1",
              "ti", boot_id, after);
    if (od__query_row(&query)) {
        *found = true;
        *out = (other){ .id = od__query_integer(&query, 0), .lease_boot_ms = od__query_integer(&query, 1),
                        .running = od__query_integer(&query, 2) != 0, .same_boot = od__query_integer(&query, 3) != 0 };
    }
    return od__query_end(&query);
}

static bool is_dead(const od_owner *me, const other *owner) {
    return !owner->same_boot || od__owner_byte_is_free(me->lock_fd, owner->id);
}

od_status od__owner_proven_dead(od_work *work, int64_t owner_id, bool *dead, od_error *err) {
    od_query query;
    *dead = false;
    od__query(&query, work->database, err, "SELECT state FROM owner WHERE id = ?1", "i", owner_id);
    if (od__query_row(&query)) {
        const char *state = od__query_text(&query, 0);
        *dead = strcmp(state, "dead") == 0 || strcmp(state, "stopped") == 0;
    }
    return od__query_end(&query);
}

/* What an owner leaves behind: nothing of it is ever sent (R2); what it may have sent is in doubt. */
static od_status inherit(od_work *work, int64_t id, const char *cause, od_error *err) {
    od_database *db = work->database;
    od__pace_forget(work);
    od_status status = od__journal_execute(work, err,
        "INSERT INTO journal(at_ms, campaign_id, contact_id, attempt_id, leg_id, event, data)"
        " SELECT ?2, campaign_id, contact_id, attempt_id, id, 'in_doubt', json_object('cause', ?3) FROM leg"
        " WHERE owner_id = ?1 AND state = 0", "iit", id, work->wall_ms, cause);
    if (status == OD_OK)
        status = od__execute(db, err,
                             "UPDATE contact SET state = 3, why = 'in_doubt', version = version + 1 WHERE state = 2 AND id IN"
                             " (SELECT contact_id FROM leg WHERE owner_id = ?1 AND state = 0)", "i", id);
    if (status == OD_OK)
        status = od__execute(db, err,
                             "UPDATE leg SET state = 1, cause = ?2, settled_ms = ?3, version = version + 1"
                             " WHERE owner_id = ?1 AND state = 0", "iti", id, cause, work->wall_ms);
    if (status == OD_OK)
        status = od__execute(db, err, "UPDATE leg SET follower_id = NULL WHERE " OD_SCHEMA_SENT " AND follower_id = ?1", "i", id);
    if (status == OD_OK)
        status = od__execute(db, err, "DELETE FROM claim WHERE owner_id = ?1", "i", id);
    return status;
}

static od_status find_between_legs(od_work *work, int64_t id, od_leg_row *out, od_error *err) {
    od_query query;
    *out = (od_leg_row){ 0 };
    od__query(&query, work->database, err,
              "SELECT id, contact_id FROM attempt a WHERE open = 1 AND NOT EXISTS (SELECT 1 FROM leg WHERE attempt_id = a.id AND"
              " open = 1) AND (SELECT owner_id FROM leg WHERE attempt_id = a.id ORDER BY ordinal DESC LIMIT 1) = ?1 LIMIT 1",
              "i", id);
    if (od__query_row(&query)) {
        out->attempt_id = od__query_integer(&query, 0);
        out->contact_id = od__query_integer(&query, 1);
    }
    return od__query_end(&query);
}

/* Attempts between two legs, whose owner is gone: nothing of them was placed, so they are given back. */
static od_status give_back_between_legs(od_work *work, int64_t id, od_error *err) {
    const od_decision ready = { .state = OD_CONTACT_ready };
    for (;;) {
        od_leg_row attempt;
        od_status status = find_between_legs(work, id, &attempt, err);
        if (status != OD_OK || attempt.attempt_id == 0)
            return status;
        status = od__attempt_end(work, &attempt, false, NULL, NULL, NULL, work->wall_ms, err);
        if (status == OD_OK)
            status = od__contact_decide(work, attempt.contact_id, -1, &ready, err);
        if (status != OD_OK)
            return status;
    }
}

static od_status end_owner(od_work *work, int64_t id, const char *state, const char *cause, od_error *err) {
    od_status status = inherit(work, id, cause, err);
    if (status == OD_OK)
        status = give_back_between_legs(work, id, err);
    if (status == OD_OK)
        status = od__execute(work->database, err,
                             "UPDATE owner SET state = ?2, epoch = epoch + 1, ended_ms = ?3 WHERE id = ?1", "iti", id, state,
                             work->wall_ms);
    return status;
}

/* Takes over from every owner that is dead or has let its lease run out. */
static od_status take_over(od_work *work, int64_t *count, od_error *err) {
    const od_owner *me = work->core->owner;
    char boot_id[OD_BOOT_ID_BYTES];
    od__owner_boot_id(boot_id);
    other owner = { 0 };
    bool found = true;
    *count = 0;
    for (;;) {
        od_status status = read_other(work, boot_id, owner.id, &owner, &found, err);
        if (status != OD_OK || !found)
            return status;
        if (owner.id == me->id)
            continue;
        bool dead = is_dead(me, &owner), expired = owner.running && owner.lease_boot_ms <= work->now_ms;
        if (!dead && !expired)
            continue;
        od__fault("takeover", "before");
        if (dead) {
            status = end_owner(work, owner.id, "dead", "the process that was to send it has died", err);
            *count += owner.running ? 1 : 0;
        } else {
            status = end_owner(work, owner.id, "expired", "the lease of the process that was to send it has run out", err);
            *count += 1;
        }
        if (status != OD_OK)
            return status;
        od__fault("takeover", "after");
    }
}

/* ---- clocks ---- */

static od_status check_clocks(od_work *work, int64_t *jumped_ms, od_error *err) {
    od_store_core *core = work->core;
    int64_t jumped = core->seen_now_ms == 0
                         ? 0
                         : (work->wall_ms - core->seen_wall_ms) - (work->now_ms - core->seen_now_ms);
    core->seen_wall_ms = work->wall_ms;
    core->seen_now_ms = work->now_ms;
    *jumped_ms = jumped > JUMP_AHEAD_MS || jumped < -JUMP_BACK_MS ? jumped : 0;
    if (*jumped_ms == 0)
        return OD_OK;
    char why[96];
    od__campaign_forget(work);
    snprintf(why, sizeof(why), "the clock jumped by %" PRId64 " s: see that it is right, then resume", jumped / 1000);
    od_status status = od__execute(work->database, err,
                                   "UPDATE campaign SET state = 'held', why = ?1, by_whom = NULL WHERE state = 'running'", "t", why);
    return status == OD_OK ? od__journal(work, &(od_entry){ .event = "clock_jumped", .text = why }, err) : status;
}

od_status od__owner_clock_runs_since(od_work *work, int64_t *wall_ms, od_error *err) {
    od_query query;
    *wall_ms = 0;
    od__query(&query, work->database, err,
              "SELECT coalesce(max(at_ms), 0) FROM journal WHERE campaign_id IS NULL AND contact_id IS NULL AND event = 'clock_jumped'",
              "");
    if (od__query_row(&query))
        *wall_ms = od__query_integer(&query, 0);
    return od__query_end(&query);
}

static od_status read_lease(od_work *work, bool *stands, od_error *err) {
    const od_owner *me = work->core->owner;
    od_query query;
    *stands = false;
    od__query(&query, work->database, err, "SELECT 1 FROM owner WHERE id = ?1 AND epoch = ?2 AND state = 'running'", "ii",
              me->id, me->epoch);
    if (od__query_row(&query))
        *stands = true;
    return od__query_end(&query);
}

od_status od__owner_look(od_work *work, od_error *no_lease, od_error *err) {
    bool stands = false;
    int64_t jumped_ms;
    od_status status = check_clocks(work, &jumped_ms, err);
    if (status == OD_OK)
        status = read_lease(work, &stands, err);
    if (status != OD_OK)
        return status;
    if (od__mutant("no_lease_check"))
        return OD_OK;
    if (!stands)
        od__error_set(no_lease, OD_UNAVAILABLE, "the lease was lost: another process has taken this worker's part over");
    else if (work->core->owner->lease_boot_ms <= work->now_ms)
        od__error_set(no_lease, OD_UNAVAILABLE, "the lease has run out: this worker was not heard of for %d s",
                      OD_LEASE_MS / 1000);
    return OD_OK;
}

/* ---- verbs ---- */

static od_status write_owner(od_work *work, od_owner *owner, od_error *err) {
    char host[256] = "", boot_id[OD_BOOT_ID_BYTES];
    (void)gethostname(host, sizeof(host) - 1); /* only for people to read */
    od__owner_boot_id(boot_id);
    od_query query;
    od__query(&query, work->database, err, "SELECT coalesce(max(id), 0) + 1 FROM owner", "");
    if (od__query_row(&query))
        owner->id = od__query_integer(&query, 0);
    od_status status = od__query_end(&query);
    if (status != OD_OK)
        return status;
    if (!lock_byte(owner->lock_fd, owner->id))
        return od__error_set(err, OD_UNAVAILABLE, "the store's lock cannot be taken: %s", strerror(errno));
    owner->epoch = 1;
    owner->lease_boot_ms = work->now_ms + OD_LEASE_MS;
    status = od__execute(work->database, err,
                         "INSERT INTO owner(id, epoch, state, boot_id, host, pid, started_ms, lease_boot_ms)"
                         " VALUES(?1, ?2, 'running', ?3, ?4, ?5, ?6, ?7)",
                         "iittiii", owner->id, owner->epoch, boot_id, host, (int64_t)getpid(), work->wall_ms,
                         owner->lease_boot_ms);
    /* Rate slots are on a clock that starts anew with the machine. */
    if (status == OD_OK)
        status = od__execute(work->database, err,
                             "DELETE FROM bucket WHERE full_boot_us > ?1 OR NOT EXISTS (SELECT 1 FROM owner WHERE boot_id = ?2"
                             " AND id <> ?3)", "iti", (work->now_ms + 3600000) * 1000, boot_id, owner->id);
    return status;
}

/* Workers of this store that live, this one included: they share what the vendors bear (R21). */
static od_status count_workers(od_work *work, int64_t *count, od_error *err) {
    od_query query;
    *count = 1;
    od__query(&query, work->database, err, "SELECT count(*) FROM owner WHERE state = 'running'", "");
    if (od__query_row(&query))
        *count = od__query_integer(&query, 0);
    return od__query_end(&query);
}

/* Takes zones; NULL: none has changed. */
static od_status lease_result(od_work *work, int64_t taken_over, od_value *zones, od_value **result, od_error *err) {
    const od_owner *owner = work->core->owner;
    int64_t workers;
    od_status status = count_workers(work, &workers, err);
    if (status != OD_OK) {
        od_value_unref(zones);
        return status;
    }
    od_maker maker;
    od__make(&maker, err);
    od__make_integer(&maker, "owner", owner->id);
    od__make_integer(&maker, "epoch", owner->epoch);
    od__make_integer(&maker, "lease_ms", OD_LEASE_MS);
    od__make_integer(&maker, "until_ms", owner->lease_boot_ms);
    od__make_integer(&maker, "taken_over", taken_over);
    od__make_integer(&maker, "workers", workers);
    if (zones != NULL)
        od__make_value(&maker, "zones", zones);
    return od__made(&maker, result);
}

od_status od__verb_register(od_work *work, const od_value *params, od_value **result, od_error *err) {
    (void)params;
    if (work->core->owner != NULL)
        return od__error_set(err, OD_VALIDATION, "this store has registered already");
    od_owner *owner = od__calloc(1, sizeof(*owner));
    if (owner == NULL)
        return od__error_no_memory(err);
    od_status status = open_lock(work->database, &owner->lock_fd, err);
    if (status != OD_OK) {
        od__free(owner);
        return status;
    }
    int64_t taken_over = 0;
    work->core->owner = owner;
    status = write_owner(work, owner, err);
    if (status == OD_OK)
        status = take_over(work, &taken_over, err);
    if (status == OD_OK)
        status = lease_result(work, taken_over, NULL, result, err);
    if (status != OD_OK) {
        od__owner_free(owner);
        work->core->owner = NULL;
    }
    return status;
}

od_status od__verb_beat(od_work *work, const od_value *params, od_value **result, od_error *err) {
    (void)params;
    od_owner *owner = work->core->owner;
    if (owner == NULL)
        return od__error_set(err, OD_VALIDATION, "beat: this store has not registered as a worker");
    bool stands;
    od_status status = read_lease(work, &stands, err);
    if (status != OD_OK)
        return status;
    if (!stands)
        return od__error_set(err, OD_UNAVAILABLE, "the lease was lost: another process has taken this worker's part over");
    int64_t lease_boot_ms = work->now_ms + OD_LEASE_MS, taken_over = 0;
    od_value *zones = NULL;
    status = od__execute(work->database, err, "UPDATE owner SET lease_boot_ms = ?2 WHERE id = ?1", "ii", owner->id,
                         lease_boot_ms);
    if (status == OD_OK)
        status = take_over(work, &taken_over, err);
    if (status == OD_OK)
        status = od__rulebook_refresh(work, &zones, err);
    if (status != OD_OK)
        return status;
    owner->lease_boot_ms = lease_boot_ms;
    return lease_result(work, taken_over, zones, result, err);
}

od_status od__verb_resign(od_work *work, const od_value *params, od_value **result, od_error *err) {
    (void)params;
    od_owner *owner = work->core->owner;
    if (owner == NULL)
        return od__error_set(err, OD_VALIDATION, "resign: this store has not registered as a worker");
    bool stands;
    od_status status = read_lease(work, &stands, err);
    if (status == OD_OK && stands)
        status = end_owner(work, owner->id, "stopped", "the process that was to send it has stopped", err);
    work->resigned = status == OD_OK;
    od_maker maker;
    od__make(&maker, err);
    od__make_failed(&maker, status);
    return od__made(&maker, result);
}
