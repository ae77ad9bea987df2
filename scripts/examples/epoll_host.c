/* Places one call from a program that has its own epoll loop: outdial is one more descriptor in it.
 *
 *     cc epoll_host.c $(pkg-config --cflags --libs outdial) -o epoll_host
 *     outdial mock --listen 127.0.0.1:8080 &
 *     ./epoll_host http://127.0.0.1:8080 +14155550123
 */
#include <outdial.h>
#include <stdio.h>
#include <sys/epoll.h>

static int fail(const od_error *err) {
    char line[1024];
    od_error_format(err, line, sizeof line);
    fprintf(stderr, "%s\n", line);
    return 1;
}

/* The builders may be nested unchecked: od_value_set refuses a NULL that ran out of memory. */
static od_status set(od_value *object, const char *key, const char *text, od_error *err) {
    return od_value_set(object, key, od_value_new_string(text), err);
}

int main(int argc, char **argv) {
    od_error err = OD_ERROR_INIT;
    od_engine *engine = NULL;
    od_client *client = NULL;
    if (argc != 3) {
        fprintf(stderr, "usage: %s ENDPOINT NUMBER\n", argv[0]);
        return 2;
    }
    od_value *keys = od_value_new_object(), *options = od_value_new_object(), *call = od_value_new_object();
    set(keys, "access_key_id", "AKIDEXAMPLE", &err);
    set(keys, "secret_access_key", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", &err);
    od_value_set(options, "credentials", keys, &err);
    set(options, "region", "us-east-1", &err);
    set(options, "endpoint", argv[1], &err);
    set(options, "instance_id", "10a4c4eb-f57e-4d4c-b602-bf39176ced07", &err);
    set(options, "contact_flow_id", "b0b8f2dd-ed1b-4c44-af36-ce189a178181", &err);
    set(options, "source_phone_number", "+12065550100", &err);
    set(call, "to", argv[2], &err);
    if (err.code != OD_OK ||
        od_engine_new(NULL, &engine, &err) != OD_OK ||
        od_client_new(engine, od_vendor_find("amazon_connect"), options, &client, &err) != OD_OK ||
        od_client_place(client, call, NULL, NULL, &err) != OD_OK)
        return fail(&err);
    od_value_unref(options);
    od_value_unref(call);

    int loop = epoll_create1(0);
    struct epoll_event event = { .events = EPOLLIN };
    if (loop < 0 || epoll_ctl(loop, EPOLL_CTL_ADD, od_engine_fd(engine), &event) != 0) {
        perror("epoll");
        return 1;
    }
    od_request *request = NULL;
    while (request == NULL) {
        if (epoll_wait(loop, &event, 1, -1) < 0) {
            perror("epoll_wait");
            return 1;
        }
        if (od_engine_step(engine, 0, &err) != OD_OK)
            return fail(&err);
        request = od_engine_take(engine);
    }
    int status = 0;
    if (od_request_status(request) == OD_OK)
        printf("%s %s\n", od_value_string(od_value_find(od_request_result(request), "/state")),
               od_value_string(od_value_find(od_request_result(request), "/id")));
    else
        status = fail(od_request_error(request));
    od_request_unref(request);
    od_client_free(client);
    od_engine_free(engine);
    return status;
}
