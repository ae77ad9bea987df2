/* credential_process: a program that prints keys as JSON. */
#include "credentials/process.h"

#include <string.h>
#include <sys/wait.h>

#include "base/error.h"
#include "base/memory.h"
#include "credentials/child.h"
#include "credentials/internal.h"
#include "credentials/words.h"
#include "crypto/crypto.h"
#include "json/value.h"

typedef struct process_source {
    od_credential_source base;
    od_credential_setup setup;
    char *command;
    od_child child;
    od_buffer output, complaint;
    od_timer limit;
    od_pending pending;
} process_source;

/* ---- what it said ---- */

static od_status read_output(const process_source *self, od_credentials *out, od_error *err) {
    static const od_document_names names = {
        .access_key_id = "AccessKeyId", .secret_access_key = "SecretAccessKey", .session_token = "SessionToken",
        .expiration = "Expiration",
    };
    od_value *document = NULL;
    od_status status = od__credentials_parse_object(od__buffer_text(&self->output), self->output.length, self->base.name,
                                                    "the output", &document, err);
    if (status != OD_OK)
        return status;
    const od_value *version = od_value_get(document, "Version");
    if (version == NULL || od_value_type(version) != OD_TYPE_INTEGER || od_value_integer(version) != 1)
        status = od__error_set(err, OD_PROTOCOL, "%s: Version in the output is not 1", self->base.name);
    else
        status = od__credentials_read_document(document, &names, self->base.name, out, err);
    od__value_wipe(document);
    return status;
}

static void read_end(process_source *self) {
    const od_child *child = &self->child;
    const char *name = self->base.name;
    od_error *err = &self->pending.error;
    const char *said = od__buffer_text(&self->complaint);
    size_t length = self->complaint.length;
    char text[OD_PROCESS_COMPLAINT_BYTES + 1];
    while (length > 0 && strchr(" \t\r\n", said[length - 1]) != NULL)
        length--;
    od__error_clean(text, sizeof(text), said, length);
    const char *colon = text[0] != '\0' ? ": " : "";
    if (child->too_much)
        (void)od__error_set(err, OD_PROTOCOL, "%s: the program wrote more than %u bytes", name, OD_PROCESS_OUTPUT_BYTES);
    else if (child->known && WIFSIGNALED(child->wait_status))
        (void)od__error_set(err, OD_AUTHENTICATION, "%s: the program was ended by signal %d%s%s", name,
                            WTERMSIG(child->wait_status), colon, text);
    else if (child->known && WEXITSTATUS(child->wait_status) != 0)
        (void)od__error_set(err, OD_AUTHENTICATION, "%s: the program failed with exit status %d%s%s", name,
                            WEXITSTATUS(child->wait_status), colon, text);
    else
        (void)read_output(self, &self->pending.keys, err);
}

/* ---- its run ---- */

static void finish(process_source *self) {
    od__loop_timer_stop(self->setup.loop, &self->limit);
    od__child_stop(&self->child);
    od__buffer_wipe(&self->output);
    od__buffer_wipe(&self->complaint);
    od__pending_finish(&self->pending, &self->base);
}

static void on_ended(void *context) {
    process_source *self = context;
    read_end(self);
    finish(self);
}

static void on_limit(void *context) {
    process_source *self = context;
    (void)od__error_set(&self->pending.error, OD_TIMEOUT, "%s: the program did not end within %d s and was killed",
                        self->base.name, OD_PROCESS_TIME_MS / 1000);
    self->pending.error.retryable = true;
    finish(self);
}

static od_status begin(process_source *self, od_error *err) {
    if (od__child_lingers(&self->child))
        return od__error_set(err, OD_TIMEOUT, "%s: the program that was killed has not gone yet", self->base.name);
    od__child_close(&self->child, 0);
    od_words words;
    od_error why = OD_ERROR_INIT;
    od_status status = od__words_split(self->command, &words, &why);
    if (status == OD_OK)
        status = od__child_start(&self->child, self->setup.loop, words.words, &self->output, &self->complaint, on_ended,
                                 self, &why);
    od__words_clear(&words);
    if (status != OD_OK)
        return od__error_set(err, status, "%s: %s", self->base.name, why.message);
    self->limit = (od_timer){ .fn = on_limit, .context = self };
    status = od__loop_timer_start(self->setup.loop, &self->limit,
                                  od__loop_now_us(self->setup.loop) + OD_PROCESS_TIME_MS * INT64_C(1000), err);
    if (status != OD_OK) {
        od__child_close(&self->child, OD_PROCESS_LAST_WAIT_MS);
        return status;
    }
    od__pending_start(&self->pending);
    return OD_OK;
}

static od_status process_get(od_credential_source *base, od_credentials *out, bool *configured, bool *waiting,
                             od_error *err) {
    process_source *self = (process_source *)base;
    od_status status;
    if (od__pending_get(&self->pending, out, configured, waiting, err, &status))
        return status;
    status = begin(self, err);
    *waiting = status == OD_OK;
    return status;
}

static void process_free(od_credential_source *base) {
    process_source *self = (process_source *)base;
    od__loop_timer_stop(self->setup.loop, &self->limit);
    od__child_close(&self->child, OD_PROCESS_LAST_WAIT_MS);
    od__buffer_wipe(&self->output);
    od__buffer_wipe(&self->complaint);
    od__credentials_wipe(&self->pending.keys);
    if (self->command != NULL)
        od__crypto_wipe(self->command, strlen(self->command));
    od__free(self->command);
    od__free(self);
}

od_status od__credentials_process_new(const od_credential_setup *setup, const char *command, od_credential_source **out,
                                      od_error *err) {
    process_source *self = od__calloc(1, sizeof(*self));
    if (self == NULL)
        return od__error_no_memory(err);
    self->base = (od_credential_source){ .name = "process", .get = process_get, .free = process_free };
    self->setup = *setup;
    od__buffer_init(&self->output, OD_PROCESS_OUTPUT_BYTES);
    od__buffer_init(&self->complaint, OD_PROCESS_COMPLAINT_BYTES);
    self->command = od__strdup(command);
    if (self->command == NULL) {
        process_free(&self->base);
        return od__error_no_memory(err);
    }
    *out = &self->base;
    return OD_OK;
}
