#include "credentials/sts_request.h"

#include <stdio.h>
#include <string.h>

#include "authorizing/sigv4.h"
#include "base/error.h"
#include "credentials/internal.h"
#include "credentials/xml.h"
#include "operation/operation.h"
#include "validation/shape.h"

#define API_VERSION "2011-06-15"
#define HOST_BYTES 300

static void add_field(od_buffer *out, const char *name, const char *value) {
    if (value == NULL)
        return;
    od__buffer_addf(out, "&%s=", name);
    od__uri_encode(out, value, strlen(value));
}

od_status od__sts_write_form(const od_sts_role *role, const char *session_name, const char *token, od_buffer *out,
                             od_error *err) {
    char seconds[16];
    snprintf(seconds, sizeof(seconds), "%d", role->duration_seconds);
    od__buffer_add_text(out, token != NULL ? "Action=AssumeRoleWithWebIdentity" : "Action=AssumeRole");
    add_field(out, "Version", API_VERSION);
    add_field(out, "RoleArn", role->role_arn);
    add_field(out, "RoleSessionName", session_name);
    add_field(out, "DurationSeconds", role->duration_seconds != 0 ? seconds : NULL);
    add_field(out, "ExternalId", token == NULL ? role->external_id : NULL);
    add_field(out, "WebIdentityToken", token);
    return out->failed ? od__error_no_memory(err) : OD_OK;
}

/* ---- signing ---- */

/* The host as libcurl sends it: lower case, without a default port. */
static bool read_host(const char *url, char out[HOST_BYTES], const char **path) {
    bool https = strncmp(url, "https://", 8) == 0;
    const char *host = url + (https ? 8 : 7);
    size_t length = strcspn(host, "/");
    *path = host + length;
    const char *port = https ? ":443" : ":80";
    size_t port_bytes = strlen(port);
    if (length > port_bytes && memcmp(host + length - port_bytes, port, port_bytes) == 0)
        length -= port_bytes;
    if (length == 0 || length >= HOST_BYTES)
        return false;
    for (size_t i = 0; i < length; i++)
        out[i] = (char)(host[i] >= 'A' && host[i] <= 'Z' ? host[i] + ('a' - 'A') : host[i]);
    out[length] = '\0';
    return true;
}

typedef struct stages {
    od_buffer canonical, signed_headers, to_sign, authorization;
    uint8_t key[OD_SHA256_BYTES];
    char signature[OD_SHA256_HEX_BYTES];
} stages;

static od_status run_stages(const od_sigv4_request *request, const od_sigv4_scope *scope, const od_credentials *keys,
                            stages *s, od_error *err) {
    od_status status = od__sigv4_canonical_request(request, &s->canonical, &s->signed_headers, err);
    if (status == OD_OK)
        status = od__sigv4_string_to_sign(scope, &s->canonical, &s->to_sign, err);
    if (status == OD_OK)
        status = od__sigv4_signing_key(keys->secret_access_key, scope, s->key, err);
    if (status == OD_OK)
        status = od__sigv4_signature(s->key, &s->to_sign, s->signature, err);
    if (status == OD_OK)
        status = od__sigv4_authorization(scope, keys->access_key_id, &s->signed_headers, s->signature, &s->authorization,
                                         err);
    return status;
}

od_status od__sts_sign(od_http_request *http, const od_credentials *keys, const char *region, int64_t wall_ms,
                       od_error *err) {
    char host[HOST_BYTES];
    const char *path;
    if (!read_host(od__buffer_text(&http->url), host, &path))
        return od__error_set(err, OD_INTERNAL, "the URL of STS has no host that can be signed");
    od_sigv4_scope scope = { .region = region, .service = "sts" };
    od__sigv4_date(wall_ms, scope.date);
    const od_sigv4_header headers[] = {
        { "content-type", od__http_request_header(http, "Content-Type") },
        { "host", host },
        { "x-amz-date", scope.date },
        { "x-amz-security-token", keys->session_token },
    };
    bool has_token = keys->session_token[0] != '\0';
    const od_sigv4_request request = {
        .method = http->method, .path = path, .path_bytes = strlen(path),
        .headers = headers, .header_count = has_token ? 4 : 3,
        .body = od__buffer_text(&http->body), .body_bytes = http->body.length,
    };
    stages s;
    memset(&s, 0, sizeof(s));
    od_buffer *buffers[] = { &s.canonical, &s.signed_headers, &s.to_sign, &s.authorization };
    for (size_t i = 0; i < 4; i++)
        od__buffer_init(buffers[i], OD_SIGV4_STAGE_BYTES);
    od_status status = run_stages(&request, &scope, keys, &s, err);
    if (status == OD_OK)
        status = od__http_request_set_header(http, "X-Amz-Date", scope.date, false, err);
    if (status == OD_OK && has_token)
        status = od__http_request_set_header(http, "X-Amz-Security-Token", keys->session_token, true, err);
    if (status == OD_OK)
        status = od__http_request_set_header(http, "Authorization", od__buffer_text(&s.authorization), true, err);
    for (size_t i = 0; i < 4; i++)
        od__buffer_wipe(buffers[i]);
    od__crypto_wipe(&s, sizeof(s));
    return status;
}

/* ---- answers ---- */

static od_status read_element(const od_buffer *body, bool web_identity, const char *name, const char *source, char *out,
                              size_t out_bytes, od_error *err) {
    char path[128];
    const char *action = web_identity ? "AssumeRoleWithWebIdentity" : "AssumeRole";
    snprintf(path, sizeof(path), "%sResponse/%sResult/Credentials/%s", action, action, name);
    switch (od__xml_find(od__buffer_text(body), body->length, path, out, out_bytes)) {
    case OD_XML_FOUND:
        if (out[0] != '\0')
            break;
        /* fall through */
    case OD_XML_ABSENT:
        return od__error_set(err, OD_PROTOCOL, "%s: there is no %s in the answer", source, name);
    case OD_XML_TOO_LONG:
        return od__error_set(err, OD_PROTOCOL, "%s: %s is longer than %zu bytes", source, name, out_bytes - 1);
    case OD_XML_MALFORMED:
        return od__error_set(err, OD_PROTOCOL, "%s: the answer is not well-formed XML", source);
    }
    for (const char *c = out; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return od__error_set(err, OD_PROTOCOL, "%s: %s has a control character in it", source, name);
    return OD_OK;
}

od_status od__sts_read_answer(const od_buffer *body, bool web_identity, const char *source, od_credentials *out,
                              od_error *err) {
    char expiration[64];
    od_status status = read_element(body, web_identity, "AccessKeyId", source, out->access_key_id,
                                    sizeof(out->access_key_id), err);
    if (status == OD_OK)
        status = read_element(body, web_identity, "SecretAccessKey", source, out->secret_access_key,
                              sizeof(out->secret_access_key), err);
    if (status == OD_OK)
        status = read_element(body, web_identity, "SessionToken", source, out->session_token,
                              sizeof(out->session_token), err);
    if (status == OD_OK)
        status = read_element(body, web_identity, "Expiration", source, expiration, sizeof(expiration), err);
    if (status == OD_OK && (!od__iso8601_parse(expiration, &out->expires_ms) || out->expires_ms <= 0))
        status = od__error_set(err, OD_PROTOCOL, "%s: Expiration is no time", source);
    return status;
}

void od__sts_read_refusal(const od_buffer *body, char *code, size_t code_bytes, char *message, size_t message_bytes) {
    (void)od__xml_find(od__buffer_text(body), body->length, "ErrorResponse/Error/Code", code, code_bytes);
    (void)od__xml_find(od__buffer_text(body), body->length, "ErrorResponse/Error/Message", message, message_bytes);
}
