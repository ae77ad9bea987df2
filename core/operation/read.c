#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "json/value.h"
#include "operation/form.h"
#include "operation/glob.h"
#include "operation/operation.h"

#define RETRY_AFTER_SECONDS 86400 /* a hint beyond a day is cut to a day */

/* ---- which row ---- */

static bool fits_status(int row_status, int http_status) {
    if (row_status == 0 || row_status == http_status)
        return true;
    return row_status < 10 && http_status / 100 == row_status;
}

static bool fits(const od_error_row *row, int http_status, const od_answer *answer) {
    if (!fits_status(row->http_status, http_status))
        return false;
    if (row->enveloped != 0 && answer->enveloped != (row->enveloped > 0))
        return false;
    if (row->vendor_code != NULL && strcasecmp(row->vendor_code, answer->vendor_code) != 0)
        return false;
    return row->message == NULL || od__glob_match(row->message, answer->message);
}

#define ROW(http, where, what, proves, later, repeat)                                                        \
    {.http_status = (http), .enveloped = (where), .code = OD_##what, .placement = OD_PLACEMENT_##proves,       \
     .retryable = (later), .again = OD_AGAIN_##repeat}

/* R13: what HTTP alone says, for answers that the vendor's own table has no row for. What did not come in the vendor's
 * envelope may be a proxy's, which knows nothing of what the vendor did. */
static const od_error_row general_rows[] = {
    ROW(408, 0, TIMEOUT, UNKNOWN, true, NO),
    ROW(409, 0, CONFLICT, UNKNOWN, false, NO),
    ROW(425, 0, UNAVAILABLE, UNKNOWN, true, NO),
    ROW(429, 1, THROTTLED, NOT_PLACED, true, THROTTLED),
    ROW(429, 0, THROTTLED, UNKNOWN, true, THROTTLED),
    ROW(401, 1, AUTHENTICATION, NOT_PLACED, false, NO),
    ROW(401, 0, AUTHENTICATION, UNKNOWN, false, NO),
    ROW(403, 1, PERMISSION, NOT_PLACED, false, NO),
    ROW(403, 0, PERMISSION, UNKNOWN, false, NO),
    ROW(404, 1, NOT_FOUND, NOT_PLACED, false, NO),
    ROW(404, 0, NOT_FOUND, UNKNOWN, false, NO),
    ROW(4, 1, REJECTED, NOT_PLACED, false, NO),
    ROW(4, 0, PROTOCOL, UNKNOWN, false, NO),
    ROW(500, 0, UNAVAILABLE, UNKNOWN, true, TRANSIENT),
    ROW(502, 0, UNAVAILABLE, UNKNOWN, true, TRANSIENT),
    ROW(503, 0, UNAVAILABLE, UNKNOWN, true, TRANSIENT),
    ROW(504, 0, UNAVAILABLE, UNKNOWN, true, TRANSIENT),
    ROW(5, 0, UNAVAILABLE, UNKNOWN, true, NO),
};

/* A success that cannot be understood, a redirect, and whatever else HTTP never promised. */
static const od_error_row strange = ROW(0, 0, PROTOCOL, UNKNOWN, false, NO);

static const od_error_row *find_row(const od_vendor *vendor, int http_status, const od_answer *answer) {
    for (const od_error_row *row = vendor->errors; row != NULL && row->code != OD_OK; row++) {
        if (fits(row, http_status, answer))
            return row;
    }
    for (size_t i = 0; i < sizeof general_rows / sizeof general_rows[0]; i++) {
        if (fits(&general_rows[i], http_status, answer))
            return &general_rows[i];
    }
    return &strange;
}

/* ---- filling the exchange ---- */

/* The Retry-After header in seconds; -1 if there is none, or a date. */
static int64_t retry_after_header_ms(const od_http_response *response) {
    size_t length = 0;
    const char *text = od__http_response_header(response, "Retry-After", &length);
    int64_t seconds = 0;
    if (text == NULL || length == 0)
        return -1;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        if (seconds < RETRY_AFTER_SECONDS)
            seconds = seconds * 10 + (text[i] - '0');
    }
    return (seconds < RETRY_AFTER_SECONDS ? seconds : RETRY_AFTER_SECONDS) * 1000;
}

static od_status fail(od_exchange *exchange, const od_error_row *row, const od_answer *answer) {
    od_error *error = &exchange->error;
    od__error_clear(error);
    if (answer->message[0] != '\0')
        od__error_set(error, row->code, "%s", answer->message);
    else
        od__error_set(error, row->code, "HTTP %d without a message", exchange->response.status);
    error->http_status = exchange->response.status;
    /* A signature is refused for the clock's sake only where the answer shows that. */
    bool skewed = row->again == OD_AGAIN_SKEWED && exchange->clock_skewed;
    error->retryable = row->retryable || skewed;
    od__error_clean(error->vendor_code, sizeof error->vendor_code, answer->vendor_code, strlen(answer->vendor_code));
    od__error_clean(error->request_id, sizeof error->request_id, answer->request_id, strlen(answer->request_id));
    int64_t hint = answer->retry_after_ms >= 0 ? answer->retry_after_ms : retry_after_header_ms(&exchange->response);
    exchange->server_delay_ms = hint;
    error->retry_after_ms = hint < 0 && row->retry_after_ms > 0 ? row->retry_after_ms : hint;
    exchange->try_placement = exchange->rings ? row->placement : OD_PLACEMENT_NONE;
    error->placement = exchange->try_placement;
    exchange->again = skewed ? OD_AGAIN_TRANSIENT : row->again == OD_AGAIN_SKEWED ? OD_AGAIN_NO : row->again;
    return row->code;
}

static od_status succeed(const od_operation *operation, od_exchange *exchange, od_value *body, od_value **result) {
    od__error_clear(&exchange->error);
    /* If this fails the vendor did as it was asked; only the telling failed. */
    if (od__form_result(operation, &exchange->response, body, result, &exchange->error) != OD_OK)
        exchange->error.http_status = exchange->response.status;
    exchange->again = OD_AGAIN_NO;
    exchange->server_delay_ms = -1;
    exchange->try_placement = exchange->rings ? OD_PLACEMENT_PLACED : OD_PLACEMENT_NONE;
    exchange->error.placement = *result == NULL ? exchange->try_placement : OD_PLACEMENT_NONE;
    return exchange->error.code;
}

static bool is_blank(const od_buffer *body) {
    for (size_t i = 0; i < body->length; i++) {
        if (strchr(" \t\r\n", body->data[i]) == NULL || body->data[i] == '\0')
            return false;
    }
    return true;
}

/* Its texts are long, and of each only the first byte tells that there is none. */
static void begin_answer(od_answer *answer) {
    answer->success = answer->enveloped = false;
    answer->vendor_code[0] = answer->message[0] = answer->request_id[0] = '\0';
    answer->retry_after_ms = -1;
}

od_status od__operation_read(const od_vendor *vendor, const od_operation *operation, od_exchange *exchange,
                             od_value **result) {
    const od_http_response *response = &exchange->response;
    *result = NULL;
    if (response->status == 0 || exchange->error.code != OD_OK)
        return exchange->error.code; /* no answer, or a layer below has judged it: what was set there stands */
    od_error unreadable;
    od__error_init(&unreadable);
    od_value *body = NULL;
    if (!is_blank(&response->body))
        (void)od_value_parse(od__buffer_text(&response->body), response->body.length, &body, &unreadable);
    od_answer answer;
    begin_answer(&answer);
    vendor->read(operation, response, body, &answer);
    bool is_2xx = response->status / 100 == 2;
    if (is_2xx && unreadable.code == OD_OK && answer.success)
        return succeed(operation, exchange, body, result);
    if (is_2xx && unreadable.code != OD_OK) {
        (void)snprintf(answer.message, sizeof answer.message, "HTTP %d with an unreadable body: %.300s",
                       response->status, unreadable.message);
        od_error_row row = strange;
        if (unreadable.code == OD_OUT_OF_MEMORY)
            row.code = OD_OUT_OF_MEMORY;
        return fail(exchange, &row, &answer);
    }
    if (operation->done_code != NULL && answer.enveloped && strcmp(operation->done_code, answer.vendor_code) == 0) {
        od_value_unref(body);
        return succeed(operation, exchange, NULL, result);
    }
    const od_error_row *row = find_row(vendor, response->status, &answer);
    if (row->code == operation->done_earlier && answer.enveloped && exchange->sent_before)
        return succeed(operation, exchange, body, result);
    od_value_unref(body);
    return fail(exchange, row, &answer);
}
