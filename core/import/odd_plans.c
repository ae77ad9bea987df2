#include "import/odd_plans.h"

#include <string.h>

/* The figures are those of libphonenumber's metadata, but for what short codes could be mistaken for. */

static bool is_among(const char *digits, char digit) {
    return digit != '\0' && strchr(digits, digit) != NULL;
}

/* ---- numbers of few digits ---- */

/* Plans with whole numbers that are shorter than any other's: what these begin with. A whole plan of such numbers has no
 * area codes, and whatever else has so few digits is a short code; where few numbers are so short, they need their mark. */
static const struct short_plan {
    unsigned code, digits;
    const char *area;     /* what comes first; "": nothing that is the same for all */
    const char *next;     /* one of these digits follows */
    od_shortness is;
} short_plans[] = {
    {43, 5, "1", "23456789", OD_SHORT_IF_MARKED},    /* Austria: Vienna, as 01 4000 */
    {43, 5, "5", "0123456789", OD_SHORT_IF_MARKED},  /* and networks of companies, as 050100 */
    {49, 5, "30", "23456789", OD_SHORT_IF_MARKED},   /* Germany: Berlin, */
    {49, 5, "40", "23456789", OD_SHORT_IF_MARKED},   /* Hamburg, */
    {49, 5, "69", "23456789", OD_SHORT_IF_MARKED},   /* Frankfurt, */
    {49, 5, "89", "23456789", OD_SHORT_IF_MARKED},   /* and Munich; behind an area code 110 is still the police */
    {290, 4, "", "8", OD_SHORT_WHOLE},               /* Tristan da Cunha */
    {352, 4, "", "2345789", OD_SHORT_IF_MARKED},     /* Luxembourg: fixed lines; all of 6 are mobile and longer */
    {683, 4, "", "4567", OD_SHORT_WHOLE},            /* Niue */
    {690, 4, "", "2347", OD_SHORT_WHOLE},            /* Tokelau */
};

od_shortness od__short_number(unsigned code, const char *national, size_t count) {
    od_shortness found = OD_NOT_SHORT;
    for (size_t i = 0; i < sizeof short_plans / sizeof short_plans[0]; i++) {
        const struct short_plan *plan = &short_plans[i];
        size_t area = strlen(plan->area);
        if (plan->code != code || plan->digits != count)
            continue;
        if (memcmp(national, plan->area, area) == 0 && is_among(plan->next, national[area]))
            return plan->is;
        if (plan->is == OD_SHORT_WHOLE)
            found = OD_SHORT_CODE;
    }
    return found;
}

/* ---- calling codes that countries on different clocks share ---- */

static const struct { unsigned code; const char *begin, *iso; } shared[] = {
    {7, "6", "KZ"}, {7, "7", "KZ"}, {7, "", "RU"},
    {61, "89162", "CC"}, {61, "89164", "CX"},
    {262, "2689", "YT"}, {262, "269", "YT"}, {262, "639", "YT"}, {262, "70935", "YT"}, {262, "70936", "YT"}, {262, "70937", "YT"},
};

const char *od__country_by_digits(unsigned code, const char *national, size_t count) {
    for (size_t i = 0; i < sizeof shared / sizeof shared[0]; i++) {
        size_t length = strlen(shared[i].begin);
        if (shared[i].code == code && count > length && memcmp(national, shared[i].begin, length) == 0)
            return shared[i].iso;
    }
    return NULL;
}

/* ---- spellings of before ---- */

/* Mexico had prefixes before the ten digits until 2019, and a 1 after +52: as another number the same phone would have fences,
 * caps and a do-not-call list of its own. */
static const struct { unsigned code, digits; const char *begin; } dropped[] = {
    {52, 11, "1"}, {52, 12, "01"}, {52, 13, "044"}, {52, 13, "045"},
};

#define AR_CODE 54
#define AR_DIGITS 12   /* area code, 15, and the rest of ten digits */

/* Argentina's mobile phones are 15 between area code and number at home, and 9 before both from abroad. Area codes have two
 * digits (11 only), three or four, and 15 is in one of these places only. */
static bool respell_argentine(const char *national, size_t count, char out[OD_RESPELLED_DIGITS], size_t *out_count) {
    if (count != AR_DIGITS)
        return false;
    bool is_capital = memcmp(national, "11", 2) == 0;
    size_t area = is_capital ? 2 : 3, longest = is_capital ? 2 : 4;
    while (area <= longest && memcmp(national + area, "15", 2) != 0)
        area++;
    if (area > longest)
        return false;
    out[0] = '9';
    memcpy(out + 1, national, area);
    memcpy(out + 1 + area, national + area + 2, count - area - 2);
    *out_count = count - 1;
    return true;
}

bool od__respell(unsigned code, const char *national, size_t count, char out[OD_RESPELLED_DIGITS], size_t *out_count) {
    if (code == AR_CODE)
        return respell_argentine(national, count, out, out_count);
    for (size_t i = 0; i < sizeof dropped / sizeof dropped[0]; i++) {
        size_t length = strlen(dropped[i].begin);
        if (dropped[i].code != code || dropped[i].digits != count || memcmp(national, dropped[i].begin, length) != 0)
            continue;
        *out_count = count - length;
        memcpy(out, national + length, *out_count);
        return true;
    }
    return false;
}

/* ---- from one country to another ---- */

/* Where 00 and more is dialled, 00 alone is not told from it: 001 65 is Singapore from Hong Kong, and a place in North America
 * from Europe. */
static const struct { char iso[3]; const char *prefix; } ways[] = {
    {"AU", "0011"}, {"BR", ""}, {"CC", "0011"}, {"CO", ""}, {"CX", "0011"}, {"GY", ""}, {"HK", ""}, {"ID", ""}, {"JP", "010"},
    {"KH", ""}, {"KR", ""}, {"MN", ""}, {"NG", ""}, {"SG", ""}, {"TH", ""}, {"TW", ""}, {"TZ", ""}, {"UG", ""},
};

const char *od__way_abroad(const char *iso) {
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        if (strcmp(ways[i].iso, iso) == 0)
            return ways[i].prefix;
    }
    return NULL;
}
