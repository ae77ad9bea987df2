#include <string.h>

#include "validation/shape.h"

void od__path_add(char *path, size_t path_bytes, const char *key) {
    size_t length = strlen(path);
    if (length + 2 > path_bytes)
        return;
    path[length++] = '/';
    for (; *key != '\0'; key++) {
        const char *piece = *key == '~' ? "~0" : *key == '/' ? "~1" : NULL;
        if (length + (piece != NULL ? 2 : 1) >= path_bytes)
            break;
        path[length++] = piece != NULL ? piece[0] : *key;
        if (piece != NULL)
            path[length++] = piece[1];
    }
    /* A key cut in the middle of a character would make the path no UTF-8. */
    if (*key != '\0' && ((unsigned char)*key & 0xc0) == 0x80) {
        while (length > 1 && ((unsigned char)path[length - 1] & 0xc0) == 0x80)
            length--;
        length--;
    }
    path[length] = '\0';
}
