/* import/country_codes: which calling code each country has, and how its people write national numbers; data only. */
#ifndef OD_IMPORT_COUNTRY_CODES_H
#define OD_IMPORT_COUNTRY_CODES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

#define OD_CALLING_CODE_NANP 1
#define OD_CALLING_CODE_DIGITS 3   /* none is longer */

typedef struct od_country {
    char iso[3];
    uint16_t code;
    char trunk[3];                /* what national numbers begin with and the number itself does not; "": nothing */
    char other_trunk[2];          /* also seen; "": none */
    bool keeps_zero;              /* the number itself may begin with 0, in brackets too */
    uint8_t shortest, longest;    /* digits of a national number without trunk prefix; 0: not known */
} od_country;

typedef struct od_calling_code {
    uint16_t code;
    char iso[3];                  /* of those that share it the one most people live in; "": of no country */
} od_calling_code;

/* All, by iso and by code, and how many. No calling code begins with another. */
extern const od_country od__countries[];
extern const size_t od__country_count;
extern const od_calling_code od__calling_codes[];
extern const size_t od__calling_code_count;

/* Finds a country by its two letters in either case; NULL: there is none. */
const od_country *od__country_find(const char *iso, size_t length);
/* Finds the calling code that digits begin with, and how many digits it has; NULL: none is assigned. */
const od_calling_code *od__calling_code_of(const char *digits, size_t count, size_t *code_digits);

#pragma GCC visibility pop
#endif
