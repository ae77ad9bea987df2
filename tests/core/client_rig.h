/* client_rig: one engine with one client, over a network that sends nothing and a clock that stands still. */
#ifndef TESTS_CORE_CLIENT_RIG_H
#define TESTS_CORE_CLIENT_RIG_H

#include <stdint.h>

#include "client.h"
#include "fake.h"

typedef struct rig {
    fake_clock clock;
    od_engine *engine;
    fake_network network;
    od_client *client;
    char log[4096];  /* what the client said, a line each: "level text" */
} rig;

/* The JSON value of text; NULL for NULL. */
od_value *parse(const char *text);
/* An engine without a client. */
void rig_open(rig *r);
void rig_client(rig *r, const char *vendor, const char *options);
void rig_client_of(rig *r, const od_vendor *vendor, const char *options);
void rig_close(rig *r);
/* Runs all that is ready, at once or after the clock has moved on. */
void step(rig *r);
void pass_ms(rig *r, int64_t ms);
/* Submits, and ends the test if that is refused. */
od_request *submit(rig *r, const char *operation, const char *parameters, const od_submit_options *options);
/* Compare as text: an error as od_error_format writes it, a value as JSON. */
void assert_error(const od_error *error, const char *expected);
void assert_value(const od_value *value, const char *expected);
void assert_failed(od_request *request, const char *error, od_placement placement);

/* Of a vendor that a test makes up: where it is, and that 200 is a success and any body its own. */
od_status made_up_url(const od_value *options, char *out, size_t out_bytes, od_error *err);
void made_up_read(const od_operation *operation, const od_http_response *response, const od_value *body, od_answer *out);

/* Options of an Amazon Connect client (without the braces), its operation, and a call of it. */
#define CONNECT                                                                                                     \
    "\"region\":\"us-east-1\",\"instance_id\":\"i-1\",\"contact_flow_id\":\"f-1\","                                 \
    "\"source_phone_number\":\"+15555550199\",\"credentials\":{\"access_key_id\":\"AKIDEXAMPLE\","                   \
    "\"secret_access_key\":\"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY\"}"
#define START "start_outbound_voice_contact"
#define CALL "{\"DestinationPhoneNumber\":\"+15555550100\"}"
#define PLACED "{\"ContactId\":\"c-1\"}"
#define THROTTLE "X-Amzn-Errortype: ThrottlingException\n"

#endif
