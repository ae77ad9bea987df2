/* A hundred thousand calls in a row, good and bad ones: what was taken for them has been given back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client_rig.h"

#define CALLS 100000
#define CALLS_WATCHED 2000  /* under valgrind, which looks for leaks in its own way, and slowly */
#define CALLS_FIRST 1000    /* until all that is kept has been made: buffers, buckets, the signing key */

static long calls_to_make(void) {
    const char *preload = getenv("LD_PRELOAD");
    return preload != NULL && strstr(preload, "vgpreload") != NULL ? CALLS_WATCHED : CALLS;
}

/* What becomes of the i-th call: most are placed, some refused, some refused once and then placed, some lost. */
static void answer(rig *r, long i) {
    od_exchange *exchange = r->network.first;
    switch (i % 10) {
    case 3:
        fake_answer(&r->network, exchange, 403, "X-Amzn-Errortype: DestinationNotAllowedException\n",
                    "{\"Message\":\"not there\"}");
        break;
    case 6:
        fake_answer(&r->network, exchange, 429, THROTTLE, "{}");
        step(r);
        pass_ms(r, 21000);
        fake_answer(&r->network, r->network.first, 200, "", PLACED);
        break;
    case 9:
        fake_leave(&r->network, exchange);
        fake_break(&r->network, exchange, OD_NETWORK, "the connection was closed");
        break;
    default: fake_answer(&r->network, exchange, 200, "x-amzn-RequestId: r-1\n", PLACED); break;
    }
    step(r);
    (void)fake_sent(&r->network);
}

static od_status expected(long i) {
    return i % 10 == 3 ? OD_REJECTED : i % 10 == 9 ? OD_NETWORK : OD_OK;
}

static void make_calls(rig *r, const od_value *call, long count) {
    for (long i = 0; i < count; i++) {
        od_request *request = NULL;
        assert_int_equal(od_client_place(r->client, call, NULL, &request, NULL), OD_OK);
        answer(r, i);
        assert_ptr_equal(od_engine_take(r->engine), request);
        assert_int_equal(od_request_status(request), expected(i));
        od_request_unref(request); /* the engine's */
        od_request_unref(request); /* ours */
        r->log[0] = '\0';
    }
}

static void a_hundred_thousand_calls_take_no_memory_that_stays(void **state) {
    (void)state;
    rig r;
    rig_client(&r, "amazon_connect", "{" CONNECT ",\"rate\":false,\"resend_within\":0}" /* what is in doubt stays so */);
    od_value *call = parse("{\"to\":\"+15555550100\",\"contact\":\"4711\",\"attributes\":{\"plan\":\"premium\"}}");
    make_calls(&r, call, CALLS_FIRST);
    size_t before = mallinfo2().uordblks;
    make_calls(&r, call, calls_to_make());
    assert_int_equal(mallinfo2().uordblks, before);
    assert_int_equal(od_engine_pending(r.engine), 0);
    od_value_unref(call);
    rig_close(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hundred_thousand_calls_take_no_memory_that_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
