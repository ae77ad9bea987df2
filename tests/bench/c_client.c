/* c_client: what outdial costs from C, to see which part of a call costs what.
 *
 *   c_client transport|client PORT IN_FLIGHT CALLS
 *
 * transport: exchanges that are built once, through the curl layer alone. client: od_client_submit of the public API, with
 * validation, signing and reading. Prints the CPU time per call in microseconds. */
#include <outdial.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "transport/transport.h"

#define INSTANCE "11111111-1111-4111-8111-111111111111"
#define FLOW "22222222-2222-4222-8222-222222222222"

static long to_start, under_way;

static void die(const char *what, const od_error *err) {
    char line[1024] = "";
    if (err != NULL)
        od_error_format(err, line, sizeof(line));
    fprintf(stderr, "c_client: %s %s\n", what, line);
    exit(1);
}

static double cpu_us(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/* ---- the curl layer alone ---- */

static od_transport *transport;

static void send_one(od_exchange *exchange);

static void on_finished(void *context, od_exchange *exchange) {
    (void)context;
    under_way--;
    if (exchange->error.code != OD_OK || exchange->response.status != 200)
        die("the call failed:", &exchange->error);
    if (to_start > 0)
        send_one(exchange);
}

static void send_one(od_exchange *exchange) {
    to_start--;
    under_way++;
    od__exchange_push(exchange, on_finished, NULL);
    od__transport_send(transport, exchange);
}

static void header(od_exchange *exchange, const char *name, const char *value) {
    od__http_request_set_header(&exchange->request, name, value, false, NULL);
}

static void run_transport(int port, long in_flight, long calls) {
    od_clock clock;
    od_loop *loop = NULL;
    od_network *network = NULL;
    od_error err = OD_ERROR_INIT;
    od__clock_init(&clock, NULL);
    const od_curl_options options = { .connect_timeout_ms = 3100 };
    if (od__loop_new(&clock, &loop, &err) != OD_OK || od__network_new(loop, &network, &err) != OD_OK ||
        od__curl_transport_new(network, &options, &transport, &err) != OD_OK)
        die("no network:", &err);
    od_exchange *exchanges = calloc((size_t)in_flight, sizeof(*exchanges));
    if (exchanges == NULL)
        die("no memory", NULL);
    for (long i = 0; i < in_flight; i++) {
        od_exchange *e = &exchanges[i];
        od__exchange_init(e);
        memcpy(e->request.method, "PUT", 4);
        od__buffer_addf(&e->request.url, "http://127.0.0.1:%d/contact/outbound-voice", port);
        header(e, "Content-Type", "application/json");
        header(e, "X-Amz-Date", "20260101T000000Z");
        header(e, "Authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/connect/aws4_request, "
               "SignedHeaders=content-type;host;x-amz-date, "
               "Signature=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
        od__buffer_addf(&e->request.body, "{\"DestinationPhoneNumber\":\"+12065550100\",\"ContactFlowId\":\"%s\","
                        "\"InstanceId\":\"%s\",\"SourcePhoneNumber\":\"+12065550199\","
                        "\"ClientToken\":\"33333333-3333-4333-8333-333333333333\","
                        "\"Attributes\":{\"customer\":\"4711\",\"campaign\":\"renewals\"}}", FLOW, INSTANCE);
        e->request.has_body = true;
        e->timeout_ms = 15000;
        e->rings = true;
    }
    double before = 0;
    for (int round = 0; round < 2; round++) {
        before = cpu_us();
        to_start = round == 0 ? in_flight * 2 : calls;
        for (long i = 0; i < in_flight && to_start > 0; i++)
            send_one(&exchanges[i]);
        while (under_way > 0)
            if (od__loop_step(loop, -1, &err) != OD_OK)
                die("the loop failed:", &err);
    }
    printf("%.2f\n", (cpu_us() - before) / (double)calls);
    for (long i = 0; i < in_flight; i++)
        od__exchange_clear(&exchanges[i]);
    free(exchanges);
    od__transport_free(transport);
    od__network_free(network);
    od__loop_free(loop);
}

/* ---- the public API ---- */

static void submit(od_client *client, const od_value *parameters) {
    od_error err = OD_ERROR_INIT;
    to_start--;
    under_way++;
    if (od_client_submit(client, "start_outbound_voice_contact", parameters, NULL, NULL, &err) != OD_OK)
        die("submit:", &err);
}

static void run_client(int port, long in_flight, long calls) {
    char text[1024];
    od_error err = OD_ERROR_INIT;
    od_value *options = NULL, *parameters = NULL;
    od_engine *engine = NULL;
    od_client *client = NULL;
    snprintf(text, sizeof(text),
             "{\"endpoint\":\"http://127.0.0.1:%d\",\"region\":\"us-east-1\",\"rate\":false,\"instance_id\":\"%s\","
             "\"contact_flow_id\":\"%s\",\"source_phone_number\":\"+12065550199\","
             "\"credentials\":{\"access_key_id\":\"AKIDEXAMPLE\",\"secret_access_key\":\"secret\"}}", port, INSTANCE, FLOW);
    if (od_value_parse(text, strlen(text), &options, &err) != OD_OK || od_engine_new(NULL, &engine, &err) != OD_OK ||
        od_client_new(engine, od_vendor_find("amazon_connect"), options, &client, &err) != OD_OK)
        die("no client:", &err);
    static const char call[] = "{\"DestinationPhoneNumber\":\"+12065550100\","
                               "\"Attributes\":{\"customer\":\"4711\",\"campaign\":\"renewals\"}}";
    if (od_value_parse(call, sizeof(call) - 1, &parameters, &err) != OD_OK)
        die("no parameters:", &err);
    double before = 0;
    for (int round = 0; round < 2; round++) {
        before = cpu_us();
        to_start = round == 0 ? in_flight * 2 : calls;
        for (long i = 0; i < in_flight && to_start > 0; i++)
            submit(client, parameters);
        while (under_way > 0) {
            if (od_engine_step(engine, -1, &err) != OD_OK)
                die("step:", &err);
            for (od_request *request; (request = od_engine_take(engine)) != NULL;) {
                under_way--;
                if (od_request_status(request) != OD_OK)
                    die("the call failed:", od_request_error(request));
                od_request_unref(request);
                if (to_start > 0)
                    submit(client, parameters);
            }
        }
    }
    printf("%.2f\n", (cpu_us() - before) / (double)calls);
    od_value_unref(options);
    od_value_unref(parameters);
    od_client_free(client);
    od_engine_free(engine);
}

int main(int argc, char **argv) {
    if (argc != 5)
        die("usage: c_client transport|client PORT IN_FLIGHT CALLS", NULL);
    int port = (int)strtol(argv[2], NULL, 10);
    long in_flight = strtol(argv[3], NULL, 10), calls = strtol(argv[4], NULL, 10);
    if (strcmp(argv[1], "transport") == 0)
        run_transport(port, in_flight, calls);
    else
        run_client(port, in_flight, calls);
    return 0;
}
