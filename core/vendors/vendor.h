/* vendors/vendor: what the vendors' files share: the general error rows, reading an answer's texts, assembling the
 * parameters of a neutral call. It knows no vendor by name and does no I/O. */
#ifndef OD_VENDORS_VENDOR_H
#define OD_VENDORS_VENDOR_H

#include "json/value.h"
#include "vendors/vendors.h"

#pragma GCC visibility push(hidden)

#define OD_LIMIT_SEATS 1000  /* seats of one client, and open calls of one seat */

/* ---- error rows ---- */

/* One row without the vendor's own code; see od_error_row for the columns. */
#define OD_ROW(http, text, where, what, proves, again_later, repeat)                              \
    { .http_status = (http), .message = (text), .enveloped = (where), .code = OD_##what,          \
      .placement = OD_PLACEMENT_##proves, .retryable = (again_later), .again = OD_AGAIN_##repeat }
/* One row for a code of the vendor's, whatever the text; http as in od_error_row. */
#define OD_ROW_CODE(http, vendors, what, proves, again_later, repeat)                             \
    { .http_status = (http), .vendor_code = (vendors), .enveloped = 1, .code = OD_##what,         \
      .placement = OD_PLACEMENT_##proves, .retryable = (again_later), .again = OD_AGAIN_##repeat }

/* What R13 says of any vendor, by HTTP status: the end of every table, total. First the statuses that prove nothing
 * even in the vendor's own envelope; where that has codes, these rows stand before those of the codes. */
#define OD_ERROR_ROWS_UNCERTAIN                                  \
    OD_ROW(408, NULL, 0, TIMEOUT, UNKNOWN, true, NO),            \
    OD_ROW(409, NULL, 0, CONFLICT, UNKNOWN, false, NO),          \
    OD_ROW(425, NULL, 0, UNAVAILABLE, UNKNOWN, true, NO)
/* An answer outside the vendor's own envelope may be a proxy's, which proves nothing of what the vendor did before. */
#define OD_ERROR_ROWS_GENERAL                                    \
    OD_ROW(429, NULL, 1, THROTTLED, NOT_PLACED, true, THROTTLED), \
    OD_ROW(429, NULL, -1, THROTTLED, UNKNOWN, true, THROTTLED),  \
    OD_ROW(401, NULL, 1, AUTHENTICATION, NOT_PLACED, false, NO), \
    OD_ROW(401, NULL, -1, AUTHENTICATION, UNKNOWN, false, NO),   \
    OD_ROW(403, NULL, 1, PERMISSION, NOT_PLACED, false, NO),     \
    OD_ROW(403, NULL, -1, PERMISSION, UNKNOWN, false, NO),       \
    OD_ROW(404, NULL, 1, NOT_FOUND, NOT_PLACED, false, NO),      \
    OD_ROW(404, NULL, -1, NOT_FOUND, UNKNOWN, false, NO),        \
    OD_ROW(4, NULL, 1, REJECTED, NOT_PLACED, false, NO),         \
    OD_ROW(4, NULL, -1, REJECTED, UNKNOWN, false, NO),           \
    OD_ROW(500, NULL, 0, UNAVAILABLE, UNKNOWN, true, TRANSIENT), \
    OD_ROW(502, NULL, 0, UNAVAILABLE, UNKNOWN, true, TRANSIENT), \
    OD_ROW(503, NULL, 0, UNAVAILABLE, UNKNOWN, true, TRANSIENT), \
    OD_ROW(504, NULL, 0, UNAVAILABLE, UNKNOWN, true, TRANSIENT), \
    OD_ROW(5, NULL, 0, UNAVAILABLE, UNKNOWN, true, NO),          \
    OD_ROW(0, NULL, 0, PROTOCOL, UNKNOWN, false, NO),            \
    { .code = OD_OK }

/* ---- reading an answer ---- */

/* Copies a string into a text of the answer, cleaned and cut; anything but a string leaves it. */
void od__vendor_answer_text(char *out, size_t out_bytes, const od_value *text);
/* Takes the body itself as the message, if there is no message yet and the body is short plain text (no markup). */
void od__vendor_answer_raw(od_answer *out, const od_http_response *response);
/* Says what a success should have had, where the vendor says nothing itself. */
void od__vendor_answer_lacks(od_answer *out, const char *what);
/* Whether the status is 200..299. */
bool od__vendor_http_success(int http_status);

/* ---- neutral call -> parameters ---- */

/* Sets object[key] to text, which nobody changes; does nothing for NULL. Errors: out_of_memory. */
od_status od__vendor_set(od_value *object, const char *key, const od_value *text, od_error *err);
/* Sets object[key] to a copy of text; does nothing for NULL. Errors: out_of_memory. */
od_status od__vendor_set_text(od_value *object, const char *key, const char *text, od_error *err);
/* Copies the members of over (an object or NULL) into `into`; the members of over win, and where both have an object
 * under one key, those are merged in the same way. Errors: out_of_memory. */
od_status od__vendor_merge(od_value *into, const od_value *over, od_error *err);
/* Sets params[map][key] to the token (NULL: nothing), last of all, so that no field of the caller's takes the mark of
 * the attempt away (R2). A map that is none is left for the shape to refuse. Errors: out_of_memory. */
od_status od__vendor_mark(od_value *params, const char *map, const char *key, const od_value *token, od_error *err);
/* Gives the finished parameters away, or frees them if status tells of a failure; returns status. */
od_status od__vendor_place_end(od_status status, od_value *made, od_value **params);
/* Finds the operation of a vendor that place names. Errors: internal (the table has no such operation). */
od_status od__vendor_operation(const od_vendor *vendor, const char *name, const od_operation **operation,
                               od_error *err);

/* ---- finding a call, and taking it back ---- */

/* Reports that the call was found: report->call is { KEY = known_by, state, vendor, token }. known_by is what the vendor knows
 * it by; NULL: not known yet. Errors: out_of_memory. */
od_status od__vendor_found(const od_followed *about, const char *key, const od_value *known_by, const char *state,
                           od_report *report, od_error *err);
/* The same for an id that is a text. */
od_status od__vendor_found_id(const od_followed *about, const char *id, const char *state, od_report *report, od_error *err);

/* Reports that a call is not taken back, and why; made: the vendor has made it, or may have. */
void od__vendor_not_withdrawn(od_report *report, bool made, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Replaces *memory by an object with these two members; the number is left out if it is 0. Errors: out_of_memory. */
od_status od__vendor_remember_step(od_value **memory, const char *step, int64_t looks, od_error *err);

/* ---- complaints and checks ---- */

/* Complains about member `field` of the struct at path. Returns validation. */
od_status od__vendor_refuse(od_error *err, const char *path, const char *field, const char *message);
/* Returns a string option, or otherwise if it is absent or empty. */
const char *od__vendor_option(const od_value *options, const char *name, const char *otherwise);
/* Judges what snprintf said of writing the vendor's URL. Errors: validation (longer than out). */
od_status od__vendor_url_end(int length, size_t out_bytes, od_error *err);

extern const od_check od_check_aws_region;   /* "us-east-1": lower-case words and a number, joined by hyphens */
extern const od_check od_check_dns_label;    /* one label of a host name */
extern const od_check od_check_host_name;    /* labels joined by dots */
extern const od_check od_check_basic_user;   /* what Basic authentication can carry: no colon, no control character */

/* Shapes that more than one vendor has. A required string that is empty counts as not given. */
extern const od_shape od_shape_filled;       /* any string */
extern const od_shape od_shape_header_value; /* a string that an HTTP header can carry */
extern const od_shape od_shape_secret;       /* the same, never shown */
extern const od_shape od_shape_aws_region;
extern const od_shape od_shape_url_path;     /* "/" and what a URL's path may hold, already encoded */
extern const od_shape od_shape_aws_credentials; /* { access_key_id, secret_access_key, session_token } */
extern const od_shape od_shape_seats;        /* a list of names */
extern const od_shape od_shape_per_seat;     /* how many at once, from 1 */
extern const od_shape od_shape_json_object;  /* free keys, any values */

#pragma GCC visibility pop

#endif
