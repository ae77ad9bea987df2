/* cometd_rig: a CometD session over a network that sends nothing and a clock that stands still; its owner writes down what it
 * is told. */
#ifndef TESTS_CORE_COMETD_RIG_H
#define TESTS_CORE_COMETD_RIG_H

#include "fake.h"
#include "notifications/cometd.h"

#define COMETD_URL "https://gws.example.com/api/v2/notifications"

typedef struct session {
    fake_clock clock;
    od_clock od;
    od_loop *loop;
    fake_network network;
    od_cometd *cometd;
    bool full, heard;
    char told[8192];  /* what the owner was told, a line each */
    char log[8192];
} session;

void cometd_open(session *s);
void cometd_close(session *s);
void cometd_run(session *s);
void cometd_pass_ms(session *s, int64_t ms);
/* What was sent since the last call: the bodies, a line each. */
const char *cometd_sent(session *s);
/* What the owner was told since the last call; what was logged. */
const char *cometd_told(session *s);
const char *cometd_logged(session *s);
/* Answers the one that waits longest: HTTP 200, or another status. */
void cometd_answer(session *s, const char *body);
void cometd_answer_http(session *s, int status, const char *body);
/* Breaks it off; if `left`, after its first byte. */
void cometd_lose(session *s, bool left);
void cometd_want(session *s, const char *channel);
/* To where /a stands and the first long poll is parked, as message 4; more: of the answer to the handshake. */
void cometd_stand(session *s, const char *more);

#define HANDSHAKE(id)                                                                                                \
    "[{\"id\":\"" id "\",\"channel\":\"/meta/handshake\",\"version\":\"1.0\",\"minimumVersion\":\"1.0\","            \
    "\"supportedConnectionTypes\":[\"long-polling\"],\"ext\":{\"ack\":true}}]\n"
#define SUBSCRIBE(id, client, channel)                                                                               \
    "{\"id\":\"" id "\",\"channel\":\"/meta/subscribe\",\"clientId\":\"" client "\",\"subscription\":\"" channel "\"}"
#define UNSUBSCRIBE(id, client, channel)                                                                             \
    "{\"id\":\"" id "\",\"channel\":\"/meta/unsubscribe\",\"clientId\":\"" client "\",\"subscription\":\"" channel "\"}"
#define CONNECT(id, client, more)                                                                                    \
    "[{\"id\":\"" id "\",\"channel\":\"/meta/connect\",\"clientId\":\"" client "\","                                 \
    "\"connectionType\":\"long-polling\"" more "}]\n"
#define AT_ONCE ",\"advice\":{\"timeout\":0}"
#define DISCONNECT(id, client) "[{\"id\":\"" id "\",\"channel\":\"/meta/disconnect\",\"clientId\":\"" client "\"}]\n"

#define SHAKEN(id, client, more)                                                                                     \
    "[{\"channel\":\"/meta/handshake\",\"id\":\"" id "\",\"successful\":true,\"clientId\":\"" client "\"" more "}]"
#define SUBSCRIBED(id, channel)                                                                                      \
    "{\"channel\":\"/meta/subscribe\",\"id\":\"" id "\",\"successful\":true,\"subscription\":\"" channel "\"}"
#define CONNECTED(id, more) "{\"channel\":\"/meta/connect\",\"id\":\"" id "\",\"successful\":true" more "}"
#define ADVICE ",\"advice\":{\"reconnect\":\"retry\",\"interval\":0,\"timeout\":30000}"
#define EVENT(channel, data) "{\"channel\":\"" channel "\",\"data\":" data "}"
#define LOST(meta, id, advice)                                                                                       \
    "[{\"channel\":\"/meta/" meta "\",\"id\":\"" id "\",\"successful\":false,\"error\":\"402::session_unknown\"" advice "}]"
#define REHANDSHAKE ",\"advice\":{\"reconnect\":\"handshake\",\"interval\":0}"

#endif
