#include "notifications/bayeux.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "json/value.h"
#include "json/writer.h"

#define META "/meta/"
#define ERROR_NUMBER_DIGITS 3

/* ---- reading ---- */

static od_status check_message(const od_value *message, size_t index, od_error *err) {
    if (od_value_type(message) != OD_TYPE_OBJECT)
        return od__error_set(err, OD_PROTOCOL, "message %zu of the answer is %s, no Bayeux message", index,
                             od__value_type_name(message));
    if (od_value_string(od_value_get(message, "channel")) == NULL)
        return od__error_set(err, OD_PROTOCOL, "message %zu of the answer has no channel", index);
    return OD_OK;
}

static od_status check_messages(const od_value *messages, od_error *err) {
    size_t count = od_value_length(messages);
    if (count > OD_LIMIT_BAYEUX_MESSAGES)
        return od__error_set(err, OD_PROTOCOL, "the answer has more than %d messages", OD_LIMIT_BAYEUX_MESSAGES);
    for (size_t i = 0; i < count; i++) {
        od_status status = check_message(od_value_at(messages, i), i, err);
        if (status != OD_OK)
            return status;
    }
    return OD_OK;
}

od_status od__bayeux_parse(const char *text, size_t length_bytes, od_value **out, od_error *err) {
    od_value *messages = NULL;
    *out = NULL;
    od_status status = od_value_parse(text, length_bytes, &messages, err);
    if (status != OD_OK)
        return status;
    if (od_value_type(messages) == OD_TYPE_OBJECT) {
        od_value *array = od_value_new_array();
        if (array == NULL) {
            od_value_unref(messages);
            return od__error_no_memory(err);
        }
        status = od_value_add(array, messages, err);
        messages = array;
    } else if (od_value_type(messages) != OD_TYPE_ARRAY) {
        status = od__error_set(err, OD_PROTOCOL, "the answer is %s, no Bayeux messages", od__value_type_name(messages));
    }
    if (status == OD_OK)
        status = check_messages(messages, err);
    if (status != OD_OK) {
        od_value_unref(messages);
        return status;
    }
    *out = messages;
    return OD_OK;
}

static od_bayeux_kind read_kind(const char *channel) {
    static const struct {
        const char *channel;
        od_bayeux_kind kind;
    } kinds[] = {
        { META "handshake", OD_BAYEUX_HANDSHAKE },   { META "connect", OD_BAYEUX_CONNECT },
        { META "subscribe", OD_BAYEUX_SUBSCRIBE },   { META "unsubscribe", OD_BAYEUX_UNSUBSCRIBE },
        { META "disconnect", OD_BAYEUX_DISCONNECT },
    };
    if (strncmp(channel, META, sizeof(META) - 1) != 0)
        return OD_BAYEUX_EVENT;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(channel, kinds[i].channel) == 0)
            return kinds[i].kind;
    return OD_BAYEUX_OTHER;
}

static bool is_number(const od_value *value) {
    return od_value_type(value) == OD_TYPE_INTEGER || od_value_type(value) == OD_TYPE_NUMBER;
}

static void read_id(const od_value *id, char out[OD_BAYEUX_ID_BYTES]) {
    const char *text = od_value_string(id);
    out[0] = '\0';
    if (text != NULL && od_value_length(id) < OD_BAYEUX_ID_BYTES)
        snprintf(out, OD_BAYEUX_ID_BYTES, "%s", text);
    else if (od_value_type(id) == OD_TYPE_INTEGER)
        snprintf(out, OD_BAYEUX_ID_BYTES, "%" PRId64, od_value_integer(id));
}

/* Reads a time in ms into *out, which keeps its value where there is none. */
static void read_ms(const od_value *advice, const char *key, int64_t least, int64_t *out) {
    const od_value *value = od_value_get(advice, key);
    if (!is_number(value))
        return;
    double ms = od_value_number(value);
    if (ms > OD_LIMIT_ADVICE_MS)
        *out = OD_LIMIT_ADVICE_MS;
    else
        *out = ms < 0 ? least : (int64_t)ms;
}

static void read_advice(const od_value *advice, od_bayeux_advice *out) {
    const char *reconnect = od_value_string(od_value_get(advice, "reconnect"));
    *out = (od_bayeux_advice)OD_BAYEUX_ADVICE_INIT;
    if (reconnect != NULL && strcmp(reconnect, "retry") == 0)
        out->reconnect = OD_BAYEUX_RETRY;
    else if (reconnect != NULL && strcmp(reconnect, "handshake") == 0)
        out->reconnect = OD_BAYEUX_REHANDSHAKE;
    else if (reconnect != NULL && strcmp(reconnect, "none") == 0)
        out->reconnect = OD_BAYEUX_NEVER;
    read_ms(advice, "interval", -1, &out->interval_ms);
    read_ms(advice, "timeout", 0, &out->timeout_ms);
    read_ms(advice, "maxInterval", 0, &out->max_interval_ms);
}

/* "402::Unknown client", "403:/a,/b:subscribe_denied": number, arguments, text. */
static void read_error(const od_value *error, od_bayeux_message *out) {
    const char *text = od_value_string(error);
    if (text == NULL)
        return;
    size_t digits = strspn(text, "0123456789");
    const char *arguments = digits == ERROR_NUMBER_DIGITS && text[digits] == ':' ? text + digits + 1 : NULL;
    const char *rest = arguments != NULL ? strchr(arguments, ':') : NULL;
    if (rest != NULL) {
        out->error_number = (text[0] - '0') * 100 + (text[1] - '0') * 10 + (text[2] - '0');
        od__error_clean(out->error_arguments, sizeof(out->error_arguments), arguments, (size_t)(rest - arguments));
        text = rest + 1;
    }
    od__error_clean(out->error_text, sizeof(out->error_text), text, strlen(text));
}

static void read_ack(const od_value *ack, od_bayeux_message *out) {
    out->batch = -1;
    if (is_number(ack)) {
        double batch = od_value_number(ack);
        out->acknowledges = true;
        if (batch >= 0 && batch < 9007199254740992.0)
            out->batch = (int64_t)batch;
    } else if (od_value_type(ack) == OD_TYPE_BOOLEAN) {
        out->acknowledges = od_value_boolean(ack);
    } else if (od_value_type(ack) == OD_TYPE_OBJECT) {
        /* What newer servers say: { enabled, batch }. */
        read_ack(od_value_get(ack, "batch"), out);
        const od_value *enabled = od_value_get(ack, "enabled");
        out->acknowledges = enabled == NULL || od_value_boolean(enabled);
    }
}

static bool lacks_long_polling(const od_value *types) {
    if (od_value_type(types) != OD_TYPE_ARRAY)
        return false;
    for (size_t i = 0; i < od_value_length(types); i++) {
        const char *type = od_value_string(od_value_at(types, i));
        if (type != NULL && strcmp(type, "long-polling") == 0)
            return false;
    }
    return true;
}

void od__bayeux_read(const od_value *messages, size_t index, od_bayeux_message *out) {
    const od_value *message = od_value_at(messages, index);
    memset(out, 0, sizeof(*out));
    out->channel = od_value_string(od_value_get(message, "channel"));
    out->kind = read_kind(out->channel);
    out->data = od_value_get(message, "data");
    out->batch = -1;
    if (out->kind == OD_BAYEUX_EVENT)
        return;
    read_id(od_value_get(message, "id"), out->id);
    const od_value *client_id = od_value_get(message, "clientId"), *ext = od_value_get(message, "ext");
    const char *text = od_value_string(client_id);
    if (text != NULL && text[0] != '\0' && od_value_length(client_id) < OD_BAYEUX_CLIENT_ID_BYTES)
        out->client_id = text;
    out->successful = od_value_boolean(od_value_get(message, "successful"));
    out->subscription = od_value_string(od_value_get(message, "subscription"));
    const od_value *advice = od_value_get(message, "advice");
    out->has_advice = od_value_type(advice) == OD_TYPE_OBJECT;
    if (out->has_advice)
        read_advice(advice, &out->advice);
    read_ack(od_value_get(ext, "ack"), out);
    out->without_long_polling = lacks_long_polling(od_value_get(message, "supportedConnectionTypes"));
    read_error(od_value_get(message, "error"), out);
}

/* ---- building ---- */

static void add_member(od_json_writer *writer, const char *key, const char *text) {
    od__json_raw(writer, ",\"", 2);
    od__json_raw(writer, key, strlen(key));
    od__json_raw(writer, "\":", 2);
    od__json_string(writer, text, strlen(text));
}

/* Starts a message; the comma before it separates it from one that is there. */
static void start(od_json_writer *writer, od_buffer *out, const char *id, const char *channel, const char *client_id) {
    bool first = out->length == 0 || out->data[out->length - 1] == '[';
    od__json_begin(writer, out);
    if (!first)
        od__json_raw(writer, ",", 1);
    od__json_raw(writer, "{\"id\":", 6);
    od__json_string(writer, id, strlen(id));
    add_member(writer, "channel", channel);
    if (client_id != NULL)
        add_member(writer, "clientId", client_id);
}

static void finish(od_json_writer *writer, const char *rest) {
    od__json_raw(writer, rest, strlen(rest));
    od__json_end(writer);
}

void od__bayeux_begin(od_buffer *out) {
    od__buffer_add_byte(out, '[');
}

void od__bayeux_end(od_buffer *out) {
    od__buffer_add_byte(out, ']');
}

void od__bayeux_handshake(od_buffer *out, const char *id) {
    od_json_writer writer;
    start(&writer, out, id, META "handshake", NULL);
    finish(&writer, ",\"version\":\"1.0\",\"minimumVersion\":\"1.0\",\"supportedConnectionTypes\":[\"long-polling\"],"
                    "\"ext\":{\"ack\":true}}");
}

void od__bayeux_connect(od_buffer *out, const char *id, const char *client_id, bool at_once, int64_t batch) {
    char ack[64] = "";
    od_json_writer writer;
    start(&writer, out, id, META "connect", client_id);
    add_member(&writer, "connectionType", "long-polling");
    if (at_once)
        od__json_raw(&writer, ",\"advice\":{\"timeout\":0}", 23);
    if (batch >= 0)
        snprintf(ack, sizeof(ack), ",\"ext\":{\"ack\":%" PRId64 "}", batch);
    od__json_raw(&writer, ack, strlen(ack));
    finish(&writer, "}");
}

void od__bayeux_subscribe(od_buffer *out, const char *id, const char *client_id, const char *channel) {
    od_json_writer writer;
    start(&writer, out, id, META "subscribe", client_id);
    add_member(&writer, "subscription", channel);
    finish(&writer, "}");
}

void od__bayeux_unsubscribe(od_buffer *out, const char *id, const char *client_id, const char *channel) {
    od_json_writer writer;
    start(&writer, out, id, META "unsubscribe", client_id);
    add_member(&writer, "subscription", channel);
    finish(&writer, "}");
}

void od__bayeux_disconnect(od_buffer *out, const char *id, const char *client_id) {
    od_json_writer writer;
    start(&writer, out, id, META "disconnect", client_id);
    finish(&writer, "}");
}

/* ---- channels ---- */

bool od__bayeux_is_channel(const char *text) {
    size_t length = strlen(text);
    if (length < 2 || length >= OD_LIMIT_CHANNEL_BYTES || text[0] != '/' || text[length - 1] == '/' ||
        strncmp(text, META, sizeof(META) - 1) == 0)
        return false;
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)text[i] <= ' ' || text[i] == 0x7f || (text[i] == '/' && text[i + 1] == '/'))
            return false;
    }
    const char *star = strchr(text, '*');
    return star == NULL || (star[-1] == '/' && (strcmp(star, "*") == 0 || strcmp(star, "**") == 0));
}

bool od__bayeux_covers(const char *pattern, const char *channel) {
    if (strcmp(pattern, channel) == 0)
        return true;
    const char *star = strchr(pattern, '*');
    size_t prefix = star == NULL ? 0 : (size_t)(star - pattern);
    if (star == NULL || strncmp(pattern, channel, prefix) != 0 || channel[prefix] == '\0')
        return false;
    return strcmp(star, "**") == 0 || (strchr(channel + prefix, '/') == NULL && strcmp(channel + prefix, "**") != 0);
}
