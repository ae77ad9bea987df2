/* curl_network: libcurl's multi handle on the loop. The one per engine; its connections and names are shared by all
 * clients, their handles and cookies are not. */
#include "transport/curl_internal.h"

#include <pthread.h>
#include <stdio.h>

#include "base/error.h"
#include "base/memory.h"

/* ---- between libcurl and the loop ---- */

/* Makes the timer run in time for libcurl. A timer that is too early is left alone: it moves itself when it runs, which
 * is cheaper than following libcurl's every change of mind. */
static void set_timer(od_network *network) {
    if (network->due_us < 0 || (network->timer.position != 0 && network->timer.due_us <= network->due_us))
        return;
    /* Without memory for a timer libcurl is called in each step instead. */
    if (od__loop_timer_start(network->loop, &network->timer, network->due_us, NULL) != OD_OK)
        od__loop_post(network->loop, &network->kick);
}

static int on_curl_timer(CURLM *multi, long timeout_ms, void *context) {
    (void)multi;
    od_network *network = context;
    if (timeout_ms == 0) {
        network->due_us = -1;
        od__loop_post(network->loop, &network->kick);
        return 0;
    }
    network->due_us = timeout_ms < 0 ? -1 : od__loop_now_us(network->loop) + timeout_ms * INT64_C(1000);
    if (!network->inside)
        set_timer(network);
    return 0;
}

/* Finishes what libcurl has done. A listener may start or cancel any exchange meanwhile, so each message is asked for
 * anew. */
static void finish_done(od_network *network) {
    int left = 0;
    for (CURLMsg *message; (message = curl_multi_info_read(network->multi, &left)) != NULL;) {
        if (message->msg != CURLMSG_DONE)
            continue;
        char *slot = NULL;
        CURLcode code = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &slot);
        od__curl_slot_finish((od_curl_slot *)(void *)slot, code);
    }
}

static void run(od_network *network, curl_socket_t fd, int mask) {
    int running = 0;
    network->inside = true;
    /* Its own failures (out of memory) show as failing transfers, or as silence that the transfers' own timers end. */
    (void)curl_multi_socket_action(network->multi, fd, mask, &running);
    network->inside = false;
    set_timer(network);
    finish_done(network);
}

static void on_ready(void *context, int fd, unsigned ready) {
    int mask = ((ready & OD_LOOP_READ) != 0 ? CURL_CSELECT_IN : 0) | ((ready & OD_LOOP_WRITE) != 0 ? CURL_CSELECT_OUT : 0);
    run(context, fd, mask);
}

static void on_kick(void *context) {
    run(context, CURL_SOCKET_TIMEOUT, 0);
}

static void on_timer(void *context) {
    od_network *network = context;
    if (network->due_us < 0)
        return;
    if (network->due_us > od__loop_now_us(network->loop)) {
        set_timer(network);
        return;
    }
    network->due_us = -1;
    run(network, CURL_SOCKET_TIMEOUT, 0);
}

static int on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *socket_context) {
    (void)socket_context;
    od_network *network = context;
    unsigned interest = 0;
    if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
        interest |= OD_LOOP_READ;
    if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
        interest |= OD_LOOP_WRITE;
    if (od__loop_watch(network->loop, fd, interest, on_ready, network, NULL) == OD_OK)
        return 0;
    /* Failing here would end the multi handle for good. The transfer that needed the socket ends alone instead. */
    char *slot_pointer = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &slot_pointer);
    od_curl_slot *slot = (od_curl_slot *)(void *)slot_pointer;
    if (slot != NULL && slot->exchange != NULL) {
        slot->stop = OD_CURL_STOP_MEMORY;
        od__loop_post(network->loop, &slot->give_up);
    }
    return 0;
}

/* ---- exchanges that could not start ---- */

static void unlink_failed(void *context, od_exchange *exchange) {
    od_network *network = context;
    if (exchange->previous != NULL)
        exchange->previous->next = exchange->next;
    else
        network->failed_first = exchange->next;
    if (exchange->next != NULL)
        exchange->next->previous = exchange->previous;
    else
        network->failed_last = exchange->previous;
    exchange->next = exchange->previous = NULL;
}

void od__network_fail_later(od_network *network, od_exchange *exchange) {
    exchange->next = NULL;
    exchange->previous = network->failed_last;
    if (network->failed_last != NULL)
        network->failed_last->next = exchange;
    else
        network->failed_first = exchange;
    network->failed_last = exchange;
    od__exchange_park(exchange, unlink_failed, network);
    od__loop_post(network->loop, &network->fail);
}

static void on_fail(void *context) {
    od_network *network = context;
    /* Only what is there now: a listener that sends again and fails again comes in the next step. */
    od_exchange *last = network->failed_last;
    for (od_exchange *exchange; (exchange = network->failed_first) != NULL;) {
        bool was_last = exchange == last;
        unlink_failed(network, exchange);
        od__exchange_unpark(exchange);
        od__exchange_finish(exchange);
        if (was_last)
            break;
    }
    if (network->failed_first != NULL)
        od__loop_post(network->loop, &network->fail);
}

/* ---- life ---- */

od_status od__network_new(od_loop *loop, od_network **out, od_error *err) {
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return od__error_set(err, OD_INTERNAL, "libcurl cannot be initialised");
    od_network *network = od__calloc(1, sizeof(*network));
    CURLM *multi = network == NULL ? NULL : curl_multi_init();
    if (multi == NULL) {
        od__free(network);
        curl_global_cleanup();
        return od__error_no_memory(err);
    }
    network->loop = loop;
    network->multi = multi;
    network->due_us = -1;
    network->timer = (od_timer){ .fn = on_timer, .context = network };
    network->kick = (od_job){ .fn = on_kick, .context = network };
    network->fail = (od_job){ .fn = on_fail, .context = network };
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, network);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
    curl_multi_setopt(multi, CURLMOPT_TIMERDATA, network);
    curl_multi_setopt(multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
    curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)OD_LIMIT_CONNECTIONS);
    /* The documented default follows the number of transfers under way: it would close good connections as a burst ends. */
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)OD_LIMIT_CONNECTIONS);
    *out = network;
    return OD_OK;
}

void od__network_free(od_network *network) {
    if (network == NULL)
        return;
    curl_multi_cleanup(network->multi);
    od__loop_timer_stop(network->loop, &network->timer);
    od__loop_unpost(network->loop, &network->kick);
    od__loop_unpost(network->loop, &network->fail);
    od__free(network);
    curl_global_cleanup();
}

static char library[64];

static void write_library(void) {
    snprintf(library, sizeof(library), "libcurl/%s", curl_version_info(CURLVERSION_NOW)->version);
}

const char *od__network_library(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, write_library);
    return library;
}
