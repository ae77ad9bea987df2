#include <string.h>

#include "base/ascii.h"
#include "base/error.h"
#include "json/value.h"
#include "validation/shape.h"

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_hex(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Text without NUL inside, so that it may be read as a C string; NULL for anything else. */
static const char *plain_text(const od_value *value) {
    const char *text = od_value_string(value);
    return text != NULL && strlen(text) == od_value_length(value) ? text : NULL;
}

/* "+", 1-9, and digits: min to max of them in all. */
static bool is_e164(const char *text, size_t min, size_t max) {
    if (text[0] != '+' || text[1] < '1' || text[1] > '9')
        return false;
    size_t digits = strspn(text + 1, "0123456789");
    return text[1 + digits] == '\0' && digits >= min && digits <= max;
}

static od_status check_e164(const od_value *value, const char *path, od_value **replacement, od_error *err) {
    (void)replacement;
    const char *text = plain_text(value);
    if (text == NULL || !is_e164(text, 2, 15))
        return od__check_fail(&od_check_e164, value, path, err);
    return OD_OK;
}

const od_check od_check_e164 = {"E.164", check_e164, "E.164 (+ and up to 15 digits)"};

#define NUMBER_BYTES 17 /* "+", 15 digits, NUL */

/* Drops what people write between digits; false if more is left than a number can have. */
static bool bare_number(const char *text, char out[NUMBER_BYTES]) {
    size_t length = 0;
    for (; *text != '\0'; text++) {
        if (strchr(" -.()", *text) != NULL)
            continue;
        if (length + 1 >= NUMBER_BYTES)
            return false;
        out[length++] = *text;
    }
    out[length] = '\0';
    return true;
}

static od_status check_e164_tolerant(const od_value *value, const char *path, od_value **replacement, od_error *err) {
    const char *text = plain_text(value);
    char bare[NUMBER_BYTES];
    bool good = text != NULL && bare_number(text, bare) && is_e164(bare, 8, 15);
    if (good && bare[1] == '1')
        good = strlen(bare) == 12; /* "+1" and ten digits */
    if (!good)
        return od__check_fail(&od_check_e164_tolerant, value, path, err);
    if (strcmp(bare, text) != 0) {
        *replacement = od_value_new_string(bare);
        if (*replacement == NULL)
            return od__error_no_memory(err);
    }
    return OD_OK;
}

const od_check od_check_e164_tolerant = {"E.164, punctuation allowed", check_e164_tolerant,
                                         "E.164 (+ and 8 to 15 digits, after +1 exactly 10)"};

static od_status check_uuid(const od_value *value, const char *path, od_value **replacement, od_error *err) {
    (void)replacement;
    const char *text = plain_text(value);
    bool good = text != NULL && od_value_length(value) == 36;
    for (size_t i = 0; good && i < 36; i++)
        good = i == 8 || i == 13 || i == 18 || i == 23 ? text[i] == '-' : is_hex(text[i]);
    return good ? OD_OK : od__check_fail(&od_check_uuid, value, path, err);
}

const od_check od_check_uuid = {"UUID", check_uuid, "a UUID (8-4-4-4-12 hexadecimal digits)"};

static od_status check_language(const od_value *value, const char *path, od_value **replacement, od_error *err) {
    (void)replacement;
    const char *text = plain_text(value);
    size_t length = od_value_length(value);
    bool good = text != NULL && (length == 2 || length == 5) && od__is_letter(text[0]) && od__is_letter(text[1]);
    if (good && length == 5)
        good = text[2] == '-' && od__is_letter(text[3]) && od__is_letter(text[4]);
    return good ? OD_OK : od__check_fail(&od_check_language, value, path, err);
}

const od_check od_check_language = {"language code", check_language, "a language code (\"xx\" or \"xx-YY\")"};

/* Returns what follows "http://" or "https://", NULL if it begins otherwise. */
static const char *after_scheme(const char *text) {
    if (strncmp(text, "https://", 8) == 0)
        return text + 8;
    return strncmp(text, "http://", 7) == 0 ? text + 7 : NULL;
}

/* Visible ASCII and whatever is not ASCII; no blanks, quotes or brackets that a URL cannot have. */
static bool is_url_text(const char *text) {
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte <= 0x20 || byte == 0x7f || strchr("\"<>\\^`{|}", *text) != NULL)
            return false;
    }
    return true;
}

static od_status check_absolute_url(const od_value *value, const char *path, od_value **replacement, od_error *err) {
    (void)replacement;
    const char *text = plain_text(value);
    const char *host = text == NULL ? NULL : after_scheme(text);
    if (host == NULL || strcspn(host, "/?#") == 0 || !is_url_text(host))
        return od__check_fail(&od_check_absolute_url, value, path, err);
    return OD_OK;
}

const od_check od_check_absolute_url = {"absolute URL", check_absolute_url, "an absolute URL (http or https)"};

/* host or [v6], then perhaps ":" and a port. */
static bool is_authority(const char *text, size_t length) {
    size_t host = 0;
    if (length > 0 && text[0] == '[') {
        while (host < length && text[host] != ']')
            host++;
        if (host == length || host < 3 || strspn(text + 1, "0123456789abcdefABCDEF:.") != host - 1)
            return false;
        host++;
    } else {
        while (host < length && (od__is_letter(text[host]) || is_digit(text[host]) || strchr("-._", text[host]) != NULL))
            host++;
    }
    if (host == 0 || host == length)
        return host > 0;
    if (text[host] != ':' || length - host < 2 || length - host > 6)
        return false;
    unsigned port = 0;
    for (size_t i = host + 1; i < length; i++) {
        if (!is_digit(text[i]))
            return false;
        port = port * 10 + (unsigned)(text[i] - '0');
    }
    return port >= 1 && port <= 65535;
}

static od_status check_base_url(const od_value *value, const char *path, od_value **replacement, od_error *err) {
    (void)replacement;
    const char *text = plain_text(value);
    const char *host = text == NULL ? NULL : after_scheme(text);
    bool good = host != NULL && is_url_text(host) && strpbrk(host, "?#") == NULL;
    if (!good || !is_authority(host, strcspn(host, "/")))
        return od__check_fail(&od_check_base_url, value, path, err);
    return OD_OK;
}

const od_check od_check_base_url = {"base URL", check_base_url, "http(s)://host[:port][/path]"};

static od_status check_header_text(const od_value *value, const char *path, od_value **replacement, od_error *err) {
    (void)replacement;
    const char *text = plain_text(value);
    bool good = text != NULL;
    for (; good && *text != '\0'; text++)
        good = (unsigned char)*text >= 0x20 && *text != 0x7f;
    return good ? OD_OK : od__check_fail(&od_check_header_text, value, path, err);
}

const od_check od_check_header_text = {"no control characters", check_header_text, "text without control characters"};
