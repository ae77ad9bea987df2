#include "store/store.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/nearest.h"
#include "store/group.h"

/* One verb under way. While the thread has it, only the thread touches what is not the request's. */
typedef struct verb_request {
    od_request base;             /* first: the kind's functions get this */
    od_store *store;
    od_task task;
    struct verb_request *next;
} verb_request;

typedef struct verb_queue {
    verb_request *first, **last;
    size_t count;
} verb_queue;

struct od_store {
    od_engine *engine;
    od_group *group;
    verb_queue asked;            /* of this round of the loop: no thread has them yet */
    od_job job;                  /* for what was asked, once the round is over: gives it to the thread, or runs it */
    bool threaded;
    pthread_t thread;
    pthread_mutex_t lock;        /* of what follows, up to the blank line */
    pthread_cond_t handed_over;
    verb_queue waiting, finished;
    bool ending;

    int finished_fd;             /* readable when something finished */
};

static void queue_init(verb_queue *queue) {
    *queue = (verb_queue){ .last = &queue->first };
}

static void queue_add(verb_queue *queue, verb_request *request) {
    request->next = NULL;
    *queue->last = request;
    queue->last = &request->next;
    queue->count++;
}

static verb_request *queue_take(verb_queue *queue) {
    verb_request *request = queue->first;
    if (request == NULL)
        return NULL;
    queue->first = request->next;
    if (queue->first == NULL)
        queue->last = &queue->first;
    queue->count--;
    return request;
}

/* Moves all of `from` behind what `to` has. */
static void queue_move(verb_queue *to, verb_queue *from) {
    if (from->first == NULL)
        return;
    *to->last = from->first;
    to->last = from->last;
    to->count += from->count;
    queue_init(from);
}

static bool queue_remove(verb_queue *queue, verb_request *request) {
    for (verb_request **at = &queue->first; *at != NULL; at = &(*at)->next) {
        if (*at != request)
            continue;
        *at = request->next;
        if (queue->last == &request->next)
            queue->last = at;
        queue->count--;
        return true;
    }
    return false;
}

/* ---- running ---- */

/* Runs up to OD_LIMIT_BATCH of the verbs in `batch` in one transaction; those that are not done go back to `again`. */
static void run_batch(od_store *store, verb_queue *batch, verb_queue *again, verb_queue *done) {
    od_task *tasks[OD_LIMIT_BATCH];
    verb_request *requests[OD_LIMIT_BATCH];
    size_t count = 0;
    while (count < OD_LIMIT_BATCH && (requests[count] = queue_take(batch)) != NULL) {
        tasks[count] = &requests[count]->task;
        count++;
    }
    od__group_run(store->group, tasks, count);
    for (size_t i = 0; i < count; i++)
        queue_add(tasks[i]->again ? again : done, requests[i]);
}

static void tell_loop(od_store *store) {
    uint64_t one = 1;
    ssize_t written = write(store->finished_fd, &one, sizeof(one)); /* fails only when it is readable already */
    (void)written;
}

static void *run_thread(void *context) {
    od_store *store = context;
    verb_queue batch, again, done;
    queue_init(&batch);
    queue_init(&again);
    queue_init(&done);
    pthread_mutex_lock(&store->lock);
    for (;;) {
        while (store->waiting.count == 0 && !store->ending)
            pthread_cond_wait(&store->handed_over, &store->lock);
        if (store->waiting.count == 0)
            break;
        for (size_t i = 0; i < OD_LIMIT_BATCH && store->waiting.count > 0; i++)
            queue_add(&batch, queue_take(&store->waiting));
        pthread_mutex_unlock(&store->lock);
        run_batch(store, &batch, &again, &done);
        pthread_mutex_lock(&store->lock);
        queue_move(&store->waiting, &again); /* behind what was asked meanwhile */
        bool told = store->finished.count > 0 || done.count == 0; /* what is there was told of and is not taken yet */
        queue_move(&store->finished, &done);
        if (told)
            continue;
        pthread_mutex_unlock(&store->lock); /* or the loop would wake up only to wait for it */
        tell_loop(store);
        pthread_mutex_lock(&store->lock);
    }
    pthread_mutex_unlock(&store->lock);
    return NULL;
}

/* ---- on the loop ---- */

/* One by one a round's verbs would be a transaction of the first and one of the rest, and a wake-up for each. */
static void hand_over(od_store *store) {
    if (store->asked.count == 0)
        return;
    pthread_mutex_lock(&store->lock);
    queue_move(&store->waiting, &store->asked);
    pthread_cond_signal(&store->handed_over);
    pthread_mutex_unlock(&store->lock);
}

static void finish(verb_request *request) {
    od_task *task = &request->task;
    request->base.error = task->error;
    od_value *result = task->result;
    task->result = NULL;
    od__request_finish(&request->base, result);
}

static void finish_all(od_store *store) {
    verb_queue finished;
    queue_init(&finished);
    pthread_mutex_lock(&store->lock);
    queue_move(&finished, &store->finished);
    pthread_mutex_unlock(&store->lock);
    for (verb_request *request; (request = queue_take(&finished)) != NULL;)
        finish(request);
}

static void on_finished(void *context, int fd, unsigned ready) {
    (void)ready;
    uint64_t count;
    ssize_t got = read(fd, &count, sizeof(count)); /* only empties it */
    (void)got;
    finish_all(context);
}

static void run_inline(od_store *store) {
    verb_queue again;
    queue_init(&again);
    run_batch(store, &store->asked, &again, &store->finished);
    queue_move(&store->asked, &again);
    if (store->asked.count > 0)
        od__loop_post(store->engine->loop, &store->job);
    finish_all(store);
}

static void on_round_over(void *context) {
    od_store *store = context;
    if (store->threaded)
        hand_over(store);
    else
        run_inline(store);
}

/* ---- the request ---- */

/* What the thread has already is not taken back: it is over soon, and half known would be worse. */
static void verb_cancel(od_request *base, od_status code) {
    verb_request *request = (verb_request *)base;
    od_store *store = request->store;
    bool removed = queue_remove(&store->asked, request);
    if (!removed) {
        pthread_mutex_lock(&store->lock);
        removed = queue_remove(&store->waiting, request);
        pthread_mutex_unlock(&store->lock);
    }
    if (!removed)
        return;
    od__error_set(&base->error, code, "%s", code == OD_CLOSED ? "the engine was closed" : "the caller took it back");
    od__request_finish(base, NULL);
}

static void verb_free(od_request *base) {
    verb_request *request = (verb_request *)base;
    od__task_clear(&request->task);
    od__free(request);
}

od_status od__store_submit_take(od_store *store, const char *name, od_value *params, void *context, od_request **out,
                                od_error *err) {
    static const od_request_kind kind = { .cancel = verb_cancel, .free = verb_free };
    if (out != NULL)
        *out = NULL;
    const od_verb *verb = od__verb_find(name);
    od_status status = verb != NULL ? od__shape_validate(verb->input, params, "", err)
                                    : od__error_set(err, OD_VALIDATION, "a store has no verb \"%s\"", name);
    verb_request *request = status == OD_OK ? od__alloc(sizeof(*request)) : NULL;
    if (request == NULL) {
        od_value_unref(params);
        return status != OD_OK ? status : od__error_no_memory(err);
    }
    request->store = store;
    request->next = NULL;
    od__task_init(&request->task, verb, params);
    od__request_init(&request->base, &kind, store->engine, context);
    queue_add(&store->asked, request);
    if (store->threaded && store->asked.count == OD_LIMIT_BATCH)
        hand_over(store); /* a transaction is full */
    else if (store->threaded)
        od__loop_post_last(store->engine->loop, &store->job);
    else
        od__loop_post(store->engine->loop, &store->job);
    od__request_hand_out(&request->base, out);
    return OD_OK;
}

od_status od_store_submit(od_store *store, const char *verb, const od_value *parameters, void *context, od_request **out,
                          od_error *err) {
    if (out != NULL)
        *out = NULL;
    od_value *copy = parameters != NULL ? od__value_copy(parameters) : od_value_new_object();
    if (copy == NULL)
        return od__error_no_memory(err);
    return od__store_submit_take(store, verb, copy, context, out, err);
}

const char *od_store_verb_at(size_t index) {
    const od_verb *verb = od__verb_at(index);
    return verb != NULL ? verb->name : NULL;
}

od_status od_store_verb_describe(const char *name, od_value **out, od_error *err) {
    const od_verb *verb = od__verb_find(name);
    od_value *fields = NULL;
    if (verb == NULL)
        return od__error_set(err, OD_VALIDATION, "a store has no verb \"%s\"", name);
    od_status status = od__shape_describe(verb->input, &fields, err);
    od_maker maker;
    od__make(&maker, err);
    od__make_failed(&maker, status);
    od__make_text(&maker, "name", verb->name);
    od__make_text(&maker, "summary", verb->summary);
    od__make_boolean(&maker, "worker", verb->worker);
    if (fields != NULL)
        od__make_value(&maker, "fields", fields);
    return od__made(&maker, out);
}

/* ---- opening and ending ---- */

static od_status start(od_store *store, od_error *err) {
    od_loop *loop = store->engine->loop;
    if (!store->threaded)
        return OD_OK;
    store->finished_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (store->finished_fd < 0)
        return od__error_set(err, OD_INTERNAL, "no descriptor for the store: %s", strerror(errno));
    od_status status = od__loop_watch(loop, store->finished_fd, OD_LOOP_READ, on_finished, store, err);
    if (status == OD_OK && pthread_create(&store->thread, NULL, run_thread, store) != 0) {
        od__loop_detach(loop, store->finished_fd);
        status = od__error_set(err, OD_INTERNAL, "no thread for the store");
    }
    if (status != OD_OK) {
        close(store->finished_fd);
        store->finished_fd = -1;
    }
    return status;
}

od_status od_store_open(od_engine *engine, const char *path, bool create, od_store **out, od_error *err) {
    *out = NULL;
    od_store *store = od__calloc(1, sizeof(*store));
    if (store == NULL)
        return od__error_no_memory(err);
    store->engine = engine;
    store->threaded = engine->clock.is_system;
    store->finished_fd = -1;
    store->job = (od_job){ .fn = on_round_over, .context = store };
    queue_init(&store->asked);
    queue_init(&store->waiting);
    queue_init(&store->finished);
    od_status status = od__group_new(path, create, &engine->clock, &store->group, err);
    if (status == OD_OK) {
        pthread_mutex_init(&store->lock, NULL);
        pthread_cond_init(&store->handed_over, NULL);
        status = start(store, err);
        if (status != OD_OK) {
            pthread_cond_destroy(&store->handed_over);
            pthread_mutex_destroy(&store->lock);
        }
    }
    if (status != OD_OK) {
        od__group_free(store->group);
        od__free(store);
        return status;
    }
    engine->clients++;
    *out = store;
    return OD_OK;
}

void od_store_free(od_store *store) {
    if (store == NULL)
        return;
    if (store->threaded) {
        hand_over(store);
        pthread_mutex_lock(&store->lock);
        store->ending = true;
        pthread_cond_signal(&store->handed_over);
        pthread_mutex_unlock(&store->lock);
        pthread_join(store->thread, NULL);
        od__loop_detach(store->engine->loop, store->finished_fd);
        close(store->finished_fd);
        finish_all(store);
    } else {
        while (store->asked.count > 0)
            run_inline(store);
    }
    od__loop_unpost(store->engine->loop, &store->job);
    od__group_free(store->group);
    pthread_cond_destroy(&store->handed_over);
    pthread_mutex_destroy(&store->lock);
    store->engine->clients--;
    od__free(store);
}
