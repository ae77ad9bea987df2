/* import/phone: what people write for a telephone number to E.164, or the reason why not; it asks nobody whether the number
 * is in use. Emergency numbers and short codes are always refused (R16). */
#ifndef OD_IMPORT_PHONE_H
#define OD_IMPORT_PHONE_H

#include <stdbool.h>
#include <stddef.h>

#pragma GCC visibility push(hidden)

#define OD_E164_BYTES 17            /* +, 15 digits, NUL */
#define OD_COUNTRY_BYTES 3          /* ISO 3166 letters and NUL */
#define OD_PHONE_REASON_BYTES 192

typedef struct od_phone {
    char e164[OD_E164_BYTES];
    char country[OD_COUNTRY_BYTES];  /* of the number; "" for a number of no country (+870, +883, ...) */
} od_phone;

/* Normalises text. country (ISO letters in either case, NULL or "": none is given) says how national numbers are read, and
 * which of the countries that share a calling code is meant. On failure returns false and fills why (may be NULL) with
 * `"TEXT": REASON`; out is then left as it was. */
bool od__phone_normalise(const char *text, size_t length, const char *country, od_phone *out,
                         char why[OD_PHONE_REASON_BYTES]);
/* Whether e164 is a whole number in E.164 that is no emergency number and no short code: the last look before an intent.
 * Fills why (may be NULL) if it is not. */
bool od__phone_is_dialable(const char *e164, char why[OD_PHONE_REASON_BYTES]);
/* Returns the ISO letters of a country in capitals (static), NULL if text names none. */
const char *od__phone_country(const char *text, size_t length);

#pragma GCC visibility pop
#endif
