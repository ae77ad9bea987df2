/* Following a call: asks its vendor again and again, as the vendor's od_following says, until it is known whether the call
 * was placed or how it ended. What to ask and what an answer means is the vendor's; when, and for how long, is here.
 * An operation that is to wait until it is done is followed in the same way, from its own request on. Calls that are asked for
 * together have their rounds in rounds.c. */
#include "follow.h"

#include <string.h>

#include "base/error.h"
#include "base/fault.h"
#include "base/memory.h"
#include "json/value.h"

/* ---- its end ---- */

static void list(od_client *client, od_follow *self) {
    self->next = client->follows;
    if (self->next != NULL)
        self->next->previous = self;
    client->follows = self;
}

static void unlist(od_follow *self) {
    if (self->previous != NULL)
        self->previous->next = self->next;
    else
        self->client->follows = self->next;
    if (self->next != NULL)
        self->next->previous = self->previous;
    self->next = self->previous = NULL;
}

static void release(od_follow *self) {
    if (self->question != NULL)
        od__client_drop(self->question);
    od_value_unref(self->call);
    od_value_unref(self->memory);
    od__placing_clear(&self->placing);
    self->question = NULL;
    self->call = self->memory = NULL;
}

/* result is taken; the error of the request is set already if there is one. */
static void finish(od_follow *self, od_value *result) {
    od_loop *loop = self->client->engine->loop;
    od__loop_timer_stop(loop, &self->again);
    od__loop_timer_stop(loop, &self->deadline);
    release(self);
    od__rounds_leave(self);
    unlist(self);
    self->client = NULL;
    od__request_finish(&self->base, result);
}

/* What an error says of the placement that is waited for: once it is accepted, never send it again blindly. */
static od_placement placement_of_own(od_follow *self) {
    if (self->own == NULL || !od__operation_rings(self->own, self->call))
        return OD_PLACEMENT_NONE;
    if (self->own_answered || self->question == NULL)
        return OD_PLACEMENT_UNKNOWN;
    od_client_call *question = self->question;
    self->question = NULL;
    return od__client_drop(question);
}

/* Ends it with the error that the request has. */
static void fail(od_follow *self) {
    self->base.error.placement = placement_of_own(self);
    finish(self, NULL);
}

static void cancel_follow(od_request *request, od_status code) {
    od_placement placement = placement_of_own((od_follow *)request);
    od__error_clear(&request->error);
    od__error_set(&request->error, code, "%s", code == OD_CLOSED ? "the client or engine was closed"
                                                                 : "the request was canceled");
    request->error.placement = placement;
    finish((od_follow *)request, NULL);
}

static void free_follow(od_request *request) {
    od_follow *self = (od_follow *)request;
    release(self);
    od__free(self);
}

static const od_request_kind follow_kind = { .cancel = cancel_follow, .free = free_follow };

static void on_deadline(void *context) {
    od_follow *self = context;
    od_error *err = &self->base.error;
    if (self->own == NULL) {
        od__error_set(err, OD_TIMEOUT, "the call has not ended within %lld ms", (long long)self->timeout_ms);
        err->retryable = true;
    } else if (err->code == OD_OK) {
        od__error_set(err, OD_TIMEOUT, "%s was accepted, and not confirmed within %lld ms", self->own->name,
                      (long long)self->timeout_ms);
    }
    fail(self);
}

/* ---- what is known, as a result ---- */

#define ACCEPTED 200 /* the HTTP status of an answer that was good */

static void finish_settled(od_follow *self, const od_report *report) {
    od_error *err = &self->base.error;
    od_value *result = NULL;
    od__error_clear(err);
    if (!self->is_placing)
        result = od_value_ref(report->raw);
    else if (od__placing_result(self->client->vendor, self->own, ACCEPTED, self->call, report->raw, &self->placing,
                                &result, err) != OD_OK)
        err->placement = placement_of_own(self);
    finish(self, result);
}

static void finish_known(od_follow *self, const od_report *report) {
    od_value *result = NULL;
    if (self->purpose == OD_PURPOSE_SETTLE) {
        finish_settled(self, report);
        return;
    }
    (void)od__follow_result(self->purpose, self->call, report, &result, &self->base.error);
    finish(self, result);
}

static void clear_report(od_report *report) {
    od_value_unref(report->call);
    od_value_unref(report->raw);
}

/* ---- asking and learning ---- */

static void answered(void *context, od_value *result, const od_error *error);

od_followed od__follow_seen(const od_follow *self) {
    const od_client *client = self->client;
    return (od_followed){ .vendor = client->vendor, .options = client->options, .purpose = self->purpose, .call = self->call,
                          .now_ms = od__clock_wall_ms(&client->engine->clock) };
}

/* Asks the next question, by itself or with others, or waits for an event. The error is the request's to end with. */
static od_status ask(od_follow *self, od_error *err) {
    if (od__follow_has_rounds(self))
        return od__rounds_join(self, err);
    const od_followed about = od__follow_seen(self);
    const od_operation *operation = NULL;
    od_value *parameters = NULL;
    od_status status = self->how->ask(&about, self->memory, &operation, &parameters, err);
    if (status == OD_OK && operation == NULL) {
        if (self->how->hear == NULL)
            status = od__error_set(err, OD_INTERNAL, "%s has nothing to ask, and no event will tell", about.vendor->name);
    } else if (status == OD_OK && od__operation_rings(operation, parameters)) {
        status = od__error_set(err, OD_INTERNAL, "%s rings, and following a call never does", operation->name);
    } else if (status == OD_OK) {
        self->asked = operation;
        return od__client_ask(self->client, &(od_making){ .operation = operation, .parameters = parameters }, NULL, answered,
                              self, &self->question, err);
    }
    od_value_unref(parameters);
    return status;
}

static void learn(od_follow *self, const od_reply *reply);
static bool hear(od_follow *self, const char *channel, const od_value *data);

/* Hears what was said before it began, once. Returns whether that was the end of it. */
static bool looks_back(od_follow *self) {
    if (self->has_looked_back || self->how->hear == NULL)
        return false;
    const od_client *client = self->client;
    const char *channel;
    const od_value *data;
    uint64_t index = 0;
    bool over = false;
    self->has_looked_back = true;
    while (!over && od__heard_next(client, &index, self->heard_before, &channel, &data))
        over = hear(self, channel, data);
    return over;
}

static void ask_again(void *context) {
    od_follow *self = context;
    if (looks_back(self))
        return;
    if (ask(self, &self->base.error) != OD_OK)
        fail(self);
    else if (self->question == NULL && self->purpose != OD_PURPOSE_TRACK)
        learn(self, &(od_reply){ 0 });
}

/* These return whether it is over. */
static bool plan(od_follow *self, int64_t again_ms) {
    od_loop *loop = self->client->engine->loop;
    int64_t now_us = od__loop_now_us(loop);
    int64_t due_us = again_ms > (INT64_MAX - now_us) / 1000 ? INT64_MAX : now_us + again_ms * 1000;
    bool over = od__loop_timer_start(loop, &self->again, due_us, &self->base.error) != OD_OK;
    if (over)
        fail(self);
    return over;
}

static bool learned(od_follow *self, od_status status, od_report *report) {
    if (status != OD_OK) {
        fail(self);
    } else if (report->done) {
        finish_known(self, report);
    } else if (report->again_ms >= 0) {
        return plan(self, report->again_ms / od__tunable("OUTDIAL_FOLLOW_SPEED", 1));
    } else if (self->how->hear != NULL) {
        return false;
    } else {
        od__error_set(&self->base.error, OD_INTERNAL, "%s waits for an event, and has none",
                      self->client->vendor->name);
        fail(self);
    }
    return true;
}

static void learn(od_follow *self, const od_reply *reply) {
    const od_followed about = od__follow_seen(self);
    od_report report = { 0 };
    od_error error = OD_ERROR_INIT;
    od_status status = self->how->learn(&about, reply, &self->memory, &report, &error);
    if (status != OD_OK)
        self->base.error = error;
    (void)learned(self, status, &report);
    clear_report(&report);
}

bool od__follow_has_rounds(const od_follow *self) {
    return self->purpose == OD_PURPOSE_TRACK && self->how->rounds != NULL;
}

void od__follow_told(od_follow *self, const od_value *round, bool over, const od_error *failure) {
    od_report report = { 0 };
    od_error error = OD_ERROR_INIT;
    if (looks_back(self))
        return;
    const od_followed about = od__follow_seen(self);
    od_status status = self->how->rounds->learn(&about, round, over, failure, &self->memory, &report, &error);
    if (status != OD_OK)
        self->base.error = error;
    if (status != OD_OK || report.done || over)
        (void)learned(self, status, &report);
    clear_report(&report);
}

void od__follow_fail(od_follow *self, const od_error *error) {
    self->base.error = *error;
    fail(self);
}

static od_status start_deadline(od_follow *self, int64_t timeout_ms, od_error *err) {
    od_loop *loop = self->client->engine->loop;
    int64_t now_us = od__loop_now_us(loop);
    self->timeout_ms = timeout_ms;
    if (timeout_ms <= 0)
        return OD_OK;
    int64_t due_us = timeout_ms > (INT64_MAX - now_us) / 1000 ? INT64_MAX : now_us + timeout_ms * 1000;
    return od__loop_timer_start(loop, &self->deadline, due_us, err);
}

static int64_t wait_ms(const od_follow *self) {
    const od_value *wait = od_value_get(self->call, "wait");
    return od_value_type(wait) == OD_TYPE_BOOLEAN ? self->own->settling->wait_ms
                                                  : (int64_t)(od_value_number(wait) * 1000 + 0.5);
}

/* A failure that leaves it open whether the operation was accepted is waited out, too: an event may tell. */
static void own_answered(od_follow *self, const od_reply *reply) {
    self->own_answered = true;
    if (reply->failure != NULL)
        self->base.error = *reply->failure;
    if (reply->failure != NULL && reply->failure->placement != OD_PLACEMENT_UNKNOWN)
        finish(self, NULL);
    else if (start_deadline(self, wait_ms(self), &self->base.error) != OD_OK)
        fail(self);
    else
        learn(self, reply);
}

static void answered(void *context, od_value *result, const od_error *error) {
    od_follow *self = context;
    bool is_own = self->own != NULL && !self->own_answered;
    const od_reply reply = { .operation = is_own ? self->own : self->asked, .result = result,
                               .failure = result != NULL ? NULL : error };
    self->question = NULL;
    if (is_own)
        own_answered(self, &reply);
    else if (!looks_back(self))
        learn(self, &reply);
    od_value_unref(result);
}

/* ---- events ---- */

/* Returns whether it is over. */
static bool hear(od_follow *self, const char *channel, const od_value *data) {
    const od_followed about = od__follow_seen(self);
    od_report report = { .again_ms = -1 };
    od_error error = OD_ERROR_INIT;
    od_status status = self->how->hear(&about, channel, data, &self->memory, &report, &error);
    if (status != OD_OK)
        self->base.error = error;
    /* An answer that is on its way tells more than asking again would. */
    bool asking = (self->question != NULL || self->lane != NULL) && status == OD_OK && !report.done;
    bool over = !asking && learned(self, status, &report);
    clear_report(&report);
    return over;
}

void od__follow_hear(od_client *client, const char *channel, const od_value *data) {
    if (client->vendor->following != NULL && client->vendor->following->hear != NULL)
        od__heard_add(client, channel, data);
    for (od_follow *self = client->follows, *next; self != NULL; self = next) {
        next = self->next;
        if (self->how->hear != NULL && !looks_back(self))
            (void)hear(self, channel, data);
    }
}

void od__follow_close(od_client *client, od_status code) {
    while (client->follows != NULL)
        cancel_follow(&client->follows->base, code);
    od__rounds_free(client);
    od__heard_free(client);
}

/* ---- starting ---- */

static const od_shape unix_seconds = { .kind = OD_KIND_NUMBER, .number_min = 0, .number_max = 1e11,
                                       .expected = "a time in Unix seconds" };
static const od_field followed_fields[] = {
    { .name = "id", .summary = "the vendor's id of the call", .shape = &od_shape_any },
    { .name = "state", .summary = "as place_call said", .shape = &od_shape_text },
    { .name = "vendor", .summary = "whose call it is", .shape = &od_shape_text },
    { .name = "token", .summary = "what the call was placed with", .shape = &od_shape_text },
    { .name = "to", .summary = "the number that was called", .shape = &od_shape_text },
    { .name = "ended", .summary = "how it ended is known: it is taken back so as not to be made again",
      .shape = &od_shape_boolean },
    { .name = "at", .summary = "when it was meant, in Unix seconds", .shape = &unix_seconds },
    OD_FIELDS_END
};
static const od_shape followed = { .kind = OD_KIND_STRUCT, .fields = followed_fields, .open = true };

static const od_following *following_of(const od_client *client, od_purpose purpose) {
    return purpose == OD_PURPOSE_WITHDRAW ? client->vendor->withdrawing : client->vendor->following;
}

static const char *what_is_done(od_purpose purpose) {
    if (purpose == OD_PURPOSE_WITHDRAW)
        return "taken back";
    return purpose == OD_PURPOSE_FIND ? "looked up" : "tracked";
}

static od_status check_call(const od_client *client, od_purpose purpose, od_value *call, od_error *err) {
    const od_following *how = following_of(client, purpose);
    if (how == NULL)
        return od__error_set(err, OD_VALIDATION, "calls of %s cannot be %s", client->vendor->name,
                             what_is_done(purpose));
    if (how->channel != NULL && !od__hearing_covers(client, how->channel))
        return od__error_set(err, OD_VALIDATION, "expected a subscription to %s, whose events tell of it", how->channel);
    od_status status = od__shape_validate(&followed, call, "", err);
    const char *vendor = status == OD_OK ? od_value_string(od_value_get(call, "vendor")) : NULL;
    if (vendor != NULL && strcmp(vendor, client->vendor->name) != 0)
        return od__error_at(err, OD_VALIDATION, "/vendor", "expected a call of %s, got one of %s", client->vendor->name,
                            vendor);
    return status;
}

static od_status start(od_follow *self, int64_t timeout_ms, od_error *err) {
    od_status status = start_deadline(self, timeout_ms, err);
    self->heard_before = od__heard_count(self->client);
    /* What is done to take a call back depends on what was heard of it. */
    bool listens_first = self->purpose == OD_PURPOSE_WITHDRAW;
    if (status == OD_OK && !listens_first)
        status = ask(self, err);
    bool looks_now = listens_first || self->heard_before > 0 || self->purpose == OD_PURPOSE_FIND;
    if (status == OD_OK && self->question == NULL && looks_now)
        status = od__loop_timer_start(self->client->engine->loop, &self->again,
                                      od__loop_now_us(self->client->engine->loop), err);
    if (status != OD_OK)
        od__loop_timer_stop(self->client->engine->loop, &self->deadline);
    return status;
}

/* Takes call, also when it fails. */
static od_follow *new_follow(od_client *client, od_purpose purpose, const od_following *how, od_value *call) {
    od_follow *self = od__calloc(1, sizeof(*self));
    if (self == NULL) {
        od_value_unref(call);
        return NULL;
    }
    self->client = client;
    self->purpose = purpose;
    self->how = how;
    self->call = call;
    self->again = (od_timer){ .fn = ask_again, .context = self };
    self->deadline = (od_timer){ .fn = on_deadline, .context = self };
    return self;
}

od_status od__client_follow_take(od_client *client, od_purpose purpose, od_value *call, int64_t timeout_ms, void *context,
                                 od_request **out, od_error *err) {
    if (out != NULL)
        *out = NULL;
    od_status status = check_call(client, purpose, call, err);
    if (status != OD_OK) {
        od_value_unref(call);
        return status;
    }
    od_follow *self = new_follow(client, purpose, following_of(client, purpose), call);
    if (self == NULL)
        return od__error_no_memory(err);
    status = start(self, timeout_ms, err);
    if (status != OD_OK) {
        free_follow(&self->base);
        return status;
    }
    list(client, self);
    od__request_init(&self->base, &follow_kind, client->engine, context);
    od__request_hand_out(&self->base, out);
    return OD_OK;
}

/* It went nowhere. */
static od_status not_started(const od_operation *operation, od_status status, od_error *err) {
    if (err != NULL && operation->rings && err->code == status)
        err->placement = OD_PLACEMENT_NOT_PLACED;
    return status;
}

od_status od__client_settle_take(od_client *client, const od_making *making, const od_submit_options *options,
                                 od_request **out, od_error *err) {
    const od_operation *operation = making->operation;
    const od_settling *settling = operation->settling;
    if (settling->channel != NULL && !od__hearing_covers(client, settling->channel)) {
        od__making_clear(making);
        od__error_at(err, OD_VALIDATION, "/wait", "expected a subscription to %s, whose events tell of it",
                     settling->channel);
        return not_started(operation, OD_VALIDATION, err);
    }
    od_follow *self = new_follow(client, OD_PURPOSE_SETTLE, settling->following, od_value_ref(making->parameters));
    if (self == NULL) {
        od__making_clear(making);
        return not_started(operation, od__error_no_memory(err), err);
    }
    self->own = operation;
    self->is_placing = making->placing != NULL;
    if (making->placing != NULL)
        self->placing = *making->placing;
    od_making asking = *making;
    asking.placing = NULL;
    od_status status = od__client_ask(client, &asking, options, answered, self, &self->question, err);
    if (status != OD_OK) {
        free_follow(&self->base);
        return status;
    }
    list(client, self);
    od__request_init(&self->base, &follow_kind, client->engine, options->context);
    od__request_hand_out(&self->base, out);
    return OD_OK;
}

static od_status copy_and_follow(od_client *client, od_purpose purpose, const od_value *call, int64_t timeout_ms,
                                 od_request **out, od_error *err) {
    od_value *copy = call != NULL ? od__value_copy(call) : od_value_new_object();
    if (copy != NULL)
        return od__client_follow_take(client, purpose, copy, timeout_ms, NULL, out, err);
    if (out != NULL)
        *out = NULL;
    return od__error_no_memory(err);
}

od_status od_client_find(od_client *client, const od_value *call, od_request **out, od_error *err) {
    return copy_and_follow(client, OD_PURPOSE_FIND, call, 0, out, err);
}

od_status od_client_track(od_client *client, const od_value *call, int64_t timeout_ms, od_request **out, od_error *err) {
    return copy_and_follow(client, OD_PURPOSE_TRACK, call, timeout_ms, out, err);
}

od_status od_client_withdraw(od_client *client, const od_value *call, od_request **out, od_error *err) {
    return copy_and_follow(client, OD_PURPOSE_WITHDRAW, call, 0, out, err);
}
