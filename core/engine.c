#include "engine.h"

#include "base/error.h"
#include "base/memory.h"
#include "request.h"

od_status od_engine_new(const od_engine_options *options, od_engine **out, od_error *err) {
    *out = NULL;
    od_engine *engine = od__calloc(1, sizeof *engine);
    if (engine == NULL) return od__error_no_memory(err);
    od__clock_init(&engine->clock, options);
    od_status status = od__loop_new(&engine->clock, &engine->loop, err);
    if (status == OD_OK) status = od__network_new(engine->loop, &engine->network, err);
    if (status != OD_OK) {
        od__loop_free(engine->loop);
        od__free(engine);
        return status;
    }
    *out = engine;
    return OD_OK;
}

void od_engine_free(od_engine *engine) {
    if (engine == NULL) return;
    while (engine->pending != NULL) {
        od_request *request = engine->pending;
        request->kind->cancel(request, OD_CLOSED);
    }
    for (od_request *request; (request = od__engine_take_any(engine)) != NULL;) od_request_unref(request);
    od__network_free(engine->network);
    od__loop_free(engine->loop);
    od__free(engine);
}

od_status od_engine_step(od_engine *engine, int timeout_ms, od_error *err) {
    size_t pending = engine->pending_count;
    od__loop_run_due(engine->loop);
    /* Work that only led to more waiting is no reason to come back to the caller; a request that finished is. */
    bool wait = engine->pending_count == pending && pending > 0;
    return od__loop_step(engine->loop, wait ? timeout_ms : 0, err);
}

int od_engine_fd(od_engine *engine) {
    return od__loop_fd(engine->loop);
}

int od_engine_timeout_ms(od_engine *engine) {
    return od__loop_timeout_ms(engine->loop);
}

size_t od_engine_pending(const od_engine *engine) {
    return engine->pending_count;
}

void od_engine_wake(od_engine *engine) {
    od__loop_wake(engine->loop);
}

int64_t od_engine_now_ms(od_engine *engine) {
    return od__clock_now_us(&engine->clock) / 1000;
}

int64_t od_engine_wall_ms(od_engine *engine) {
    return od__clock_wall_ms(&engine->clock);
}
