#include "credentials/sso_token.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "crypto/crypto.h"
#include "json/value.h"
#include "validation/shape.h"

od_status od__sso_token_path(const od_credential_setup *setup, const char *login, const char *source,
                             char out[OD_CREDENTIAL_PATH_BYTES], od_error *err) {
    uint8_t hash[OD_SHA1_BYTES];
    char hex[2 * OD_SHA1_BYTES + 1], path[OD_CREDENTIAL_PATH_BYTES];
    if (!od__crypto_sha1(login, strlen(login), hash))
        return od__error_set(err, OD_INTERNAL, "%s: the hash of a name cannot be made", source);
    od__crypto_hex(hash, sizeof(hash), hex);
    snprintf(path, sizeof(path), "~/.aws/sso/cache/%s.json", hex);
    return od__credentials_expand(setup, path, source, out, err);
}

/* The time of a member; an old tool wrote UTC where ISO 8601 has Z. */
static bool read_time(const od_value *document, const char *name, int64_t *out_ms) {
    char text[48];
    const char *written = od__credentials_member(document, name);
    *out_ms = 0;
    if (written == NULL || strlen(written) >= sizeof(text))
        return written == NULL;
    snprintf(text, sizeof(text), "%s", written);
    size_t length = strlen(text);
    if (length > 3 && strcmp(text + length - 3, "UTC") == 0)
        memcpy(text + length - 3, "Z", 2);
    return od__iso8601_parse(text, out_ms);
}

static void look_up(od_sso_token *token) {
    token->access_token = od__credentials_member(token->document, "accessToken");
    token->refresh_token = od__credentials_member(token->document, "refreshToken");
    token->client_id = od__credentials_member(token->document, "clientId");
    token->client_secret = od__credentials_member(token->document, "clientSecret");
}

od_status od__sso_token_read(const char *path, const char *source, od_sso_token *out, od_error *err) {
    *out = (od_sso_token){ .document = NULL };
    od_buffer text;
    bool absent;
    od_status status = od__credentials_read_file(path, OD_CREDENTIAL_FILE_BYTES, source, &text, &absent, err);
    if (status == OD_OK && absent)
        return od__error_set(err, OD_AUTHENTICATION, "%s: nobody has logged in: there is no %s", source, path);
    if (status != OD_OK)
        return status;
    status = od__credentials_parse_object(od__buffer_text(&text), text.length, source, path, &out->document, err);
    od__buffer_wipe(&text);
    if (status != OD_OK)
        return status;
    look_up(out);
    if (out->access_token == NULL)
        status = od__error_set(err, OD_PROTOCOL, "%s: there is no accessToken in %s", source, path);
    else if (!read_time(out->document, "expiresAt", &out->expires_ms) || out->expires_ms == 0)
        status = od__error_set(err, OD_PROTOCOL, "%s: expiresAt in %s is no time", source, path);
    else if (!read_time(out->document, "registrationExpiresAt", &out->registration_expires_ms))
        status = od__error_set(err, OD_PROTOCOL, "%s: registrationExpiresAt in %s is no time", source, path);
    if (status != OD_OK)
        od__sso_token_clear(out);
    return status;
}

od_status od__sso_token_renew(od_sso_token *token, const char *access_token, const char *refresh_token,
                              int64_t expires_ms, od_error *err) {
    char expires[32];
    od__iso8601_format(expires_ms / 1000 * 1000, expires, sizeof(expires));
    /* What is replaced held secrets: a copy of all of it is changed, and the old one wiped. */
    od_value *fresh = od__value_copy(token->document);
    od_status status = fresh != NULL ? OD_OK : od__error_no_memory(err);
    if (status == OD_OK)
        status = od_value_set(fresh, "accessToken", od_value_new_string(access_token), err);
    if (status == OD_OK)
        status = od_value_set(fresh, "expiresAt", od_value_new_string(expires), err);
    if (status == OD_OK && refresh_token != NULL)
        status = od_value_set(fresh, "refreshToken", od_value_new_string(refresh_token), err);
    if (status != OD_OK) {
        if (fresh != NULL)
            od__value_wipe(fresh);
        return status;
    }
    od__value_wipe(token->document);
    token->document = fresh;
    token->expires_ms = expires_ms;
    look_up(token);
    return OD_OK;
}

static od_status unwritable(const char *source, const char *path, int why, od_error *err) {
    return od__error_set(err, OD_AUTHENTICATION, "%s: cannot write %s: %s", source, path, strerror(why));
}

static int write_all(int fd, const char *text, size_t length) {
    while (length > 0) {
        ssize_t count = write(fd, text, length);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return errno;
        text += count;
        length -= (size_t)count;
    }
    return 0;
}

/* A reader sees the old file or the new one, never a part. */
static od_status replace_file(const char *path, const od_buffer *text, const char *source, od_error *err) {
    char beside[OD_CREDENTIAL_PATH_BYTES + 8];
    snprintf(beside, sizeof(beside), "%s.XXXXXX", path);
    int fd = mkostemp(beside, O_CLOEXEC);
    if (fd < 0)
        return unwritable(source, path, errno, err);
    int why = write_all(fd, od__buffer_text(text), text->length);
    if (close(fd) != 0 && why == 0)
        why = errno;
    if (why == 0 && rename(beside, path) != 0)
        why = errno;
    if (why == 0)
        return OD_OK;
    (void)unlink(beside);
    return unwritable(source, path, why, err);
}

od_status od__sso_token_write(const od_sso_token *token, const char *path, const char *source, od_error *err) {
    od_buffer text;
    od__buffer_init(&text, OD_CREDENTIAL_FILE_BYTES);
    od_status status = od__value_write(token->document, &text, err);
    if (status == OD_OK && text.failed)
        status = od__error_no_memory(err);
    if (status == OD_OK)
        status = replace_file(path, &text, source, err);
    od__buffer_wipe(&text);
    return status;
}

void od__sso_token_clear(od_sso_token *token) {
    if (token->document != NULL)
        od__value_wipe(token->document);
    *token = (od_sso_token){ .document = NULL };
}
