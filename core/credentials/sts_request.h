/* credentials/sts_request: what STS is asked and what it answers, as bytes. No exchange is here. */
#ifndef OD_CREDENTIALS_STS_REQUEST_H
#define OD_CREDENTIALS_STS_REQUEST_H

#include "base/buffer.h"
#include "credentials/sts.h"

#pragma GCC visibility push(hidden)

/* Writes the form. token: the web identity's; NULL: the role is assumed with keys. Errors: out_of_memory. */
od_status od__sts_write_form(const od_sts_role *role, const char *session_name, const char *token, od_buffer *out,
                             od_error *err);
/* Signs request (its URL, body and Content-Type are set) for region in the name of keys. Errors: internal, out_of_memory. */
od_status od__sts_sign(od_http_request *request, const od_credentials *keys, const char *region, int64_t wall_ms,
                       od_error *err);
/* Reads the keys of a good answer. Errors: protocol, authentication. */
od_status od__sts_read_answer(const od_buffer *body, bool web_identity, const char *source, od_credentials *out,
                              od_error *err);
/* Reads the code and message of a refusal; both become "" where there is none. */
void od__sts_read_refusal(const od_buffer *body, char *code, size_t code_bytes, char *message, size_t message_bytes);

#pragma GCC visibility pop

#endif
