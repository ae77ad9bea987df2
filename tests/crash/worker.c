/* A worker that runs a campaign over nothing but the store's verbs, and whose phones are lines in a file: what `outdial run`
 * does, without a vendor and without Lua, so that what a crash shows is the store's.
 *
 *   worker STORE PHONE_LOG CONTACTS UNKNOWN_PERCENT
 *
 * It makes CONTACTS contacts, half of them from a list in a file, every twentieth of which shares its number with an earlier
 * one, and ends when none is due. What becomes of a leg hangs on its token alone: refused, handed off before it is placed, or
 * before its number is listed as not to be called, so that it is withdrawn; its answer lost (UNKNOWN_PERCENT of them: half have
 * rung; a look-up tells by the phone log), or placed. Some are put off, given back, or sent at their second try. It takes part
 * in faults by the points first_byte and answer, as the transport does. PHONE_LOG.unknown has a line for each lost answer. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <outdial.h>

#include "base/fault.h"

#define MAX_OPEN 10
#define TIMEOUT_MS 200
#define WAIT_MS 100
#define LONGEST_WAIT_MS 2000
#define IDLE_ROUNDS 5                /* then what is waited for will not come: a doubt holds the number */
#define BEATS_PER_LEASE 8
#define ROUNDS_PER_BEAT 3            /* a short campaign has beats too */
#define PATIENCE 10
#define RATE "\"bucket\":\"b\",\"per_second\":100000,\"burst\":100"

typedef struct leg {
    int64_t id, contact, version, send_before_ms;
    const char *number, *token;      /* of the contact's view */
    od_request *intend;
} leg;

typedef struct worker {
    od_engine *engine;
    od_store *store;
    const char *phone_log;
    int phones, unknowns, unknown_percent;
    int64_t lease_ms, beaten_ms;
    int rounds, idle;
    int held_back, patience;         /* legs that are to be withdrawn; rounds that are waited for it */
    bool has_given_up;               /* a leg in doubt */
} worker;

/* ---- the store ---- */

static void give_up(const char *what, const od_error *err) {
    char line[1024];
    od_error_format(err, line, sizeof(line));
    fprintf(stderr, "%s: %s\n", what, line);
    exit(1);
}

static od_request *ask(worker *self, const char *verb, const char *format, va_list arguments) {
    char text[65536];
    od_error err = OD_ERROR_INIT;
    od_value *params = NULL;
    od_request *request = NULL;
    int length = vsnprintf(text, sizeof(text), format, arguments);
    if (length < 0 || (size_t)length >= sizeof(text))
        exit(1);
    if (od_value_parse(text, (size_t)length, &params, &err) != OD_OK ||
        od_store_submit(self->store, verb, params, NULL, &request, &err) != OD_OK)
        give_up(verb, &err);
    od_value_unref(params);
    return request;
}

/* Asks without waiting: all that is asked before the next wait can become one transaction. */
__attribute__((format(printf, 3, 4))) static od_request *begin(worker *self, const char *verb, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    od_request *request = ask(self, verb, format, arguments);
    va_end(arguments);
    return request;
}

/* Waits; NULL where it failed by a conflict, or by a lost lease: the worker is to go on as it can. Other failures end it. */
static const od_value *end(od_request *request, const char *what) {
    od_error err = OD_ERROR_INIT;
    if (od_request_wait(request, 60000, &err) != OD_OK)
        give_up(what, &err);
    od_status status = od_request_status(request);
    if (status != OD_OK && status != OD_CONFLICT && status != OD_UNAVAILABLE)
        give_up(what, od_request_error(request));
    return od_request_result(request);
}

__attribute__((format(printf, 3, 4))) static od_request *run(worker *self, const char *verb, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    od_request *request = ask(self, verb, format, arguments);
    va_end(arguments);
    (void)end(request, verb);
    return request;
}

static int64_t integer(const od_value *object, const char *key) {
    const od_value *member = od_value_get(object, key);
    return member != NULL ? od_value_integer(member) : 0;
}

/* ---- beginning ---- */

/* Shared: two persons, one telephone (R9). */
static int number_of(int i) {
    return i % 20 == 0 ? i - 15 : i;
}

static void put_contacts(worker *self, int count) {
    static char text[65536];
    size_t length = 0;
    for (int i = 1; i <= count && length < sizeof(text) - 256; i++)
        length += (size_t)snprintf(text + length, sizeof(text) - length,
                                   "%s{\"id\":\"p%d\",\"country\":\"US\",\"zones\":\"America/New_York\",\"numbers\":[{\"column\":\"m\","
                                   "\"number\":\"+1206555%04d\"}],\"data\":{}}", i > 1 ? "," : "", i, number_of(i));
    od_request_unref(run(self, "put", "{\"campaign\":\"c\",\"contacts\":[%s]}", text));
}

static void import_contacts(worker *self, const char *store, int from, int to) {
    char path[4096], part[4096 + 16];
    snprintf(path, sizeof(path), "%s.csv", store);
    snprintf(part, sizeof(part), "%s.%d", path, (int)getpid());
    FILE *list = fopen(part, "w");
    if (list == NULL || fprintf(list, "id,m,zone\n") < 0)
        exit(1);
    for (int i = from; i <= to; i++)
        fprintf(list, "p%d,+1206555%04d,America/New_York\n", i, number_of(i));
    if (fclose(list) != 0 || rename(part, path) != 0)
        exit(1);
    od_request_unref(run(self, "import", "{\"campaign\":\"c\",\"path\":\"%s\",\"map\":{\"id\":\"id\",\"numbers\":[\"m\"],"
                         "\"zone\":\"zone\",\"country\":\"US\"}}", path));
}

static void start(worker *self, const char *store, int count) {
    static const char ruleset[] =
        "{\"hours\":{\"mon\":[\"00:00-24:00\"],\"tue\":[\"00:00-24:00\"],\"wed\":[\"00:00-24:00\"],\"thu\":[\"00:00-24:00\"],"
        "\"fri\":[\"00:00-24:00\"],\"sat\":[\"00:00-24:00\"],\"sun\":[\"00:00-24:00\"]},\"holidays\":[],\"gaps\":[],"
        "\"caps\":[{\"name\":\"day\",\"limit\":1,\"per\":\"person\",\"kind\":\"rolling\",\"ms\":86400000,\"scope\":\"store\","
        "\"number\":true}],\"ring_timeout_ms\":25000}";
    od_request *registered = run(self, "register", "{}");
    self->lease_ms = integer(od_request_result(registered), "lease_ms");
    if (self->lease_ms == 0)
        give_up("register", od_request_error(registered));
    od_request_unref(registered);
    od_request_unref(run(self, "campaign", "{\"name\":\"c\",\"script\":\"s\",\"max_open\":%d,\"ruleset\":%s}", MAX_OPEN, ruleset));
    od_request_unref(run(self, "campaign_set", "{\"campaign\":\"c\",\"state\":\"running\",\"by\":\"worker\"}"));
    od_request_unref(run(self, "outages", "{}"));
    od_request_unref(run(self, "note", "{\"campaign\":\"c\",\"event\":\"begun\"}"));
    put_contacts(self, count / 2);
    import_contacts(self, store, count / 2 + 1, count);
}

/* Returns whether the lease stands. */
static bool beat(worker *self) {
    self->beaten_ms = od_engine_now_ms(self->engine);
    od_request *beaten = run(self, "beat", "{}");
    bool stands = od_request_result(beaten) != NULL;
    od_request_unref(beaten);
    return stands;
}

static void beat_in_time(worker *self) {
    int64_t passed_ms = od_engine_now_ms(self->engine) - self->beaten_ms;
    if (++self->rounds % ROUNDS_PER_BEAT == 0 || passed_ms >= self->lease_ms / BEATS_PER_LEASE)
        (void)beat(self);
}

/* ---- calls ---- */

static unsigned dice(const char *token, unsigned salt) {
    unsigned hash = 2166136261u + salt;
    for (; *token != '\0'; token++)
        hash = (hash ^ (unsigned char)*token) * 16777619u;
    return (hash >> 8) % 100;
}

static void ring(worker *self, const leg *one) {
    char line[256];
    int length = snprintf(line, sizeof(line), "{\"vendor\":\"phone\",\"to\":\"%s\",\"token\":\"%s\",\"at_ms\":%" PRId64 "}\n",
                          one->number, one->token, od_engine_wall_ms(self->engine));
    if (write(self->phones, line, (size_t)length) != length)
        exit(1);
}

/* Handed off to a vendor that does not come to it. */
static bool rings_never(const char *token) {
    return dice(token, 4) < 40;
}

/* What the transport does: no byte past send_before; then the byte, and the answer. Returns what is known of it. */
static const char *call(worker *self, const leg *one) {
    unsigned luck = dice(one->token, 1);
    if (luck < 10)
        return "not_placed";
    if (od_engine_now_ms(self->engine) >= one->send_before_ms)
        return "void";
    od__fault("first_byte", "before");
    bool lost = (int)dice(one->token, 2) < self->unknown_percent;
    bool handed_off = luck < 30;
    if (lost && write(self->unknowns, "lost\n", 5) != 5)
        exit(1);
    if (lost ? dice(one->token, 3) < 50 : !(handed_off && rings_never(one->token)))
        ring(self, one);
    od__fault("answer", "after");
    return lost ? "unknown" : handed_off ? "handed_off" : "placed";
}

static od_request *settle(worker *self, const leg *one, const char *placement) {
    return begin(self, "settle", "{\"leg\":%" PRId64 ",\"placement\":\"%s\"%s}", one->id, placement,
                 strcmp(placement, "unknown") == 0 ? ",\"error\":{\"code\":\"timeout\"}" : "");
}

static void follow(worker *self, int64_t id, const char *number, const char *token, bool handed_off) {
    if (handed_off && rings_never(token)) {
        od_request_unref(run(self, "dnc_add", "{\"entries\":[{\"number\":\"%s\"}],\"by\":\"worker\"}", number));
        self->held_back++;
        self->patience = PATIENCE;
        return;
    }
    if (handed_off)
        od_request_unref(run(self, "settle", "{\"leg\":%" PRId64 ",\"placement\":\"placed\"}", id));
    od_request_unref(run(self, "outcome", "{\"leg\":%" PRId64 ",\"kind\":\"answered\",\"rang\":\"yes\"}", id));
}

static od_request *intend(worker *self, const od_value *view) {
    return begin(self, "intend",
                 "{\"contact\":%" PRId64 ",\"version\":%" PRId64 ",\"client\":\"phone\",\"vendor\":\"phone\",\"token\":\"%s\","
                 "\"timeout_ms\":%d,\"call\":{\"number\":\"%s\",\"account\":\"a\","
                 "\"rate\":{\"bucket\":\"b\",\"per_second\":100000,\"burst\":100},"
                 "\"record\":\"{\\\"request\\\":{\\\"method\\\":\\\"POST\\\",\\\"url\\\":\\\"http://phone\\\"},\\\"call\\\":{}}\"}}",
                 integer(view, "contact"), integer(view, "version"), od_value_string(od_value_get(view, "token")), TIMEOUT_MS,
                 od_value_string(od_value_get(view, "to")));
}

/* What a script may do with a contact that was taken: puts it off, once; gives it back, now and then. */
static bool leave(worker *self, const od_value *view) {
    const char *token = od_value_string(od_value_get(view, "token"));
    int64_t contact = integer(view, "contact"), version = integer(view, "version");
    if (version == 0 && dice(token, 5) < 20)
        od_request_unref(run(self, "decide", "{\"contact\":%" PRId64 ",\"version\":%" PRId64 ",\"decision\":{\"state\":\"waiting\","
                             "\"due_ms\":%" PRId64 ",\"why\":\"later\"}}", contact, version, od_engine_wall_ms(self->engine)));
    else if (self->rounds % 2 == 0 && dice(token, 6) < 10)
        od_request_unref(run(self, "release", "{\"contacts\":[{\"contact\":%" PRId64 ",\"version\":%" PRId64 "}]}", contact,
                             version));
    else
        return false;
    return true;
}

/* Calls those that were taken: all intents in one go, all calls, all that came of them. Returns how many were called. */
static int call_taken(worker *self, const od_value *contacts) {
    leg legs[MAX_OPEN] = { 0 };
    od_request *settled[MAX_OPEN] = { 0 };
    const char *placements[MAX_OPEN] = { 0 };
    size_t count = od_value_length(contacts);
    int called = 0;
    for (size_t i = 0; i < count; i++) {
        const od_value *view = od_value_at(contacts, i);
        if (leave(self, view))
            continue;
        legs[i].contact = integer(view, "contact");
        legs[i].version = integer(view, "version");
        legs[i].intend = intend(self, view);
        legs[i].token = od_value_string(od_value_get(view, "token"));
        legs[i].number = od_value_string(od_value_get(view, "to"));
    }
    for (size_t i = 0; i < count; i++) {
        if (legs[i].intend == NULL)
            continue;
        const od_value *result = end(legs[i].intend, "intend");
        legs[i].id = result != NULL ? integer(result, "leg") : 0;
        legs[i].send_before_ms = result != NULL ? integer(result, "send_before_ms") : 0;
        if (legs[i].id == 0) { /* refused: as a rule has moved it, or for want of room */
            if (result != NULL && od_value_boolean(od_value_get(result, "resource")))
                od_request_unref(run(self, "release", "{\"contacts\":[{\"contact\":%" PRId64 ",\"version\":%" PRId64 "}]}",
                                     legs[i].contact, legs[i].version));
            continue;
        }
        called++;
        if (dice(legs[i].token, 7) < 20)
            od_request_unref(run(self, "slot", "{\"leg\":%" PRId64 "," RATE "}", legs[i].id));
        placements[i] = call(self, &legs[i]);
        settled[i] = settle(self, &legs[i], placements[i]);
    }
    for (size_t i = 0; i < count; i++) {
        if (settled[i] != NULL && end(settled[i], "settle") != NULL &&
            (strcmp(placements[i], "placed") == 0 || strcmp(placements[i], "handed_off") == 0))
            follow(self, legs[i].id, legs[i].number, legs[i].token, placements[i][0] == 'h');
        if (settled[i] != NULL)
            od_request_unref(settled[i]);
        if (legs[i].intend != NULL)
            od_request_unref(legs[i].intend);
    }
    return called;
}

/* What a verb lists of legs; NULL: the lease was lost. */
static od_request *legs_of(worker *self, const char *verb, const od_value **legs) {
    od_request *request = run(self, verb, "{\"campaign\":\"c\",\"limit\":1000}");
    *legs = od_request_result(request) != NULL ? od_value_get(od_request_result(request), "legs") : NULL;
    return request;
}

static void adopt(worker *self) {
    const od_value *legs;
    od_request *adopted = legs_of(self, "adopt", &legs);
    for (size_t i = 0; legs != NULL && i < od_value_length(legs); i++) {
        const od_value *one = od_value_at(legs, i);
        follow(self, integer(one, "leg"), od_value_string(od_value_get(one, "number")),
               od_value_string(od_value_get(one, "token")), strcmp(od_value_string(od_value_get(one, "state")), "handed_off") == 0);
    }
    od_request_unref(adopted);
}

static bool has_rung(const worker *self, const char *token) {
    char line[256];
    bool found = false;
    FILE *phones = fopen(self->phone_log, "r");
    while (phones != NULL && !found && fgets(line, sizeof(line), phones) != NULL)
        found = strstr(line, token) != NULL;
    if (phones != NULL)
        fclose(phones);
    return found;
}

/* Looks legs in doubt up; the first that is not found, and some of the others, are given up. */
static void look(worker *self) {
    const od_value *legs;
    od_request *looks = legs_of(self, "looks", &legs);
    for (size_t i = 0; legs != NULL && i < od_value_length(legs); i++) {
        const od_value *one = od_value_at(legs, i);
        const char *token = od_value_string(od_value_get(one, "token"));
        bool found = has_rung(self, token);
        od_request_unref(run(self, "looked", "{\"leg\":%" PRId64 ",\"found\":%s,\"delay_ms\":0}", integer(one, "leg"),
                             found ? "true" : "false"));
        if (!found && (!self->has_given_up || dice(token, 8) < 30)) {
            self->has_given_up = true;
            od_request_unref(run(self, "write_off", "{\"leg\":%" PRId64 ",\"why\":\"given up\"}", integer(one, "leg")));
        }
    }
    od_request_unref(looks);
}

static void withdraw(worker *self) {
    const od_value *legs;
    od_request *due = legs_of(self, "withdrawals", &legs);
    for (size_t i = 0; legs != NULL && i < od_value_length(legs); i++) {
        const od_value *one = od_value_at(legs, i);
        bool done = rings_never(od_value_string(od_value_get(one, "token")));
        od_request_unref(run(self, "withdrawn", "{\"leg\":%" PRId64 ",\"done\":%s,\"why\":\"it rang\"}", integer(one, "leg"),
                             done ? "true" : "false"));
        self->held_back -= done && self->held_back > 0;
    }
    od_request_unref(due);
}

/* Waits, where there are none to be called, for one that is due soon; *over tells that none is. On a machine that has much else
 * to do a lease may run out between two beats: a further beat says whether anybody has taken this worker's part over. */
static void call_some(worker *self, bool *over) {
    od_request *taken = run(self, "take", "{\"campaign\":\"c\",\"limit\":%d}", MAX_OPEN);
    const od_value *result = od_request_result(taken);
    if (result == NULL) {
        if (!beat(self))
            give_up("take", od_request_error(taken));
        od_request_unref(taken);
        return;
    }
    const od_value *contacts = od_value_get(result, "contacts");
    int64_t next_ms = integer(result, "next_ms");
    self->idle = call_taken(self, contacts) == 0 ? self->idle + 1 : 0;
    *over = od_value_length(contacts) == 0 && (next_ms == 0 || next_ms > od_engine_wall_ms(self->engine) + LONGEST_WAIT_MS);
    *over = (*over || self->idle > IDLE_ROUNDS) && (self->held_back == 0 || self->patience-- <= 0);
    if (self->idle > 0 && !*over)
        usleep(WAIT_MS * 1000);
    od_request_unref(taken);
}

int main(int argc, char **argv) {
    worker self = { .phone_log = argc == 5 ? argv[2] : "" };
    char unknowns[4096];
    od_error err = OD_ERROR_INIT;
    if (argc != 5) {
        fprintf(stderr, "usage: worker STORE PHONE_LOG CONTACTS UNKNOWN_PERCENT\n");
        return 2;
    }
    self.phones = open(argv[2], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    snprintf(unknowns, sizeof(unknowns), "%s.unknown", argv[2]);
    self.unknowns = open(unknowns, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    self.unknown_percent = (int)strtol(argv[4], NULL, 10);
    if (self.phones < 0 || self.unknowns < 0 || od_engine_new(NULL, &self.engine, &err) != OD_OK ||
        od_store_open(self.engine, argv[1], true, &self.store, &err) != OD_OK)
        give_up("open", &err);
    start(&self, argv[1], (int)strtol(argv[3], NULL, 10));
    self.beaten_ms = od_engine_now_ms(self.engine);
    for (bool over = false; !over;) {
        adopt(&self);
        look(&self);
        withdraw(&self);
        call_some(&self, &over);
        beat_in_time(&self);
    }
    od_request_unref(run(&self, "resign", "{}"));
    od_store_free(self.store);
    od_engine_free(self.engine);
    close(self.unknowns);
    close(self.phones);
    return 0;
}
