#include "crypto/crypto.h"

#include <string.h>

/* What each byte is in hexadecimal, one after the other. */
#define ROW(high) high "0" high "1" high "2" high "3" high "4" high "5" high "6" high "7" \
                  high "8" high "9" high "a" high "b" high "c" high "d" high "e" high "f"
static const char hex_pairs[] = ROW("0") ROW("1") ROW("2") ROW("3") ROW("4") ROW("5") ROW("6") ROW("7")
                                ROW("8") ROW("9") ROW("a") ROW("b") ROW("c") ROW("d") ROW("e") ROW("f");

void od__crypto_hex(const uint8_t *data, size_t length, char *out) {
    for (size_t i = 0; i < length; i++)
        memcpy(out + 2 * i, hex_pairs + 2 * data[i], 2);
    out[2 * length] = '\0';
}

void od__crypto_base64(const void *data, size_t length, char *out) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *from = data;
    for (; length >= 3; length -= 3, from += 3) {
        uint32_t group = (uint32_t)from[0] << 16 | (uint32_t)from[1] << 8 | from[2];
        *out++ = digits[group >> 18];
        *out++ = digits[group >> 12 & 63];
        *out++ = digits[group >> 6 & 63];
        *out++ = digits[group & 63];
    }
    if (length > 0) {
        uint32_t group = (uint32_t)from[0] << 16 | (length == 2 ? (uint32_t)from[1] << 8 : 0);
        *out++ = digits[group >> 18];
        *out++ = digits[group >> 12 & 63];
        *out++ = length == 2 ? digits[group >> 6 & 63] : '=';
        *out++ = '=';
    }
    *out = '\0';
}

void od__crypto_uuid(const uint8_t random[16], char out[OD_UUID_BYTES]) {
    for (int i = 0; i < 16; i++) {
        uint8_t byte = random[i];
        if (i == 6)
            byte = (uint8_t)(0x40 | (byte & 0x0f)); /* version 4 */
        if (i == 8)
            byte = (uint8_t)(0x80 | (byte & 0x3f)); /* the variant of RFC 9562 */
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *out++ = '-';
        *out++ = hex_pairs[2 * byte];
        *out++ = hex_pairs[2 * byte + 1];
    }
    *out = '\0';
}
