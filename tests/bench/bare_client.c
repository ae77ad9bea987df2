/* bare_client: what libcurl's multi interface costs by itself: the floor that outdial is measured against.
 *
 *   bare_client poll|epoll PORT IN_FLIGHT CALLS REQUEST_FILE
 *
 * Sends the request in REQUEST_FILE (as static_server records it) CALLS times over loopback, IN_FLIGHT at a time, reads
 * each answer, and prints the CPU time per call in microseconds and the most memory that it ever held, in KiB. Handles,
 * header lists and connections are reused, as a careful program would. poll drives it by curl_multi_poll, epoll by
 * curl_multi_socket_action. */
#include <curl/curl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

typedef struct transfer {
    CURL *easy;
    char body[4096];
    size_t length;
    char header[64]; /* the one header that a caller would keep: the vendor's request id */
} transfer;

static char url[512], method[16];
static struct curl_slist *headers;
static char *body;
static size_t body_length;
static long to_start, running_calls;
static long good;

static void die(const char *what) {
    fprintf(stderr, "bare_client: %s\n", what);
    exit(1);
}

static char *read_file(const char *name, size_t *length) {
    FILE *file = fopen(name, "r");
    char *bytes = calloc(1, 65536);
    if (file == NULL || bytes == NULL)
        die(name);
    *length = fread(bytes, 1, 65535, file);
    fclose(file);
    return bytes;
}

static void read_request(const char *name, int port) {
    size_t length;
    char *bytes = read_file(name, &length);
    char *end = strstr(bytes, "\r\n\r\n");
    char path[256];
    if (end == NULL || sscanf(bytes, "%15s %255s", method, path) != 2)
        die("no request in the file");
    body = end + 4;
    body_length = length - (size_t)(body - bytes);
    *end = '\0';
    snprintf(url, sizeof(url), "http://127.0.0.1:%d%s", port, path);
    bool accept = false;
    for (char *line = strstr(bytes, "\r\n"); line != NULL;) {
        line += 2;
        char *next = strstr(line, "\r\n");
        if (next != NULL)
            *next = '\0';
        accept = accept || strncasecmp(line, "accept:", 7) == 0;
        if (strncasecmp(line, "host:", 5) != 0 && strncasecmp(line, "content-length:", 15) != 0)
            headers = curl_slist_append(headers, line);
        line = next;
    }
    if (!accept)
        headers = curl_slist_append(headers, "Accept:");
    headers = curl_slist_append(headers, "Expect:");
}

static size_t on_body(char *bytes, size_t size, size_t count, void *context) {
    (void)size;
    transfer *t = context;
    if (t->length + count >= sizeof(t->body))
        die("the answer is too long");
    memcpy(t->body + t->length, bytes, count);
    t->length += count;
    return count;
}

static size_t on_header(char *bytes, size_t size, size_t count, void *context) {
    (void)size;
    transfer *t = context;
    if (count > 18 && count < sizeof(t->header) && strncasecmp(bytes, "x-amzn-requestid: ", 18) == 0) {
        memcpy(t->header, bytes + 18, count - 18);
        t->header[count - 18] = '\0';
    }
    return count;
}

static void prepare(transfer *t) {
    t->easy = curl_easy_init();
    if (t->easy == NULL)
        die("no handle");
    curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
    curl_easy_setopt(t->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(t->easy, CURLOPT_POST, 1L);
    curl_easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(t->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(t->easy, CURLOPT_TIMEOUT_MS, 15000L);
    curl_easy_setopt(t->easy, CURLOPT_CONNECTTIMEOUT_MS, 3100L);
    curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(t->easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(t->easy, CURLOPT_HEADERDATA, t);
}

static void start(CURLM *multi, transfer *t) {
    t->length = 0;
    to_start--;
    running_calls++;
    curl_easy_setopt(t->easy, CURLOPT_URL, url);
    curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body_length);
    curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, body);
    if (curl_multi_add_handle(multi, t->easy) != CURLM_OK)
        die("curl_multi_add_handle");
}

static void finish_done(CURLM *multi) {
    int left;
    for (CURLMsg *message; (message = curl_multi_info_read(multi, &left)) != NULL;) {
        if (message->msg != CURLMSG_DONE)
            continue;
        char *context = NULL;
        long status = 0;
        CURLcode code = message->data.result;
        CURL *easy = message->easy_handle;
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, &context);
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        transfer *t = (transfer *)(void *)context;
        curl_multi_remove_handle(multi, easy);
        running_calls--;
        if (code != CURLE_OK || status != 200 || memmem(t->body, t->length, "ContactId", 9) == NULL)
            die(code != CURLE_OK ? curl_easy_strerror(code) : "not the expected answer");
        good++;
        if (to_start > 0)
            start(multi, t);
    }
}

/* ---- by curl_multi_poll ---- */

static void run_poll(CURLM *multi) {
    int running = 0;
    while (running_calls > 0) {
        curl_multi_perform(multi, &running);
        finish_done(multi);
        if (running_calls > 0)
            curl_multi_poll(multi, NULL, 0, 1000, NULL);
    }
}

/* ---- by curl_multi_socket_action and epoll ---- */

static int poller;
static long timer_ms = -1;

static int on_timer(CURLM *multi, long timeout_ms, void *context) {
    (void)multi, (void)context;
    timer_ms = timeout_ms;
    return 0;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *known) {
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        epoll_ctl(poller, EPOLL_CTL_DEL, fd, NULL);
        return 0;
    }
    struct epoll_event event = { .data.fd = fd };
    event.events = (what & CURL_POLL_IN ? (uint32_t)EPOLLIN : 0u) | (what & CURL_POLL_OUT ? (uint32_t)EPOLLOUT : 0u);
    epoll_ctl(poller, known == NULL ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event);
    if (known == NULL)
        curl_multi_assign(context, fd, &poller);
    return 0;
}

static void run_epoll(CURLM *multi) {
    int running = 0;
    while (running_calls > 0) {
        while (timer_ms == 0) {
            timer_ms = -1;
            curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
            finish_done(multi);
        }
        if (running_calls == 0)
            break;
        struct epoll_event events[64];
        int count = epoll_wait(poller, events, 64, timer_ms < 0 ? 1000 : (int)timer_ms);
        if (count == 0 && timer_ms > 0)
            timer_ms = 0;
        for (int i = 0; i < count; i++) {
            int mask = (events[i].events & EPOLLIN ? CURL_CSELECT_IN : 0) | (events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0);
            if (events[i].events & (EPOLLERR | EPOLLHUP))
                mask |= CURL_CSELECT_ERR;
            curl_multi_socket_action(multi, events[i].data.fd, mask, &running);
        }
        finish_done(multi);
    }
}

/* ---- */

static double cpu_us(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static long most_memory_kib(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

static void run_calls(CURLM *multi, transfer *transfers, long in_flight, long calls, bool with_epoll) {
    to_start = calls;
    for (long i = 0; i < in_flight && to_start > 0; i++)
        start(multi, &transfers[i]);
    if (with_epoll)
        run_epoll(multi);
    else
        run_poll(multi);
}

int main(int argc, char **argv) {
    if (argc != 6)
        die("usage: bare_client poll|epoll PORT IN_FLIGHT CALLS REQUEST_FILE");
    bool with_epoll = strcmp(argv[1], "epoll") == 0;
    long in_flight = strtol(argv[3], NULL, 10), calls = strtol(argv[4], NULL, 10);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    read_request(argv[5], (int)strtol(argv[2], NULL, 10));
    CURLM *multi = curl_multi_init();
    transfer *transfers = calloc((size_t)in_flight, sizeof(*transfers));
    if (multi == NULL || transfers == NULL)
        die("no memory");
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, in_flight);
    if (with_epoll) {
        poller = epoll_create1(EPOLL_CLOEXEC);
        curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
        curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, multi);
        curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
    }
    for (long i = 0; i < in_flight; i++)
        prepare(&transfers[i]);
    run_calls(multi, transfers, in_flight, in_flight * 2, with_epoll); /* connections are open after this */
    good = 0;
    double before = cpu_us();
    run_calls(multi, transfers, in_flight, calls, with_epoll);
    double spent = cpu_us() - before;
    if (good != calls)
        die("calls are missing");
    printf("%.2f %ld\n", spent / (double)calls, most_memory_kib());
    for (long i = 0; i < in_flight; i++)
        curl_easy_cleanup(transfers[i].easy);
    curl_multi_cleanup(multi);
    curl_slist_free_all(headers);
    curl_global_cleanup();
    return 0;
}
