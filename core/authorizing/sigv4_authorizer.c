/* Signs a client's requests: brings together the request, the keys of a credential source, and the clock. */
#include "authorizing/authorizing.h"

#include <string.h>
#include <strings.h>

#include "authorizing/clock_skew.h"
#include "authorizing/sigv4.h"
#include "authorizing/waiting.h"
#include "base/error.h"
#include "base/memory.h"
#include "credentials/credentials.h"

#define HOST_BYTES 300

typedef struct sigv4_authorizer {
    od_authorizer base;
    const od_clock *clock;
    od_credential_source *source;
    od_waiting waiting;               /* for the source */
    od_credentials fresh, current;    /* as the source gave them last; as the identity was made from */
    uint8_t identity[OD_SHA256_BYTES];
    bool has_identity;
    od_sigv4_keys keys;
    int64_t skew_ms;                  /* the vendor's clock minus ours, as its last answer showed */
    const char *service;              /* what it signs for, unless the request says otherwise */
    od_sigv4_scope scope;
    int64_t scope_second;             /* the second that scope.date was written for */
    od_buffer canonical, signed_headers, string_to_sign, authorization;
} sigv4_authorizer;

/* The parts of an absolute URL that a signature needs. */
typedef struct url_parts {
    char host[HOST_BYTES];
    const char *path, *query;
    size_t path_bytes, query_bytes;
} url_parts;

/* The host as libcurl sends it: without user and default port; lower case. */
static bool split_url(const char *url, size_t length, url_parts *parts) {
    const char *end = url + length, *host = strstr(url, "://");
    if (host == NULL)
        return false;
    bool https = (size_t)(host - url) == 5;
    host += 3;
    const char *stop = host + strcspn(host, "/?#");
    const char *at = memchr(host, '@', (size_t)(stop - host));
    if (at != NULL)
        host = at + 1;
    size_t host_bytes = (size_t)(stop - host);
    const char *port = https ? ":443" : ":80";
    size_t port_bytes = strlen(port);
    if (host_bytes >= port_bytes && memcmp(stop - port_bytes, port, port_bytes) == 0)
        host_bytes -= port_bytes;
    if (host_bytes == 0 || host_bytes >= sizeof(parts->host))
        return false;
    for (size_t i = 0; i < host_bytes; i++)
        parts->host[i] = (char)(host[i] >= 'A' && host[i] <= 'Z' ? host[i] + ('a' - 'A') : host[i]);
    parts->host[host_bytes] = '\0';
    const char *hash = memchr(stop, '#', (size_t)(end - stop));
    if (hash != NULL)
        end = hash;
    const char *question = memchr(stop, '?', (size_t)(end - stop));
    parts->path = stop;
    parts->path_bytes = (size_t)((question != NULL ? question : end) - stop);
    parts->query = question != NULL ? question + 1 : NULL;
    parts->query_bytes = question != NULL ? (size_t)(end - question - 1) : 0;
    return true;
}

/* Files the keys under an identity, anew only when the source gave other ones. */
static od_status use_keys(sigv4_authorizer *self, od_error *err) {
    if (self->has_identity && strcmp(self->fresh.access_key_id, self->current.access_key_id) == 0 &&
        strcmp(self->fresh.secret_access_key, self->current.secret_access_key) == 0 &&
        strcmp(self->fresh.session_token, self->current.session_token) == 0)
        return OD_OK;
    od_status status = od__sigv4_identity(self->fresh.access_key_id, self->fresh.secret_access_key, self->identity, err);
    if (status == OD_OK) {
        self->current = self->fresh;
        self->has_identity = true;
    }
    return status;
}

static bool is_signed_later(const char *name) {
    return strcasecmp(name, "X-Amz-Date") == 0 || strcasecmp(name, "X-Amz-Security-Token") == 0;
}

/* In the order of their names, so that the signer need not sort the usual set. */
static size_t collect_headers(const sigv4_authorizer *self, const od_http_request *request, const char *host,
                              od_sigv4_header *headers) {
    size_t count = 0;
    const char *content_type = od__http_request_header(request, "Content-Type");
    if (content_type != NULL)
        headers[count++] = (od_sigv4_header){ "content-type", content_type };
    headers[count++] = (od_sigv4_header){ "host", host };
    headers[count++] = (od_sigv4_header){ "x-amz-date", self->scope.date };
    if (self->current.session_token[0] != '\0')
        headers[count++] = (od_sigv4_header){ "x-amz-security-token", self->current.session_token };
    for (size_t i = 0; i < request->header_count && count < OD_SIGV4_HEADERS; i++) {
        const od_header *header = &request->headers[i];
        if (strncasecmp(header->name, "x-amz-", 6) == 0 && !is_signed_later(header->name))
            headers[count++] = (od_sigv4_header){ header->name, header->value };
    }
    return count;
}

static od_status sign(sigv4_authorizer *self, od_http_request *http, int64_t wall_ms, od_error *err) {
    url_parts url;
    if (!split_url(od__buffer_text(&http->url), http->url.length, &url))
        return od__error_set(err, OD_INTERNAL, "the URL to sign has no host that can be signed");
    if (self->scope.date[0] == '\0' || wall_ms / 1000 != self->scope_second) {
        od__sigv4_date(wall_ms, self->scope.date);
        self->scope_second = wall_ms / 1000;
    }
    od_sigv4_header headers[OD_SIGV4_HEADERS];
    od_sigv4_request request = {
        .method = http->method,
        .path = url.path, .path_bytes = url.path_bytes,
        .query = url.query, .query_bytes = url.query_bytes,
        .headers = headers, .header_count = collect_headers(self, http, url.host, headers),
        .body = od__buffer_text(&http->body), .body_bytes = http->body.length,
    };
    od_hmac *key;
    char signature[OD_SHA256_HEX_BYTES];
    od_status status = od__sigv4_keys_get(&self->keys, self->identity, self->current.secret_access_key, &self->scope,
                                          &key, err);
    if (status == OD_OK)
        status = od__sigv4_canonical_request(&request, &self->canonical, &self->signed_headers, err);
    if (status == OD_OK)
        status = od__sigv4_string_to_sign(&self->scope, &self->canonical, &self->string_to_sign, err);
    if (status == OD_OK)
        status = od__sigv4_sign(key, &self->string_to_sign, signature, err);
    if (status == OD_OK)
        status = od__sigv4_authorization(&self->scope, self->current.access_key_id, &self->signed_headers, signature,
                                         &self->authorization, err);
    return status;
}

/* A repetition goes by what its own answers showed, whatever other requests have learned meanwhile. */
static int64_t signing_time(const sigv4_authorizer *self, od_exchange *exchange) {
    if (!exchange->skew_taken)
        exchange->skew_ms = self->skew_ms;
    exchange->skew_taken = true;
    exchange->clock_skewed = false;
    exchange->signed_ms = od__clock_wall_ms(self->clock);
    return exchange->signed_ms + exchange->skew_ms;
}

/* Every answer corrects the clock, good ones too: so a correction that is stale does not stay. */
static void sigv4_answered(od_authorizer *base, od_exchange *exchange) {
    sigv4_authorizer *self = (sigv4_authorizer *)base;
    int64_t skew_ms;
    if (!od__clock_skew_read(&exchange->response, exchange->signed_ms, od__clock_wall_ms(self->clock), &skew_ms))
        return;
    self->skew_ms = exchange->skew_ms = skew_ms;
    exchange->clock_skewed = od__clock_skew_is_large(skew_ms);
}

static od_apply sigv4_apply(od_authorizer *base, od_exchange *exchange) {
    sigv4_authorizer *self = (sigv4_authorizer *)base;
    od_http_request *http = &exchange->request;
    od_error *err = &exchange->error;
    bool configured, waiting;
    if (self->source->get(self->source, &self->fresh, &configured, &waiting, err) != OD_OK)
        return OD_APPLY_FAILED;
    if (waiting) {
        od__waiting_add(&self->waiting, exchange);
        return OD_APPLY_WAITING;
    }
    self->scope.service = exchange->signing_name != NULL ? exchange->signing_name : self->service;
    od_status status = use_keys(self, err);
    if (status == OD_OK)
        status = sign(self, http, signing_time(self, exchange), err);
    if (status == OD_OK)
        status = od__http_request_set_header(http, "X-Amz-Date", self->scope.date, false, err);
    if (status == OD_OK && self->current.session_token[0] != '\0')
        status = od__http_request_set_header(http, "X-Amz-Security-Token", self->current.session_token, true, err);
    else if (status == OD_OK)
        od__http_request_remove_header(http, "X-Amz-Security-Token");
    if (status == OD_OK)
        status = od__http_request_set_header(http, "Authorization", od__buffer_text(&self->authorization), true, err);
    return status == OD_OK ? OD_APPLY_READY : OD_APPLY_FAILED;
}

/* Cuts "ns#FooError:http://..." down to FooError, and compares. */
static bool is_expired_code(const char *text, size_t length) {
    const char *colon = memchr(text, ':', length);
    if (colon != NULL)
        length = (size_t)(colon - text);
    const char *hash = memchr(text, '#', length);
    if (hash != NULL) {
        length -= (size_t)(hash + 1 - text);
        text = hash + 1;
    }
    static const char *const codes[] = { "ExpiredTokenException", "ExpiredToken" };
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        if (strlen(codes[i]) == length && memcmp(codes[i], text, length) == 0)
            return true;
    return false;
}

static bool says_expired(const od_http_response *response) {
    if (response->status != 400 && response->status != 403)
        return false;
    size_t length;
    const char *header = od__http_response_header(response, "x-amzn-errortype", &length);
    if (header != NULL)
        return is_expired_code(header, length);
    od_value *body = NULL;
    if (od_value_parse(od__buffer_text(&response->body), response->body.length, &body, NULL) != OD_OK)
        return false;
    static const char *const members[] = { "code", "Code", "__type" };
    bool expired = false;
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]) && !expired; i++) {
        const od_value *member = od_value_type(body) == OD_TYPE_OBJECT ? od_value_get(body, members[i]) : NULL;
        expired = member != NULL && od_value_type(member) == OD_TYPE_STRING &&
                  is_expired_code(od_value_string(member), od_value_length(member));
    }
    od_value_unref(body);
    return expired;
}

/* Other keys than those that this request was signed with? */
static bool are_other_keys(const od_credentials *keys, const od_http_request *request) {
    const char *authorization = od__http_request_header(request, "Authorization");
    const char *token = od__http_request_header(request, "X-Amz-Security-Token");
    const char *key = authorization != NULL ? strstr(authorization, "Credential=") : NULL;
    if (key == NULL)
        return false;
    key += strlen("Credential=");
    size_t length = strlen(keys->access_key_id);
    bool same_key = strncmp(key, keys->access_key_id, length) == 0 && key[length] == '/';
    return !same_key || strcmp(token != NULL ? token : "", keys->session_token) != 0;
}

static bool sigv4_rejected(od_authorizer *base, od_exchange *exchange) {
    sigv4_authorizer *self = (sigv4_authorizer *)base;
    if (!says_expired(&exchange->response))
        return false;
    bool configured, waiting;
    od_credential_source *source = self->source;
    if (source->get(source, &self->fresh, &configured, &waiting, NULL) != OD_OK)
        return false;
    if (waiting || are_other_keys(&self->fresh, &exchange->request))
        return true;
    /* They are the ones that are called expired, whatever they say of their end themselves. */
    if (source->rejected == NULL)
        return false;
    source->rejected(source);
    if (source->get(source, &self->fresh, &configured, &waiting, NULL) != OD_OK)
        return false;
    return waiting || are_other_keys(&self->fresh, &exchange->request);
}

static void sigv4_forget(od_authorizer *base, od_exchange *exchange) {
    sigv4_authorizer *self = (sigv4_authorizer *)base;
    od__waiting_remove(&self->waiting, exchange);
}

static void source_ready(void *context) {
    sigv4_authorizer *self = context;
    /* Whoever has to wait again goes behind the last of these. */
    od_exchange *last = self->waiting.last, *exchange = NULL;
    while (exchange != last && (exchange = od__waiting_take(&self->waiting)) != NULL)
        self->base.resume(self->base.resume_context, exchange);
}

static void sigv4_free(od_authorizer *base) {
    sigv4_authorizer *self = (sigv4_authorizer *)base;
    od__credential_source_free(self->source);
    od__credentials_wipe(&self->fresh);
    od__credentials_wipe(&self->current);
    od__sigv4_keys_wipe(&self->keys);
    od__buffer_wipe(&self->canonical);
    od__buffer_wipe(&self->signed_headers);
    od__buffer_wipe(&self->string_to_sign);
    od__buffer_wipe(&self->authorization);
    od__free(self);
}

static od_status make_source(const od_authorizer_setup *setup, const char *region, od_credential_source **out,
                             od_error *err) {
    const od_value *ca_file = od_value_get(setup->options, "ca_file");
    const od_credential_setup credentials = {
        .loop = setup->loop, .clock = setup->clock, .region = region,
        .ca_file = ca_file != NULL ? od_value_string(ca_file) : NULL, .get_env = setup->get_env,
        .make_transport = setup->make_transport, .make_transport_context = setup->make_transport_context,
        .warn = setup->warn, .warn_context = setup->warn_context,
    };
    return od__credentials_default_new(setup->options, &credentials, out, err);
}

static od_status sigv4_make(const struct od_authorizer_kind *kind, const od_authorizer_setup *setup,
                            od_authorizer **out, od_error *err) {
    const od_value *region = od_value_get(setup->options, "region");
    if (region == NULL || od_value_type(region) != OD_TYPE_STRING || od_value_length(region) == 0)
        return od__error_at(err, OD_VALIDATION, "/region", "expected an AWS region, got nothing");
    if (od_value_length(region) >= OD_SIGV4_SCOPE_PART_BYTES)
        return od__error_at(err, OD_VALIDATION, "/region", "expected at most %d characters",
                            OD_SIGV4_SCOPE_PART_BYTES - 1);
    sigv4_authorizer *self = od__calloc(1, sizeof(*self));
    if (self == NULL)
        return od__error_no_memory(err);
    self->base = (od_authorizer){ .apply = sigv4_apply, .answered = sigv4_answered, .rejected = sigv4_rejected,
                                  .forget = sigv4_forget, .free = sigv4_free };
    self->clock = setup->clock;
    self->service = kind->parameter;
    self->scope = (od_sigv4_scope){ .region = od_value_string(region) };
    od__buffer_init(&self->canonical, OD_SIGV4_STAGE_BYTES);
    od__buffer_init(&self->signed_headers, OD_SIGV4_STAGE_BYTES);
    od__buffer_init(&self->string_to_sign, OD_SIGV4_STAGE_BYTES);
    od__buffer_init(&self->authorization, OD_SIGV4_STAGE_BYTES);
    od_status status = make_source(setup, self->scope.region, &self->source, err);
    if (status != OD_OK) {
        sigv4_free(&self->base);
        return status;
    }
    self->source->ready = source_ready;
    self->source->ready_context = self;
    *out = &self->base;
    return OD_OK;
}

const struct od_authorizer_kind od_authorizer_sigv4_connect = {
    .name = "sigv4",
    .parameter = "connect",
    .make = sigv4_make,
};

const struct od_authorizer_kind od_authorizer_sigv4_secretsmanager = {
    .name = "sigv4",
    .parameter = "secretsmanager",
    .make = sigv4_make,
};
