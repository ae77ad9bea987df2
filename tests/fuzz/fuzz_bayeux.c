/* Any bytes as an answer: parsing never does worse than refuse, and every message of what it accepts can be read. What was
 * read as a client id and a channel makes messages that are read back as what they are. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "notifications/bayeux.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds) {
    if (!holds)
        abort();
}

static void send_back(const char *client_id, const char *channel) {
    od_buffer out;
    od_value *messages;
    od_bayeux_message message;
    od_error err = OD_ERROR_INIT;
    od__buffer_init(&out, 65536);
    od__bayeux_begin(&out);
    od__bayeux_connect(&out, "1", client_id, true, 7);
    od__bayeux_subscribe(&out, "2", client_id, channel);
    od__bayeux_disconnect(&out, "3", client_id);
    od__bayeux_end(&out);
    must(!out.failed && od__bayeux_parse(out.data, out.length, &messages, &err) == OD_OK);
    must(od_value_length(messages) == 3);
    od__bayeux_read(messages, 0, &message);
    must(message.kind == OD_BAYEUX_CONNECT && strcmp(message.client_id, client_id) == 0 && message.batch == 7);
    od__bayeux_read(messages, 1, &message);
    must(message.kind == OD_BAYEUX_SUBSCRIBE && strcmp(message.subscription, channel) == 0);
    od__bayeux_read(messages, 2, &message);
    must(message.kind == OD_BAYEUX_DISCONNECT && strcmp(message.id, "3") == 0);
    od_value_unref(messages);
    od__buffer_clear(&out);
}

static void read_one(const od_value *messages, size_t index) {
    od_bayeux_message message;
    od__bayeux_read(messages, index, &message);
    must(message.channel != NULL && message.kind <= OD_BAYEUX_OTHER);
    must(strlen(message.id) < OD_BAYEUX_ID_BYTES && message.batch >= -1);
    must(message.error_number >= 0 && message.error_number <= 999);
    if (message.has_advice)
        must(message.advice.interval_ms >= -1 && message.advice.interval_ms <= OD_LIMIT_ADVICE_MS &&
             message.advice.timeout_ms >= 0 && message.advice.timeout_ms <= OD_LIMIT_ADVICE_MS &&
             message.advice.max_interval_ms >= 0 && message.advice.max_interval_ms <= OD_LIMIT_ADVICE_MS);
    if (od__bayeux_is_channel(message.channel))
        must(od__bayeux_covers(message.channel, message.channel) && od__bayeux_covers("/**", message.channel));
    if (message.client_id != NULL)
        send_back(message.client_id, message.channel);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    od_error err = OD_ERROR_INIT;
    od_value *messages;
    if (od__bayeux_parse((const char *)data, size, &messages, &err) != OD_OK) {
        must(err.code == OD_PROTOCOL && messages == NULL && err.message[0] != '\0');
        return 0;
    }
    for (size_t i = 0; i < od_value_length(messages); i++)
        read_one(messages, i);
    od_value_unref(messages);
    return 0;
}
