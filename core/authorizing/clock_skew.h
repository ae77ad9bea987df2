/* authorizing/clock_skew: how far the vendor's clock is from ours, read from its answers. Pure; who signs with it is another's
 * business. */
#ifndef OD_AUTHORIZING_CLOCK_SKEW_H
#define OD_AUTHORIZING_CLOCK_SKEW_H

#include "transport/http.h"

#pragma GCC visibility push(hidden)

/* Parses an HTTP date, "Sun, 06 Nov 1994 08:49:37 GMT" (the only form that may be sent), into Unix milliseconds; false if it
 * is none. */
bool od__http_date_parse(const char *text, size_t length_bytes, int64_t *unix_ms);
/* Reads the vendor's clock minus ours from an answer's Date: against the middle between sending and receiving, in Unix
 * milliseconds of our clock. False if it tells nothing: no such date, one from a cache (Age), more than 15 minutes under
 * way, or a clock of ours that went back meanwhile. */
bool od__clock_skew_read(const od_http_response *response, int64_t sent_ms, int64_t received_ms, int64_t *skew_ms);
/* Whether a refused signature may come from this: more than 4 minutes either way. */
bool od__clock_skew_is_large(int64_t skew_ms);

#pragma GCC visibility pop

#endif
