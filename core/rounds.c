/* Calls whose vendor lists what changed since a time are asked for together, as its od_rounds says: each round has all that
 * are tracked, those whose turn it is not yet as well, for what it costs is the same. Only how far back it has to be read
 * keeps them apart, in lanes: else one that was left alone for hours would make all others wait while its past is read. */
#include "follow.h"

#include "base/error.h"
#include "base/fault.h"
#include "base/memory.h"
#include "json/value.h"

#define LANES 6
#define FIRST_LANE_MS 240000 /* the next reaches so many times as far back, and the last without end */
#define LANE_TIMES 4         /* so for no call more is read than this many times what it needs by itself */

struct od_lane {
    od_client *client;
    bool under_way, telling;
    size_t members;             /* of the round */
    int64_t since_ms;           /* it reads from then on */
    int64_t next_us;            /* the next one begins no sooner */
    od_value *round;            /* what the vendor knows of it */
    od_client_call *question;   /* NULL: none under way */
    od_timer timer;             /* until the next question, or the next round */
};

static const od_rounds *how(const od_lane *self) {
    return self->client->vendor->following->rounds;
}

static od_status start_timer(od_lane *self, int64_t due_us, od_error *err) {
    od_loop *loop = self->client->engine->loop;
    int64_t now_us = od__loop_now_us(loop);
    return od__loop_timer_start(loop, &self->timer, due_us > now_us ? due_us : now_us, err);
}

static int64_t from_now_us(const od_lane *self, int64_t ms) {
    return od__loop_now_us(self->client->engine->loop) + ms * 1000 / od__tunable("OUTDIAL_FOLLOW_SPEED", 1);
}

/* ---- a round: its end, its answers, its questions, its beginning ---- */

static bool waits_for(const od_follow *follow, const od_lane *lane) {
    return follow->lane == lane && !follow->in_round;
}

static void leave(od_follow *follow) {
    if (follow->in_round)
        follow->lane->members--;
    follow->lane = NULL;
    follow->in_round = false;
}

static void end(od_lane *self) {
    od_error error = OD_ERROR_INIT;
    bool is_waited_for = false;
    self->under_way = false;
    od__loop_timer_stop(self->client->engine->loop, &self->timer);
    od_value_unref(self->round);
    self->round = NULL;
    for (od_follow *follow = self->client->follows; follow != NULL; follow = follow->next)
        is_waited_for = is_waited_for || waits_for(follow, self);
    if (!is_waited_for || start_timer(self, self->next_us, &error) == OD_OK)
        return;
    for (od_follow *follow = self->client->follows, *next; follow != NULL; follow = next) {
        next = follow->next;
        if (waits_for(follow, self))
            od__follow_fail(follow, &error); /* nothing would ever wake it again */
    }
}

/* failure NULL: the round knows more than before. Where it is over nobody is in it any more. */
static void tell(od_lane *self, bool over, const od_error *failure) {
    self->telling = true;
    for (od_follow *follow = self->client->follows, *next; follow != NULL; follow = next) {
        next = follow->next;
        if (follow->lane != self || !follow->in_round)
            continue;
        if (over)
            leave(follow);
        od__follow_told(follow, self->round, over, failure);
    }
    self->telling = false;
}

static void fail(od_lane *self, const od_error *error) {
    tell(self, true, error);
    end(self);
}

static void answered(void *context, od_value *result, const od_error *failure) {
    od_lane *self = context;
    od_error error = OD_ERROR_INIT;
    bool over = true;
    self->question = NULL;
    if (result == NULL)
        error = *failure;
    else
        (void)how(self)->turn(self->since_ms, result, &self->round, &over, &error);
    od_value_unref(result);
    if (error.code != OD_OK) {
        fail(self, &error);
        return;
    }
    tell(self, over, NULL);
    if (over || self->members == 0)
        end(self);
    else if (start_timer(self, from_now_us(self, how(self)->pause_ms), &error) != OD_OK)
        fail(self, &error);
}

static void ask(od_lane *self) {
    const od_operation *operation = NULL;
    od_value *parameters = NULL;
    od_error error = OD_ERROR_INIT;
    od_status status = how(self)->ask(self->client->vendor, self->since_ms, self->round, &operation, &parameters, &error);
    if (status == OD_OK && od__operation_rings(operation, parameters)) {
        od_value_unref(parameters);
        status = od__error_set(&error, OD_INTERNAL, "%s rings, and following a call never does", operation->name);
    } else if (status == OD_OK) {
        const od_making making = { .operation = operation, .parameters = parameters };
        status = od__client_ask(self->client, &making, NULL, answered, self, &self->question, &error);
    }
    if (status != OD_OK)
        fail(self, &error);
}

/* ---- lanes ---- */

static od_lane *lane_for(const od_client *client, int64_t back_ms) {
    int64_t reach_ms = FIRST_LANE_MS;
    size_t lane = 0;
    for (; lane < LANES - 1 && back_ms > reach_ms; lane++)
        reach_ms *= LANE_TIMES;
    return &client->lanes[lane];
}

/* Whether the round that begins has it; else it is in another, or read for by another lane. */
static bool takes_part(const od_lane *self, const od_follow *follow, int64_t *since_ms) {
    const od_followed about = od__follow_seen(follow);
    return od__follow_has_rounds(follow) && !follow->in_round &&
           how(self)->since(&about, follow->memory, since_ms, NULL) == OD_OK &&
           (follow->lane == self || lane_for(self->client, about.now_ms - *since_ms) == self);
}

/* All join whose time it would be in a while, too: but a round begins only for somebody whose time it is. */
static void gather(od_lane *self) {
    od_loop *loop = self->client->engine->loop;
    int64_t since_ms = 0;
    self->since_ms = INT64_MAX;
    for (od_follow *follow = self->client->follows; follow != NULL; follow = follow->next) {
        if (!takes_part(self, follow, &since_ms))
            continue;
        if (follow->lane == NULL) /* else it still looks back at what was heard before it began */
            od__loop_timer_stop(loop, &follow->again);
        follow->lane = self;
        follow->in_round = true;
        self->members++;
        if (since_ms < self->since_ms)
            self->since_ms = since_ms;
    }
}

static void on_timer(void *context) {
    od_lane *self = context;
    bool is_due = self->under_way;
    for (od_follow *follow = self->client->follows; follow != NULL && !is_due; follow = follow->next)
        is_due = waits_for(follow, self);
    if (!is_due)
        return;
    if (!self->under_way) {
        gather(self);
        self->under_way = true;
        self->next_us = from_now_us(self, how(self)->gap_ms);
    }
    ask(self);
}

static od_status need_lanes(od_client *client, od_error *err) {
    if (client->lanes != NULL)
        return OD_OK;
    client->lanes = od__calloc(LANES, sizeof(*client->lanes));
    if (client->lanes == NULL)
        return od__error_no_memory(err);
    for (size_t i = 0; i < LANES; i++) {
        client->lanes[i].client = client;
        client->lanes[i].timer = (od_timer){ .fn = on_timer, .context = &client->lanes[i] };
    }
    return OD_OK;
}

/* ---- coming and going ---- */

static bool is_alone(const od_follow *self) {
    for (const od_follow *other = self->client->follows; other != NULL; other = other->next)
        if (other != self && od__follow_has_rounds(other))
            return false;
    return true;
}

od_status od__rounds_join(od_follow *self, od_error *err) {
    od_client *client = self->client;
    const od_followed about = od__follow_seen(self);
    int64_t since_ms = 0;
    if (self->lane != NULL)
        return OD_OK;
    od_status status = self->how->rounds->since(&about, self->memory, &since_ms, err);
    if (status == OD_OK)
        status = need_lanes(client, err);
    if (status != OD_OK)
        return status;
    od_lane *lane = lane_for(client, about.now_ms - since_ms);
    if (!lane->under_way) /* whoever has nobody to share with need not wait for others */
        status = start_timer(lane, is_alone(self) ? 0 : lane->next_us, err);
    if (status == OD_OK)
        self->lane = lane;
    return status;
}

void od__rounds_leave(od_follow *self) {
    od_lane *lane = self->lane;
    if (lane == NULL)
        return;
    leave(self);
    if (!lane->under_way || lane->telling || lane->members > 0)
        return;
    if (lane->question != NULL)
        od__client_drop(lane->question);
    lane->question = NULL;
    end(lane);
}

void od__rounds_free(od_client *client) {
    for (size_t i = 0; client->lanes != NULL && i < LANES; i++)
        od__loop_timer_stop(client->engine->loop, &client->lanes[i].timer);
    od__free(client->lanes);
    client->lanes = NULL;
}
