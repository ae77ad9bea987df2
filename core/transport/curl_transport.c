/* curl_transport: the bottom layer of one client: its easy handles, its cookie jar, and the life of one try. */
#include "transport/curl_internal.h"

#include <string.h>

#include "base/error.h"
#include "base/fault.h"
#include "base/memory.h"

/* ---- slots ---- */

static void link_slot(od_curl_slot **list, od_curl_slot *slot) {
    slot->previous = NULL;
    slot->next = *list;
    if (*list != NULL)
        (*list)->previous = slot;
    *list = slot;
}

static void unlink_slot(od_curl_slot **list, od_curl_slot *slot) {
    if (slot->previous != NULL)
        slot->previous->next = slot->next;
    else
        *list = slot->next;
    if (slot->next != NULL)
        slot->next->previous = slot->previous;
}

static void on_give_up(void *context) {
    od_curl_slot *slot = context;
    if (slot->exchange != NULL)
        od__curl_slot_finish(slot, CURLE_OUT_OF_MEMORY);
}

static od_curl_slot *take_slot(od_curl_transport *self) {
    od_curl_slot *slot = self->idle;
    if (slot != NULL) {
        unlink_slot(&self->idle, slot);
        self->idle_count--;
    } else {
        slot = od__curl_slot_new(self);
        if (slot == NULL)
            return NULL;
        slot->give_up = (od_job){ .fn = on_give_up, .context = slot };
    }
    link_slot(&self->busy, slot);
    return slot;
}

static void give_slot_back(od_curl_slot *slot, bool reuse) {
    od_curl_transport *self = slot->owner;
    unlink_slot(&self->busy, slot);
    od__loop_unpost(self->network->loop, &slot->give_up);
    slot->exchange = NULL;
    if (!reuse || self->idle_count >= OD_CURL_IDLE_SLOTS) {
        od__curl_slot_free(slot);
        return;
    }
    link_slot(&self->idle, slot);
    self->idle_count++;
}

/* ---- one try ---- */

/* Takes the transfer off the network; the exchange keeps what came so far. */
static void stop_transfer(od_curl_slot *slot) {
    od_network *network = slot->owner->network;
    od__loop_timer_stop(network->loop, &slot->exchange->timer);
    slot->exchange->curl = NULL;
    curl_multi_remove_handle(network->multi, slot->easy);
}

static void unpark(void *context, od_exchange *exchange) {
    (void)exchange;
    od_curl_slot *slot = context;
    stop_transfer(slot);
    give_slot_back(slot, true);
}

static void on_timeout(void *context) {
    od_curl_slot *slot = context;
    slot->stop = OD_CURL_STOP_TIMEOUT;
    od__curl_slot_finish(slot, CURLE_OPERATION_TIMEDOUT);
}

static void read_failure(od_curl_slot *slot, CURLcode code) {
    od_exchange *exchange = slot->exchange;
    char host[OD_ERROR_CODE_BYTES];
    char text[CURL_ERROR_SIZE];
    long os_errno = 0;
    curl_easy_getinfo(slot->easy, CURLINFO_OS_ERRNO, &os_errno);
    od__curl_host(od__buffer_text(&exchange->request.url), host, sizeof(host));
    od__error_clean(text, sizeof(text), slot->text, strlen(slot->text));
    const od_curl_facts facts = {
        .code = code,
        .stop = slot->stop,
        .os_errno = (int)os_errno,
        .host = host,
        .text = text,
        .timeout_ms = exchange->timeout_ms,
        .connect_timeout_ms = slot->owner->connect_timeout_ms,
        .limit_bytes = slot->owner->response_limit_bytes,
    };
    /* Half an answer is none. */
    od__http_response_clear(&exchange->response);
    od__curl_result(&facts, exchange);
}

void od__curl_slot_finish(od_curl_slot *slot, CURLcode code) {
    od_exchange *exchange = slot->exchange;
    if (code == CURLE_OK && slot->stop == OD_CURL_STOP_NONE) {
        long status = 0;
        curl_easy_getinfo(slot->easy, CURLINFO_RESPONSE_CODE, &status);
        exchange->response.status = (int)status;
        if (exchange->rings)
            od__fault("answer", "after");
        /* It arrived; what it says is the judge's. */
        exchange->try_placement = exchange->rings ? OD_PLACEMENT_UNKNOWN : OD_PLACEMENT_NONE;
    } else {
        read_failure(slot, code);
    }
    stop_transfer(slot);
    give_slot_back(slot, true);
    od__exchange_unpark(exchange);
    od__exchange_finish(exchange);
}

static void forget_last_try(od_curl_transport *self, od_exchange *exchange) {
    exchange->sent = false;
    exchange->again = OD_AGAIN_NO;
    exchange->server_delay_ms = -1;
    exchange->try_placement = exchange->rings ? OD_PLACEMENT_NOT_PLACED : OD_PLACEMENT_NONE;
    od__error_clear(&exchange->error);
    od__http_response_clear(&exchange->response);
    exchange->response.body.limit_bytes = self->response_limit_bytes;
}

/* Gets the exchange onto the network. What fails here happened before any byte. */
static od_status start(od_curl_transport *self, od_exchange *exchange) {
    od_network *network = self->network;
    od_error *error = &exchange->error;
    od_curl_slot *slot = take_slot(self);
    if (slot == NULL)
        return od__error_no_memory(error);
    od_status status = od__curl_slot_prepare(slot, exchange, error);
    if (status == OD_OK && exchange->timeout_ms > 0) {
        exchange->timer.fn = on_timeout;
        exchange->timer.context = slot;
        int64_t due_us = od__loop_now_us(network->loop) + exchange->timeout_ms * INT64_C(1000);
        status = od__loop_timer_start(network->loop, &exchange->timer, due_us, error);
    }
    if (status == OD_OK) {
        CURLMcode code = curl_multi_add_handle(network->multi, slot->easy);
        if (code == CURLM_OK) {
            exchange->curl = slot;
            od__exchange_park(exchange, unpark, slot);
            return OD_OK;
        }
        od__loop_timer_stop(network->loop, &exchange->timer);
        status = code == CURLM_OUT_OF_MEMORY ? od__error_no_memory(error)
                                             : od__error_set(error, OD_INTERNAL, "libcurl refused the transfer: %s",
                                                             curl_multi_strerror(code));
    }
    give_slot_back(slot, false);
    return status;
}

static void send_exchange(od_transport *transport, od_exchange *exchange) {
    od_curl_transport *self = (od_curl_transport *)transport;
    forget_last_try(self, exchange);
    if (start(self, exchange) == OD_OK)
        return;
    exchange->error.placement = exchange->try_placement;
    od__network_fail_later(self->network, exchange);
}

/* ---- life ---- */

static void free_transport(od_transport *transport) {
    od_curl_transport *self = (od_curl_transport *)transport;
    /* Whoever frees a client has taken its exchanges back; one that is still here is its owner's alone. */
    for (od_curl_slot *slot; (slot = self->busy) != NULL;) {
        od_exchange *exchange = slot->exchange;
        stop_transfer(slot);
        give_slot_back(slot, false);
        od__exchange_unpark(exchange);
    }
    for (od_curl_slot *slot; (slot = self->idle) != NULL;) {
        unlink_slot(&self->idle, slot);
        od__curl_slot_free(slot);
    }
    if (self->cookies != NULL)
        curl_share_cleanup(self->cookies);
    od__free(self->ca_file);
    od__free(self);
}

od_status od__curl_transport_new(od_network *network, const od_curl_options *options, od_transport **out, od_error *err) {
    od_curl_transport *self = od__calloc(1, sizeof(*self));
    if (self == NULL)
        return od__error_no_memory(err);
    self->base = (od_transport){ .send = send_exchange, .free = free_transport };
    self->network = network;
    self->connect_timeout_ms =
        options->connect_timeout_ms > 0 ? options->connect_timeout_ms : OD_DEFAULT_CONNECT_TIMEOUT_MS;
    self->response_limit_bytes =
        options->response_limit_bytes > 0 ? options->response_limit_bytes : OD_LIMIT_RESPONSE_BYTES;
    self->direct = options->direct;
    self->allow_address = options->allow_address;
    bool complete = true;
    if (options->ca_file != NULL) {
        self->ca_file = od__strdup(options->ca_file);
        complete = self->ca_file != NULL;
    }
    if (complete && options->cookies) {
        /* One thread: no locks. */
        self->cookies = curl_share_init();
        complete = self->cookies != NULL &&
                   curl_share_setopt(self->cookies, CURLSHOPT_SHARE, CURL_LOCK_DATA_COOKIE) == CURLSHE_OK;
    }
    if (!complete) {
        free_transport(&self->base);
        return od__error_no_memory(err);
    }
    *out = &self->base;
    return OD_OK;
}
