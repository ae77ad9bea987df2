#include "import/spelling.h"

#include <string.h>
#include <strings.h>

/* From so many digits on each side, a slash stands between two numbers and not after an area code. */
#define WHOLE_NUMBER_DIGITS 7

typedef struct scanning {
    const char *at, *end;
    size_t slash_after;   /* digits before the last slash; 0: none */
} scanning;

static bool is_digit(char byte) {
    return byte >= '0' && byte <= '9';
}

/* Spaces, hyphens and marks of direction that come along when a number is copied from a page. */
static size_t separator_length(const unsigned char *at, size_t left) {
    if (left >= 2 && at[0] == 0xc2)
        return at[1] == 0xa0 || at[1] == 0xad ? 2 : 0;
    if (left < 3 || at[0] != 0xe2)
        return 0;
    bool general = at[1] == 0x80 && ((at[2] >= 0x80 && at[2] <= 0x95) || (at[2] >= 0xaa && at[2] <= 0xaf));
    bool minus = at[1] == 0x88 && at[2] == 0x92;
    return general || minus ? 3 : 0;
}

/* "4.91711E+11": the digits are gone, which the E tells. */
static bool is_exponent(const scanning *scan) {
    const char *at = scan->at;
    return scan->end - at >= 2 && (*at == 'E' || *at == 'e') && (at[1] == '+' || is_digit(at[1]));
}

static const char *complain(const scanning *scan, const od_spelled *spelled) {
    size_t left = (size_t)(scan->end - scan->at);
    char byte = *scan->at;
    if (spelled->count > 0 && is_exponent(scan))
        return "a spreadsheet made an exponent of it, and its last digits are lost";
    bool has_mark = byte == 'x' || byte == 'X' || byte == '#' || byte == ',' || byte == ';';
    if (spelled->count > 0 && (has_mark || (left >= 3 && strncasecmp(scan->at, "ext", 3) == 0)))
        return "an extension cannot be dialled";
    if (byte == '+')
        return "a + that is not at the beginning";
    if ((byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z'))
        return "letters";
    return "expected digits, spaces and + - . / ( ) only";
}

static const char *add_digit(od_spelled *spelled, char digit) {
    if (spelled->count == OD_SPELLED_DIGITS)
        return "too many digits for a telephone number";
    spelled->digits[spelled->count++] = digit;
    return NULL;
}

/* "(0)", after digits or a plus: what people write between calling code and number. */
static void note_bracketed_zero(od_spelled *spelled, const scanning *scan) {
    if (scan->end - scan->at < 3 || scan->at[1] != '0' || scan->at[2] != ')')
        return;
    spelled->has_bracketed_zero = true;
    spelled->bracketed_zero = spelled->count;
}

static const char *read_byte(od_spelled *spelled, scanning *scan) {
    char byte = *scan->at;
    size_t separator = 1;
    switch (byte) {
    case '0': case '1': case '2': case '3': case '4': case '5': case '6': case '7': case '8': case '9':
        scan->at++;
        return add_digit(spelled, byte);
    case '+':
        if (spelled->has_plus || spelled->count > 0)
            return complain(scan, spelled);
        spelled->has_plus = true;
        break;
    case '(': note_bracketed_zero(spelled, scan); break;
    case '/':
        if (scan->slash_after > 0)
            return "two slashes";
        scan->slash_after = spelled->count;
        break;
    case ' ': case '\t': case '-': case '.': case ')': break;
    default:
        separator = separator_length((const unsigned char *)scan->at, (size_t)(scan->end - scan->at));
        if (separator == 0)
            return complain(scan, spelled);
    }
    scan->at += separator;
    return NULL;
}

const char *od__spelled_read(od_spelled *spelled, const char *text, size_t length) {
    scanning scan = {.at = text, .end = text + length};
    spelled->count = 0;
    spelled->has_plus = spelled->has_bracketed_zero = false;
    while (scan.at < scan.end && (*scan.at == ' ' || *scan.at == '\t'))
        scan.at++;
    if (scan.end - scan.at >= 4 && strncasecmp(scan.at, "tel:", 4) == 0)
        scan.at += 4;
    while (scan.at < scan.end) {
        const char *why = read_byte(spelled, &scan);
        if (why != NULL)
            return why;
    }
    if (scan.slash_after >= WHOLE_NUMBER_DIGITS && spelled->count - scan.slash_after >= WHOLE_NUMBER_DIGITS)
        return "two numbers in one field";
    return spelled->count > 0 ? NULL : "no digits";
}
