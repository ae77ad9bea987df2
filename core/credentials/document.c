/* Keys out of JSON, as programs and metadata services write them. */
#include "credentials/internal.h"

#include <string.h>

#include "base/error.h"
#include "json/value.h"
#include "validation/shape.h"

od_status od__credentials_parse_object(const char *text, size_t length_bytes, const char *source, const char *what,
                                       od_value **out, od_error *err) {
    od_error why = OD_ERROR_INIT;
    *out = NULL;
    od_status status = od_value_parse(text, length_bytes, out, &why);
    if (status == OD_OUT_OF_MEMORY)
        return od__error_no_memory(err);
    if (status != OD_OK)
        return od__error_set(err, OD_PROTOCOL, "%s: %s is not JSON: %s", source, what, why.message);
    if (od_value_type(*out) == OD_TYPE_OBJECT)
        return OD_OK;
    od__value_wipe(*out);
    *out = NULL;
    return od__error_set(err, OD_PROTOCOL, "%s: %s is not a JSON object", source, what);
}

const char *od__credentials_member(const od_value *object, const char *name) {
    const od_value *member = od_value_get(object, name);
    const char *text = member != NULL ? od_value_string(member) : NULL;
    return text != NULL && text[0] != '\0' && strlen(text) == od_value_length(member) ? text : NULL;
}

static od_status read_text(const od_value *document, const char *name, bool needed, const char *source, char *out,
                           size_t out_bytes, od_error *err) {
    const od_value *member = od_value_get(document, name);
    const char *text = od__credentials_member(document, name);
    out[0] = '\0';
    if (text != NULL)
        return od__credentials_copy(out, out_bytes, text, source, name, err);
    bool absent = member == NULL || od_value_type(member) == OD_TYPE_NULL ||
                  (od_value_type(member) == OD_TYPE_STRING && od_value_length(member) == 0);
    if (!absent)
        return od__error_set(err, OD_PROTOCOL, "%s: %s is no text", source, name);
    return needed ? od__error_set(err, OD_PROTOCOL, "%s: there is no %s in the answer", source, name) : OD_OK;
}

static od_status read_expiration(const od_value *document, const od_document_names *names, const char *source,
                                 int64_t *expires_ms, od_error *err) {
    const od_value *member = od_value_get(document, names->expiration);
    *expires_ms = 0;
    if (member == NULL || od_value_type(member) == OD_TYPE_NULL) {
        return names->needs_expiration ? od__error_set(err, OD_PROTOCOL, "%s: there is no %s in the answer", source,
                                                       names->expiration)
                                       : OD_OK;
    }
    bool good;
    if (names->expiration_is_ms) {
        *expires_ms = od_value_integer(member);
        good = od_value_type(member) == OD_TYPE_INTEGER && *expires_ms > 0;
    } else {
        const char *text = od__credentials_member(document, names->expiration);
        good = text != NULL && od__iso8601_parse(text, expires_ms) && *expires_ms > 0;
    }
    return good ? OD_OK : od__error_set(err, OD_PROTOCOL, "%s: %s is no time", source, names->expiration);
}

od_status od__credentials_read_document(const od_value *document, const od_document_names *names, const char *source,
                                        od_credentials *out, od_error *err) {
    od_status status = read_text(document, names->access_key_id, true, source, out->access_key_id,
                                 sizeof(out->access_key_id), err);
    if (status == OD_OK)
        status = read_text(document, names->secret_access_key, true, source, out->secret_access_key,
                           sizeof(out->secret_access_key), err);
    if (status == OD_OK)
        status = read_text(document, names->session_token, names->needs_token, source, out->session_token,
                           sizeof(out->session_token), err);
    if (status == OD_OK)
        status = read_expiration(document, names, source, &out->expires_ms, err);
    return status;
}
