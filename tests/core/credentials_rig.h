/* credentials_rig: a source with everything around it made up: environment, files below a home of its own, clock, network. */
#ifndef TESTS_CORE_CREDENTIALS_RIG_H
#define TESTS_CORE_CREDENTIALS_RIG_H

#include "credentials/credentials.h"
#include "fake.h"

typedef struct cred_rig {
    fake_clock clock;
    od_clock od;
    od_loop *loop;
    fake_network network;
    od_credential_setup setup;
    od_credential_source *source;   /* what the test made; freed by cred_close */
    od_curl_options transport;      /* of the last that was made */
    int ready;                      /* how often the source said so */
    char home[64];
    char warned[1024];              /* what was warned of last */
} cred_rig;

/* What the last get gave. */
typedef struct cred_answer {
    od_status status;
    od_credentials keys;
    bool configured, waiting;
    od_error error;
} cred_answer;

/* Empties the environment and makes a home; HOME is set to it. */
void cred_open(cred_rig *r);
/* Frees the source and everything else, and asserts that nothing of the network is left. */
void cred_close(cred_rig *r);
/* Hears of r->source from now on. */
void cred_listen(cred_rig *r);
/* value NULL: not set. Both are borrowed. */
void cred_env(const char *name, const char *value);
const char *cred_get_env(const char *name);
/* Writes a file below home, with its directories; returns its whole name, static until the next call. */
const char *cred_file(cred_rig *r, const char *name, const char *text);
const char *cred_file_n(cred_rig *r, const char *name, const char *text, size_t length);
/* Steps the loop without waiting. */
void cred_step(cred_rig *r);
/* Waits a moment for descriptors, and steps; the clock goes on a little, for what is looked after now and then. */
void cred_wait(cred_rig *r);
/* Steps until the source has said so once more, waiting for descriptors as long as it takes. */
void cred_wait_ready(cred_rig *r);
/* Moves both clocks on, and steps. */
void cred_pass(cred_rig *r, int64_t ms);
cred_answer cred_get(cred_rig *r);
/* Asks and expects to wait, not to be refused. */
void cred_expect_wait(cred_rig *r);
/* Answers what waits longest, and steps. */
void cred_reply(cred_rig *r, int status, const char *headers, const char *body);
/* Breaks it off, and steps. */
void cred_break(cred_rig *r, od_status code, const char *message);
/* Asks and expects these keys ("key secret token", "-" for no token) or this error as od_error_format writes it. */
void cred_expect_keys(cred_rig *r, const char *expected, int64_t expires_ms);
void cred_expect_error(cred_rig *r, bool configured, const char *expected);
/* A test's rows: tests/vectors/credentials/<name>.json; unref it. */
od_value *cred_rows(const char *name);
const char *cred_text(const od_value *row, const char *name);  /* NULL if absent */
/* od_error_format, static. */
const char *cred_error_text(const od_error *error);

#endif
