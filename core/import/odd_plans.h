/* import/odd_plans: what the plans of single countries do otherwise than all others; data only, and finding in it. Digits are
 * national numbers, without calling code and trunk prefix. */
#ifndef OD_IMPORT_ODD_PLANS_H
#define OD_IMPORT_ODD_PLANS_H

#include <stdbool.h>
#include <stddef.h>

#pragma GCC visibility push(hidden)

#define OD_RESPELLED_DIGITS 16

typedef enum od_shortness {
    OD_NOT_SHORT,        /* no plan has whole numbers of so few digits */
    OD_SHORT_WHOLE,      /* it is one */
    OD_SHORT_IF_MARKED,  /* it is one if it was written with its calling code or trunk prefix, else it may lack its area code */
    OD_SHORT_CODE,       /* the plan has such, and this is none of them */
} od_shortness;

/* Whether national is a whole number although it has fewer digits than any other plan's. */
od_shortness od__short_number(unsigned code, const char *national, size_t count);
/* The country that national is in, of those that share the calling code; NULL: it may be any. Static. */
const char *od__country_by_digits(unsigned code, const char *national, size_t count);
/* Writes to out what is dialled today for a number in a spelling of before; false: it is none. */
bool od__respell(unsigned code, const char *national, size_t count, char out[OD_RESPELLED_DIGITS], size_t *out_count);
/* What is dialled from a country before a calling code where that is not 00; "": one of several; NULL: 00, or nothing that is
 * known otherwise. Static. */
const char *od__way_abroad(const char *iso);

#pragma GCC visibility pop
#endif
