#include "credentials/words.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "crypto/crypto.h"

static bool is_blank(char byte) {
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

/* Reads one word from *from and writes it, with its NUL, at *to. Returns what is wrong, or NULL. */
static const char *read_word(const char **from, char **to) {
    char quote = '\0';
    const char *c = *from;
    for (; *c != '\0' && (quote != '\0' || !is_blank(*c)); c++) {
        if (quote == '\0' && (*c == '\'' || *c == '"')) {
            quote = *c;
        } else if (*c == quote) {
            quote = '\0';
        } else if (*c == '\\' && quote != '\'') {
            if (c[1] == '\0')
                return "the command ends in a backslash";
            if (quote == '"' && strchr("\"\\$`", c[1]) == NULL)
                *(*to)++ = *c;
            *(*to)++ = *++c;
        } else {
            *(*to)++ = *c;
        }
    }
    *(*to)++ = '\0';
    *from = c;
    return quote == '\0' ? NULL : "a quote in the command is not closed";
}

od_status od__words_split(const char *command, od_words *out, od_error *err) {
    *out = (od_words){ .count = 0 };
    size_t length = strlen(command);
    if (length > OD_WORDS_BYTES)
        return od__error_set(err, OD_AUTHENTICATION, "the command is longer than %u bytes", OD_WORDS_BYTES);
    /* A word is never longer than its text, and two of them have a blank between for the NUL. */
    out->text = od__alloc(length + 1);
    if (out->text == NULL)
        return od__error_no_memory(err);
    memset(out->text, 0, length + 1);
    char *to = out->text;
    const char *fault = NULL;
    while (fault == NULL) {
        while (is_blank(*command))
            command++;
        if (*command == '\0')
            break;
        if (out->count == OD_WORDS) {
            od__words_clear(out);
            return od__error_set(err, OD_AUTHENTICATION, "the command has more than %d words", OD_WORDS);
        }
        out->words[out->count++] = to;
        fault = read_word(&command, &to);
    }
    if (fault == NULL && (out->count == 0 || out->words[0][0] == '\0'))
        fault = "the command names no program";
    if (fault == NULL)
        return OD_OK;
    od__words_clear(out);
    return od__error_set(err, OD_AUTHENTICATION, "%s", fault);
}

void od__words_clear(od_words *words) {
    if (words->text != NULL && words->count > 0) {
        const char *last = words->words[words->count - 1];
        od__crypto_wipe(words->text, (size_t)(last - words->text) + strlen(last));
    }
    od__free(words->text);
    *words = (od_words){ .count = 0 };
}
