/* validation: what a parameter must look like, as const data, and the one walker that compares. Knows no vendor and no
 * HTTP; the place where a field travels is carried here only because a field is one row. */
#ifndef OD_VALIDATION_SHAPE_H
#define OD_VALIDATION_SHAPE_H

#include "base/limits.h"
#include <outdial.h>

#pragma GCC visibility push(hidden)

typedef struct od_shape od_shape;
typedef struct od_field od_field;

typedef enum od_kind {
    OD_KIND_STRING,
    OD_KIND_INTEGER,
    OD_KIND_NUMBER,
    OD_KIND_BOOLEAN,
    OD_KIND_STRUCT,   /* named fields */
    OD_KIND_MAP,      /* free keys; key_shape and element */
    OD_KIND_LIST,     /* element */
    OD_KIND_ANY,      /* passed through */
    OD_KIND_CHOICE,   /* one of several structs, chosen by the value of one field: chooser, variants */
} od_kind;

typedef enum od_place {
    OD_PLACE_BODY,    /* member of the JSON body (the default) */
    OD_PLACE_PATH,    /* {name} in the path template, percent-encoded as one segment */
    OD_PLACE_QUERY,
    OD_PLACE_HEADER,  /* wire_name is the header's name */
    OD_PLACE_NOWHERE, /* for outdial itself: validated, not sent */
} od_place;

/* Checks (and may normalise) one value that already has the right kind and length. Returns OD_OK, or validation with a
 * message that says what was expected and what came (od__check_fail writes it). May put a replacement in *replacement
 * (new; starts as NULL). */
typedef od_status od_check_fn(const od_value *value, const char *path, od_value **replacement, od_error *err);

typedef struct od_check {
    const char *name;     /* as it is printed as the limit: "E.164", "ISO 8601 with zone" */
    od_check_fn *fn;
    const char *expected; /* as an error says it: "E.164 (+ and up to 15 digits)"; NULL: name */
} od_check;

/* Writes the complaint `expected <the check's words>, got <value>` at path; returns OD_VALIDATION. */
od_status od__check_fail(const od_check *check, const od_value *value, const char *path, od_error *err);

/* Checks a whole struct after its fields: the conditional rules. params may be changed in place. */
typedef od_status od_rule_fn(od_value *params, const char *path, od_error *err);

typedef struct od_rule {
    const char *summary;  /* "QueueId or SourcePhoneNumber" */
    od_rule_fn *fn;
} od_rule;

typedef struct od_variant {
    const char *value;               /* the chooser's value */
    const char *const *aliases;      /* NULL-ended; replaced by value on input; may be NULL */
    const char *summary;
    const od_shape *shape;           /* a STRUCT that has the chooser as a field too */
} od_variant;

struct od_shape {
    od_kind kind;
    int64_t min, max;                /* string: length in characters (Unicode code points); list, map: count;
                                        integer: range. max 0 with min 0: no limit */
    double number_min, number_max;   /* number: range; both 0: none */
    const char *const *choices;      /* string: NULL-ended list of what is allowed; NULL: anything */
    const od_check *check;           /* after the above; NULL: none */
    const od_field *fields;          /* struct: ends with a field whose name is NULL */
    const od_rule *rules;            /* struct: ends with a rule whose fn is NULL; may be NULL */
    bool open;                       /* struct: keys that are no field are passed through */
    const od_shape *key;             /* map: shape of the keys (a STRING); may be NULL */
    const od_shape *element;         /* map, list */
    const char *chooser;             /* choice: name of the field that chooses */
    const od_variant *variants;      /* choice: ends with a variant whose value is NULL */
    bool sensitive;                  /* the value never appears in a message */
    bool empty_is_absent;            /* string: "" counts as not given */
    const char *expected;            /* overrides what an error says was expected; NULL: made from the above */
};

struct od_field {
    const char *name;                /* the vendor's spelling */
    const char *summary;             /* one line of meaning */
    const od_shape *shape;
    bool required;
    od_place place;
    const char *wire_name;           /* if it travels under another name; NULL: name */
    const char *constant;            /* always this text; the user may not give another */
    const char *option;              /* default taken from this client option when the field is absent */
    const char *variable;            /* of a client option: default taken from this variable of the environment; may be NULL */
    const char *option_prefix;       /* put before that option's value ("/devices/"); may be NULL */
    bool option_only;                /* text: where the option is set, no other value (it is sent elsewhere as well) */
    bool make_uuid;                  /* a random UUID when absent (made once per request) */
    const char *const *aliases;      /* NULL-ended: other spellings accepted on input; may be NULL */
    int64_t default_integer;         /* sent when absent, if has_default_integer */
    bool has_default_integer;
    const char *default_text;        /* when absent: this text, or what it says of a boolean or an integer; may be NULL */
    int64_t ahead_ms;                /* ISO 8601 text: at least this long after now; 0: any */
};

#define OD_FIELDS_END { .name = NULL }
#define OD_RULES_END { .fn = NULL }
#define OD_VARIANTS_END { .value = NULL }

/* Walks value (an object for a STRUCT or CHOICE) and compares; normalises in place: checks' replacements, variant
 * aliases, field aliases, empty strings dropped where empty_is_absent, `{}` for an empty LIST. path is the JSON pointer
 * of value itself ("" at the top). The first complaint wins: unknown fields first (with "did you mean"), then fields in
 * order of declaration, then rules. Null members count as absent and are removed.
 * Errors: validation (path set, message "expected ..., got ..."), out_of_memory. */
od_status od__shape_validate(const od_shape *shape, od_value *value, const char *path, od_error *err);
/* Compares the times of a checked value (top level only) with now_ms, Unix time, where a field asks for one to come.
 * Errors: validation. */
od_status od__shape_check_ahead(const od_shape *shape, const od_value *value, int64_t now_ms, od_error *err);
/* Fills what is absent: constants, client options (may be NULL), UUIDs (random16 gives 16 bytes), defaults.
 * Runs before od__shape_validate. For a CHOICE the chooser must be there (or have an option or constant); an option is
 * used only for fields that the chosen variant has. Errors: out_of_memory, validation (another value for a constant, or
 * than the option where only that may be sent). */
od_status od__shape_fill(const od_shape *shape, od_value *value, const od_value *options,
                         bool (*random)(void *context, void *out, size_t bytes), void *random_context, od_error *err);
/* Returns the struct that value chooses (shape itself for a STRUCT; NULL if the chooser is missing or unknown). */
const od_shape *od__shape_chosen(const od_shape *shape, const od_value *value);
/* Returns the field of a STRUCT by name or alias; NULL if there is none. */
const od_field *od__shape_field(const od_shape *shape, const char *name);
/* Puts each member of object that is a field of a STRUCT at that field's index, NULL where there is none: one pass
 * instead of a look-up for each field. Borrowed. */
void od__shape_gather(const od_shape *shape, const od_value *object, const od_value *out[OD_LIMIT_FIELDS]);
/* Describes a shape's fields as od_operation_describe promises (array of objects); new. Errors: out_of_memory. */
od_status od__shape_describe(const od_shape *shape, od_value **out, od_error *err);

/* Sets to.rules to the summaries of a STRUCT's conditional rules, if it has any. Errors: out_of_memory. */
od_status od__shape_put_rules(const od_shape *shape, od_value *to, od_error *err);

/* Building a JSON pointer while walking down: appends "/" and the escaped key. */
void od__path_add(char *path, size_t path_bytes, const char *key);

/* ---- checks; messages as in "expected E.164 (+ and up to 15 digits), got \"555\"" ---- */
extern const od_check od_check_e164;          /* "+", 1-9, then 1..14 digits; exact */
extern const od_check od_check_e164_tolerant; /* drops spaces, hyphens, dots, parentheses; then "+" and 8..15 digits, and after
                                                 +1 exactly 10; replaces by bare E.164 */
extern const od_check od_check_uuid;
extern const od_check od_check_iso8601;       /* date-time with zone; replaced by the same instant as YYYY-MM-DDTHH:MM:SS[.mmm]Z */
extern const od_check od_check_language;      /* ISO 639-1, "xx" or "xx-YY", case kept */
extern const od_check od_check_absolute_url;  /* http or https */
extern const od_check od_check_header_text;   /* no control characters */
extern const od_check od_check_duration;      /* number of seconds > 0 */
extern const od_check od_check_positive_integer;
extern const od_check od_check_base_url;      /* http(s)://host[:port][/path], no query */

/* Parses ISO 8601 with zone into Unix milliseconds; false if it is not. */
bool od__iso8601_parse(const char *text, int64_t *unix_ms);
/* Writes Unix milliseconds as YYYY-MM-DDTHH:MM:SS[.mmm]Z (fraction only if not zero); out holds at least 32 bytes. */
void od__iso8601_format(int64_t unix_ms, char *out, size_t out_bytes);

/* Ready-made shapes used by several vendors. */
extern const od_shape od_shape_any, od_shape_text, od_shape_boolean, od_shape_integer, od_shape_e164, od_shape_string_map;

#pragma GCC visibility pop
#endif
