#include "request.h"

#include "base/error.h"
#include "base/memory.h"

/* ---- lists ---- */

static void take_out(od_request **first, od_request **last, od_request *request) {
    if (request->previous != NULL) {
        request->previous->next = request->next;
    } else {
        *first = request->next;
    }
    if (request->next != NULL) {
        request->next->previous = request->previous;
    } else if (last != NULL) {
        *last = request->previous;
    }
    request->next = request->previous = NULL;
}

static void list_pending(od_engine *engine, od_request *request) {
    request->next = engine->pending;
    if (request->next != NULL) request->next->previous = request;
    engine->pending = request;
    engine->pending_count++;
}

static void list_finished(od_engine *engine, od_request *request) {
    request->previous = engine->finished_last;
    if (request->previous != NULL) {
        request->previous->next = request;
    } else {
        engine->finished = request;
    }
    engine->finished_last = request;
}

/* ---- the life of a request ---- */

static void cancel_job(void *context) {
    od_request *request = context;
    request->kind->cancel(request, OD_CANCELED);
}

void od__request_init(od_request *request, const od_request_kind *kind, od_engine *engine, void *context) {
    /* Member by member: this runs once for each call, and the error's texts are long. */
    request->kind = kind;
    request->engine = engine;
    request->references = 2;
    request->finished = request->taken = request->cancel_asked = request->abandoned = false;
    od__error_init(&request->error);
    request->result = NULL;
    request->context = context;
    request->owner = NULL;
    request->next = request->previous = NULL;
    request->job = (od_job){ .fn = cancel_job, .context = request };
    list_pending(engine, request);
}

void od__request_hand_out(od_request *request, od_request **out) {
    if (out != NULL) {
        *out = request;
    } else {
        request->references--; /* not od_request_unref: nobody lost interest */
    }
}

/* The engine's reference goes: to the caller of take, or nowhere. */
static void leave_engine(od_request *request) {
    request->engine = NULL;
    request->taken = true;
}

void od__request_finish(od_request *request, od_value *result) {
    od_engine *engine = request->engine;
    od__loop_unpost(engine->loop, &request->job);
    take_out(&engine->pending, NULL, request);
    engine->pending_count--;
    request->finished = true;
    request->result = result;
    if (request->abandoned) {
        leave_engine(request);
        od_request_unref(request);
    } else {
        list_finished(engine, request);
    }
}

static od_request *take(od_engine *engine, od_request *request) {
    if (request == NULL) return NULL;
    take_out(&engine->finished, &engine->finished_last, request);
    leave_engine(request);
    return request;
}

od_request *od_engine_take(od_engine *engine) {
    return od__engine_take_of(engine, NULL);
}

od_request *od__engine_take_of(od_engine *engine, const void *owner) {
    od_request *request = engine->finished;
    while (request != NULL && request->owner != owner) request = request->next;
    return take(engine, request);
}

od_request *od__engine_take_any(od_engine *engine) {
    return take(engine, engine->finished);
}

od_request *od_request_ref(od_request *request) {
    request->references++;
    return request;
}

void od_request_unref(od_request *request) {
    if (request == NULL) return;
    if (--request->references > 0) {
        /* The last reference of an unfinished one is the engine's: nobody will ask for it any more. */
        if (request->references == 1 && !request->finished) request->abandoned = true;
        return;
    }
    od_value_unref(request->result);
    request->result = NULL;
    request->kind->free(request);
}

bool od_request_finished(const od_request *request) {
    return request->finished;
}

od_status od_request_status(const od_request *request) {
    return request->finished ? request->error.code : OD_OK;
}

const od_error *od_request_error(const od_request *request) {
    return &request->error;
}

const od_value *od_request_result(const od_request *request) {
    return request->result;
}

void *od_request_context(const od_request *request) {
    return request->context;
}

void od_request_cancel(od_request *request) {
    if (request->finished || request->cancel_asked) return;
    request->cancel_asked = true;
    od__loop_post(request->engine->loop, &request->job);
}

static int remaining_ms(od_engine *engine, int64_t until_us) {
    int64_t left_us = until_us - od__loop_now_us(engine->loop);
    return left_us <= 0 ? 0 : (int)((left_us - 1) / 1000 + 1); /* at most the int that the caller gave */
}

od_status od_request_wait(od_request *request, int timeout_ms, od_error *err) {
    if (!request->finished) {
        od_engine *engine = request->engine;
        int64_t until_us = od__loop_now_us(engine->loop) + (int64_t)timeout_ms * 1000;
        bool last = false;
        while (!request->finished) {
            if (last) return od__error_set(err, OD_TIMEOUT, "the request is still under way after %d ms", timeout_ms);
            int left_ms = timeout_ms < 0 ? -1 : remaining_ms(engine, until_us);
            last = left_ms == 0; /* what is ready by now still counts */
            od_status status = od_engine_step(engine, left_ms, err);
            if (status != OD_OK) return status;
        }
    }
    if (request->taken) return OD_OK;
    take_out(&request->engine->finished, &request->engine->finished_last, request);
    leave_engine(request);
    od_request_unref(request);
    return OD_OK;
}

/* ---- a timer as a request ---- */

typedef struct sleep_request {
    od_request base;
    od_timer timer;
} sleep_request;

static const char *reason(od_status code) {
    return code == OD_CLOSED ? "the engine was closed" : "the caller took it back";
}

static void sleep_over(void *context) {
    od__request_finish(context, NULL);
}

static void sleep_cancel(od_request *request, od_status code) {
    sleep_request *self = (sleep_request *)request;
    od__loop_timer_stop(request->engine->loop, &self->timer);
    od__error_set(&request->error, code, "%s", reason(code));
    od__request_finish(request, NULL);
}

static void plain_free(od_request *request) {
    od__free(request);
}

od_status od_engine_sleep(od_engine *engine, int64_t delay_ms, od_request **out, od_error *err) {
    static const od_request_kind kind = { .cancel = sleep_cancel, .free = plain_free };
    if (out != NULL) *out = NULL;
    sleep_request *self = od__calloc(1, sizeof *self);
    if (self == NULL) return od__error_no_memory(err);
    int64_t now_us = od__loop_now_us(engine->loop);
    if (delay_ms < 0) delay_ms = 0;
    int64_t due_us = delay_ms > (INT64_MAX - now_us) / 1000 ? INT64_MAX : now_us + delay_ms * 1000;
    self->timer = (od_timer){ .fn = sleep_over, .context = self };
    od_status status = od__loop_timer_start(engine->loop, &self->timer, due_us, err);
    if (status != OD_OK) {
        od__free(self);
        return status;
    }
    od__request_init(&self->base, &kind, engine, NULL);
    od__request_hand_out(&self->base, out);
    return OD_OK;
}

/* ---- a descriptor as a request ---- */

typedef struct await_request {
    od_request base;
    int descriptor;
} await_request;

static void await_ready(void *context, int fd, unsigned ready) {
    (void)ready; /* an error or a hang-up is found by reading, too */
    await_request *self = context;
    od__loop_detach(self->base.engine->loop, fd);
    od__request_finish(&self->base, NULL);
}

static void await_cancel(od_request *request, od_status code) {
    await_request *self = (await_request *)request;
    od__loop_detach(request->engine->loop, self->descriptor);
    od__error_set(&request->error, code, "%s", reason(code));
    od__request_finish(request, NULL);
}

od_status od_engine_await(od_engine *engine, int descriptor, od_request **out, od_error *err) {
    static const od_request_kind kind = { .cancel = await_cancel, .free = plain_free };
    if (out != NULL) *out = NULL;
    await_request *self = od__calloc(1, sizeof *self);
    if (self == NULL) return od__error_no_memory(err);
    self->descriptor = descriptor;
    od_status status = od__loop_attach(engine->loop, descriptor, OD_LOOP_READ, await_ready, self, err);
    if (status != OD_OK) {
        od__free(self);
        return status;
    }
    od__request_init(&self->base, &kind, engine, NULL);
    od__request_hand_out(&self->base, out);
    return OD_OK;
}
