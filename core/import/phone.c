#include "import/phone.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "base/error.h"
#include "import/country_codes.h"
#include "import/odd_plans.h"
#include "import/spelling.h"

#define SHORTEST_DIGITS 8    /* after the +, but for the small plans */
#define LONGEST_DIGITS 15
#define NANP_DIGITS 10       /* after +1 */
#define SHORT_CODE_DIGITS 6  /* 112, 911, 116117, 118118: so few, and from 4 on with 11 at the beginning */
#define SHOWN_BYTES 48

static const char emergency[] = "emergency numbers and short codes are never called";

/* What is being read: calling code and national number, as digits without +. */
typedef struct reading {
    const char *text;             /* as it was written, for the complaint */
    size_t text_length;
    const od_country *given;      /* NULL: none */
    const od_calling_code *code;
    const char *national;
    size_t national_count;
    bool is_marked;               /* written with its calling code or trunk prefix: no number within an area only */
    char respelled[OD_RESPELLED_DIGITS];  /* what national points to where it was written as in former times */
    char *why;                    /* may be NULL */
} reading;

static bool refuse(const reading *number, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool refuse(const reading *number, const char *format, ...) {
    if (number->why == NULL)
        return false;
    char shown[SHOWN_BYTES], reason[OD_PHONE_REASON_BYTES - SHOWN_BYTES - sizeof "\"...\": "];
    bool is_cut = number->text_length >= sizeof shown;
    od__error_clean(shown, sizeof shown, number->text, number->text_length);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    (void)snprintf(number->why, OD_PHONE_REASON_BYTES, "\"%s%s\": %s", shown, is_cut ? "..." : "", reason);
    return false;
}

/* ---- what no number may be ---- */

/* Three digits that are dialled as they are: 0xx, 1xx, 9xx somewhere in the world, and N11 in North America. */
static bool is_emergency(const char *digits, size_t count) {
    if (count < 2 || count > 3)
        return false;
    return digits[0] == '0' || digits[0] == '1' || digits[0] == '9' || (count == 3 && digits[1] == '1' && digits[2] == '1');
}

static bool is_short_code(const char *national, size_t count) {
    return count <= 3 || (count <= SHORT_CODE_DIGITS && national[0] == '1' && national[1] == '1');
}

/* Behind an area code, too, so few digits would be a short code, but for those plans that have such numbers. */
static bool is_short_number(const reading *number) {
    od_shortness is = od__short_number(number->code->code, number->national, number->national_count);
    return is == OD_SHORT_WHOLE || (is == OD_SHORT_IF_MARKED && number->is_marked);
}

static bool is_n11(const char *digits) {
    return digits[1] == '1' && digits[2] == '1';
}

static bool judge_nanp(const reading *number) {
    const char *area = number->national, *exchange = number->national + 3;
    if (number->national_count != NANP_DIGITS)
        return refuse(number, "expected 10 digits after +1, got %zu", number->national_count);
    if (area[0] < '2' || is_n11(area))
        return refuse(number, "%.3s is no area code of +1", area);
    if (exchange[0] < '2' || is_n11(exchange))
        return refuse(number, "%.3s cannot follow an area code of +1", exchange);
    return true;
}

static size_t code_digits_of(unsigned code) {
    return code < 10 ? 1 : code < 100 ? 2 : 3;
}

/* Judges calling code and national number, however they were written. */
static bool judge(const reading *number) {
    if (is_short_code(number->national, number->national_count))
        return refuse(number, emergency);
    if (number->code->code == OD_CALLING_CODE_NANP)
        return judge_nanp(number);
    if (od__short_number(number->code->code, number->national, number->national_count) == OD_SHORT_CODE)
        return refuse(number, emergency);
    size_t count = code_digits_of(number->code->code) + number->national_count;
    if ((count < SHORTEST_DIGITS && !is_short_number(number)) || count > LONGEST_DIGITS)
        return refuse(number, "expected %d to %d digits after +, got %zu", SHORTEST_DIGITS, LONGEST_DIGITS, count);
    return true;
}

/* Writes a calling code without NUL; returns how many digits. */
static size_t write_code(unsigned code, char out[OD_CALLING_CODE_DIGITS]) {
    size_t digits = code_digits_of(code);
    for (size_t i = digits; i > 0; i--, code /= 10)
        out[i - 1] = (char)('0' + code % 10);
    return digits;
}

/* ---- which country ---- */

/* Of those that share the calling code: the one its digits tell, the given one, else the one most people live in. */
static const char *country_of(const reading *number) {
    unsigned code = number->code->code;
    const char *by_digits = od__country_by_digits(code, number->national, number->national_count);
    if (by_digits != NULL)
        return by_digits;
    if (number->given != NULL && number->given->code == code)
        return number->given->iso;
    return number->code->iso;
}

/* ---- how long the numbers of a country are ---- */

static bool has_plan_length(const od_country *country, size_t count) {
    return count >= country->shortest && count <= country->longest;
}

static bool judge_plan(const reading *number, const od_country *country) {
    size_t count = number->national_count;
    if (has_plan_length(country, count))
        return true;
    if (count <= SHORT_CODE_DIGITS)
        return refuse(number, emergency);
    char expected[24];
    if (country->shortest == country->longest)
        (void)snprintf(expected, sizeof expected, "%u", country->longest);
    else
        (void)snprintf(expected, sizeof expected, "%u to %u", country->shortest, country->longest);
    return refuse(number, "a national number of %s has %s digits%s%s, got %zu", country->iso, expected,
                  country->trunk[0] != '\0' ? " after its prefix " : "", country->trunk, count);
}

/* ---- numbers with their calling code ---- */

/* Today's spelling instead of one of before, in memory of the reading. */
static void respell(reading *number) {
    size_t count;
    if (!od__respell(number->code->code, number->national, number->national_count, number->respelled, &count))
        return;
    number->national = number->respelled;
    number->national_count = count;
}

static bool begins_with(const char *digits, size_t count, const char *prefix) {
    size_t length = strlen(prefix);
    return length > 0 && count >= length && memcmp(digits, prefix, length) == 0;
}

static void drop_first(reading *number, size_t digits) {
    number->national += digits;
    number->national_count -= digits;
}

/* Where the trunk prefix is 0, or begins with it, no number begins with 0: what was written is the prefix. */
static bool drop_zero(reading *number, const od_country *country) {
    if (country->trunk[0] != '0' || number->national_count == 0 || number->national[0] != '0')
        return true;
    if (begins_with(number->national, number->national_count, country->trunk))
        drop_first(number, strlen(country->trunk));
    if (number->national_count > 0 && number->national[0] == '0')
        return refuse(number, "no number of %s begins with 0 after its calling code", country->iso);
    respell(number);
    return judge_plan(number, country);
}

static bool split(reading *number, const char *digits, size_t count) {
    size_t code_digits = 0;
    number->code = od__calling_code_of(digits, count, &code_digits);
    if (number->code == NULL) {
        (void)refuse(number, "no country has a calling code that +%.*s begins with", count < 4 ? (int)count : 4, digits);
        return false;
    }
    number->is_marked = true;
    number->national = digits + code_digits;
    number->national_count = count - code_digits;
    return true;
}

static bool read_international(reading *number, const od_spelled *spelled, size_t prefix) {
    if (!split(number, spelled->digits + prefix, spelled->count - prefix))
        return false;
    const od_country *country = od__country_find(country_of(number), strlen(country_of(number)));
    if (country == NULL)
        return judge(number);
    bool is_bracketed = spelled->has_bracketed_zero && number->national == spelled->digits + spelled->bracketed_zero;
    if (is_bracketed && !country->keeps_zero)
        drop_first(number, 1);
    if (is_short_code(number->national, number->national_count)) /* 000 has no trunk prefix */
        return refuse(number, emergency);
    if (!drop_zero(number, country))
        return false;
    respell(number);
    return judge(number);
}

/* ---- national numbers ---- */

/* A prefix that begins with 0 is always one; another digit may also begin the number itself: its length decides. */
static size_t trunk_length(const od_country *country, const char *trunk, const char *digits, size_t count) {
    if (!begins_with(digits, count, trunk))
        return 0;
    size_t length = strlen(trunk);
    return trunk[0] == '0' || (count > country->longest && has_plan_length(country, count - length)) ? length : 0;
}

/* The calling code without + and without the trunk prefix: "4930123456" may be meant, and may be a number that lost its 0. Where
 * what follows is too short for a number, the number itself begins so: "(55) 3199-6743" in Brazil. In Italy, where the 0 stays,
 * so does a mobile phone of 391 and more. */
static bool is_calling_code_meant(const reading *number, size_t trunk) {
    char code[OD_CALLING_CODE_DIGITS];
    size_t code_digits = write_code(number->code->code, code), count = number->national_count;
    if (trunk > 0 || count < code_digits || memcmp(number->national, code, code_digits) != 0)
        return false;
    od_shortness rest = od__short_number(number->code->code, number->national + code_digits, count - code_digits);
    if (count > number->given->longest || rest == OD_SHORT_WHOLE || rest == OD_SHORT_CODE)
        return true;
    return count >= SHORTEST_DIGITS && has_plan_length(number->given, count - code_digits) &&
           (!number->given->keeps_zero || number->national[code_digits] == '0');
}

static bool read_national(reading *number, const od_spelled *spelled) {
    const od_country *country = number->given;
    char code[OD_CALLING_CODE_DIGITS];
    size_t code_digits = write_code(country->code, code);
    number->code = od__calling_code_of(code, code_digits, &code_digits);
    number->national = spelled->digits;
    number->national_count = spelled->count;
    size_t trunk = trunk_length(country, country->trunk, spelled->digits, spelled->count);
    if (trunk == 0)
        trunk = trunk_length(country, country->other_trunk, spelled->digits, spelled->count);
    drop_first(number, trunk);
    number->is_marked = trunk > 0;
    if (is_short_code(number->national, number->national_count))
        return refuse(number, emergency);
    if (is_calling_code_meant(number, trunk))
        return refuse(number, "begins like the calling code of %s: write + before it%s%s", country->iso,
                      country->trunk[0] != '\0' ? ", or the prefix " : "", country->trunk);
    if (country->trunk[0] == '0' && number->national[0] == '0')
        return refuse(number, "no number of %s begins with 0 after its prefix %s", country->iso, country->trunk);
    respell(number);
    return judge_plan(number, country) && judge(number);
}

/* ---- all of it ---- */

/* The digits to dial abroad that stand for a +: 00, or what the given country has instead. */
static size_t international_prefix(const reading *number, const od_spelled *spelled) {
    if (spelled->has_plus)
        return 0;
    const char *way = number->given != NULL ? od__way_abroad(number->given->iso) : NULL;
    bool is_nanp = number->given != NULL && number->given->code == OD_CALLING_CODE_NANP;
    if (way == NULL && begins_with(spelled->digits, spelled->count, "00"))
        return 2;
    if (is_nanp)
        way = "011";
    return way != NULL && begins_with(spelled->digits, spelled->count, way) ? strlen(way) : 0;
}

/* 00 that may be the beginning of something longer. */
static bool is_unclear_abroad(const reading *number, const od_spelled *spelled) {
    return number->given != NULL && od__way_abroad(number->given->iso) != NULL && begins_with(spelled->digits, spelled->count, "00");
}

static void write_out(const reading *number, od_phone *out) {
    char *at = out->e164;
    *at++ = '+';
    at += write_code(number->code->code, at);
    memcpy(at, number->national, number->national_count);
    at[number->national_count] = '\0';
    memcpy(out->country, country_of(number), strlen(country_of(number)) + 1);
}

bool od__phone_normalise(const char *text, size_t length, const char *country, od_phone *out,
                         char why[OD_PHONE_REASON_BYTES]) {
    reading number = {.text = text, .text_length = length, .why = why};
    size_t country_length = country == NULL ? 0 : strlen(country);
    number.given = od__country_find(country, country_length);
    od_spelled spelled;
    const char *misspelled = od__spelled_read(&spelled, text, length);
    if (misspelled != NULL)
        return refuse(&number, "%s", misspelled);
    if (!spelled.has_plus && is_emergency(spelled.digits, spelled.count))
        return refuse(&number, emergency);
    size_t prefix = international_prefix(&number, &spelled);
    bool good;
    if (spelled.has_plus || prefix > 0)
        good = read_international(&number, &spelled, prefix);
    else if (is_unclear_abroad(&number, &spelled))
        return refuse(&number, "from %s abroad is not dialled with 00: write + before the calling code", number.given->iso);
    else if (number.given != NULL)
        good = read_national(&number, &spelled);
    else if (country_length > 0)
        return refuse(&number, "a national number, and \"%.16s\" is no ISO country code", country);
    else
        return refuse(&number, "expected E.164, or a national number with country = ...");
    if (good)
        write_out(&number, out);
    return good;
}

bool od__phone_is_dialable(const char *e164, char why[OD_PHONE_REASON_BYTES]) {
    size_t length = strlen(e164);
    reading number = {.text = e164, .text_length = length, .why = why};
    if (e164[0] != '+' || strspn(e164 + 1, "0123456789") != length - 1 || length == 1)
        return refuse(&number, "expected E.164");
    if (!split(&number, e164 + 1, length - 1))
        return false;
    if (!judge(&number))
        return false;
    const od_country *country = od__country_find(number.code->iso, strlen(number.code->iso));
    if (country != NULL && country->trunk[0] == '0' && number.national[0] == '0')
        return refuse(&number, "no number of %s begins with 0 after its calling code", country->iso);
    return true;
}

const char *od__phone_country(const char *text, size_t length) {
    const od_country *country = od__country_find(text, length);
    return country != NULL ? country->iso : NULL;
}
