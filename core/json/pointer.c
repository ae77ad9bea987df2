/* JSON pointers (RFC 6901). */
#include <string.h>

#include "json/value.h"

/* Writes the pointer's next token unescaped; returns where it ends, NULL for a malformed "~" or a token too long to be
 * any key. */
static const char *pointer_token(const char *from, char *out, size_t out_bytes) {
    size_t length = 0;
    for (; *from != '\0' && *from != '/'; from++) {
        char byte = *from;
        if (byte == '~') {
            from++;
            if (*from != '0' && *from != '1')
                return NULL;
            byte = *from == '0' ? '~' : '/';
        }
        if (length + 1 >= out_bytes)
            return NULL;
        out[length++] = byte;
    }
    out[length] = '\0';
    return from;
}

/* Reads an array index as RFC 6901 has it: digits without a leading zero. */
static bool pointer_index(const char *token, size_t *index) {
    if (token[0] == '\0' || (token[0] == '0' && token[1] != '\0') || strlen(token) > 9)
        return false;
    *index = 0;
    for (; *token != '\0'; token++) {
        if (*token < '0' || *token > '9')
            return false;
        *index = *index * 10 + (size_t)(*token - '0');
    }
    return true;
}

#define POINTER_TOKEN_BYTES 1024

const od_value *od_value_find(const od_value *value, const char *pointer) {
    char token[POINTER_TOKEN_BYTES];
    while (value != NULL && pointer != NULL && *pointer != '\0') {
        if (*pointer != '/')
            return NULL;
        pointer = pointer_token(pointer + 1, token, sizeof token);
        if (pointer == NULL)
            return NULL;
        size_t index;
        if (od_value_type(value) == OD_TYPE_ARRAY)
            value = pointer_index(token, &index) ? od_value_at(value, index) : NULL;
        else
            value = od_value_get(value, token);
    }
    return pointer == NULL ? NULL : value;
}
