#include "store/workers.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "store/owner.h"

/* The lock file, only to ask who holds what; -1: it is not there, so nobody does. */
static int open_lock(const od_database *database) {
    char path[4096];
    int length = snprintf(path, sizeof(path), "%s.lock", od__database_file(database));
    return length < 0 || (size_t)length >= sizeof(path) ? -1 : open(path, O_RDONLY | O_CLOEXEC);
}

static od_status add_worker(const od_query *query, int64_t now_ms, od_value *list, od_error *err) {
    bool silent = strcmp(od__query_text(query, 5), "running") != 0 || od__query_integer(query, 6) <= now_ms;
    od_maker maker;
    od__make(&maker, err);
    od__make_integer_column(&maker, "worker", query, 0);
    od__make_column(&maker, "campaign", query, 1);
    od__make_column(&maker, "host", query, 2);
    od__make_integer_column(&maker, "pid", query, 3);
    od__make_integer_column(&maker, "started_ms", query, 4);
    od__make_boolean(&maker, "silent", silent);
    return od__made_into(&maker, list);
}

od_status od__workers_list(od_work *work, int64_t campaign_id, od_value **out, od_error *err) {
    od_query query;
    od_status status = OD_OK;
    char boot_id[OD_BOOT_ID_BYTES];
    od_value *list = od_value_new_array();
    if (list == NULL)
        return od__error_no_memory(err);
    int lock_fd = open_lock(work->database);
    od__owner_boot_id(boot_id);
    od__query(&query, work->database, err,
              "SELECT o.id, c.name, o.host, o.pid, o.started_ms, o.state, o.lease_boot_ms FROM owner o"
              " LEFT JOIN campaign c ON c.id = o.campaign_id WHERE o.state IN ('running', 'expired') AND o.boot_id = ?1"
              " AND (?2 = 0 OR o.campaign_id = ?2) ORDER BY o.id", "ti", boot_id, campaign_id);
    while (status == OD_OK && od__query_row(&query)) {
        if (lock_fd >= 0 && !od__owner_byte_is_free(lock_fd, od__query_integer(&query, 0)))
            status = add_worker(&query, work->now_ms, list, err);
    }
    od_status ended = od__query_end(&query);
    if (lock_fd >= 0)
        close(lock_fd);
    if (status == OD_OK)
        status = ended;
    if (status == OD_OK)
        *out = list;
    else
        od_value_unref(list);
    return status;
}

int64_t od__workers_of(const od_value *list, const char *campaign) {
    int64_t count = 0;
    for (size_t i = 0; i < od_value_length(list); i++) {
        const od_value *worker = od_value_at(list, i);
        const char *runs = od__param_text(worker, "campaign");
        count += runs != NULL && strcmp(runs, campaign) == 0 && !od__param_is(worker, "silent") ? 1 : 0;
    }
    return count;
}
