/* The validation room: the walker with exact complaints, normalising, filling, describing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/memory.h"
#include "validation/shape.h"
#include "values.h"

/* ---- a shape with one of everything ---- */

static const char *const colours[] = {"RED", "GREEN", "BLUE", NULL};
static const char *const many[] = {
    "ALPHA-ALPHA-ALPHA-ALPHA-ALPHA", "BRAVO-BRAVO-BRAVO-BRAVO-BRAVO", "CHARLIE-CHARLIE-CHARLIE-CHARLIE",
    "DELTA-DELTA-DELTA-DELTA-DELTA", "ECHO-ECHO-ECHO-ECHO-ECHO-ECHO", "FOXTROT-FOXTROT-FOXTROT-FOXTROT",
    "GOLF-GOLF-GOLF-GOLF-GOLF-GOLF", "HOTEL-HOTEL-HOTEL-HOTEL-HOTEL", "INDIA-INDIA-INDIA-INDIA-INDIA",
    "JULIETT-JULIETT-JULIETT-JULIETT", "KILO-KILO-KILO-KILO-KILO-KILO", "LIMA-LIMA-LIMA-LIMA-LIMA-LIMA", NULL};

static const od_shape name = {.kind = OD_KIND_STRING, .min = 1, .max = 10};
static const od_shape at_most = {.kind = OD_KIND_STRING, .max = 3};
static const od_shape at_least = {.kind = OD_KIND_STRING, .min = 2};
static const od_shape exactly = {.kind = OD_KIND_STRING, .min = 4, .max = 4};
static const od_shape one = {.kind = OD_KIND_STRING, .max = 1};
static const od_shape colour = {.kind = OD_KIND_STRING, .choices = colours};
static const od_shape many_choices = {.kind = OD_KIND_STRING, .choices = many};
static const od_shape secret = {.kind = OD_KIND_STRING, .max = 20, .sensitive = true};
static const od_shape secret_number = {.kind = OD_KIND_STRING, .check = &od_check_e164, .sensitive = true};
static const od_shape optional = {.kind = OD_KIND_STRING, .empty_is_absent = true};
static const od_shape worded = {.kind = OD_KIND_STRING, .max = 2, .expected = "a country such as US"};
static const od_shape ring = {.kind = OD_KIND_INTEGER, .min = 15, .max = 60};
static const od_shape positive = {.kind = OD_KIND_INTEGER, .min = 0, .max = INT64_MAX};
static const od_shape from_two = {.kind = OD_KIND_INTEGER, .min = 2};
static const od_shape small = {.kind = OD_KIND_INTEGER, .min = INT64_MIN, .max = 9};
static const od_shape ratio = {.kind = OD_KIND_NUMBER, .number_min = 0, .number_max = 1};
static const od_shape any_number = {.kind = OD_KIND_NUMBER};
static const od_shape names = {.kind = OD_KIND_LIST, .min = 1, .max = 2, .element = &name};
static const od_shape free_list = {.kind = OD_KIND_LIST};
static const od_shape integers = {.kind = OD_KIND_LIST, .element = &od_shape_integer};
static const od_shape key = {.kind = OD_KIND_STRING, .max = 4};
static const od_shape map = {.kind = OD_KIND_MAP, .max = 2, .key = &key, .element = &name};
static const od_shape integer_map = {.kind = OD_KIND_MAP, .element = &od_shape_integer};
static const od_shape seconds = {.kind = OD_KIND_NUMBER, .check = &od_check_duration};
static const od_shape moment = {.kind = OD_KIND_STRING, .check = &od_check_iso8601};

static const char *const renamed_from[] = {"Old", "Older", NULL};

static const od_field inner_fields[] = {
    {.name = "Type", .shape = &colour, .required = true},
    {.name = "a/b~c", .shape = &ring},
    OD_FIELDS_END,
};
static const od_shape inner = {.kind = OD_KIND_STRUCT, .fields = inner_fields};
static const od_shape inners = {.kind = OD_KIND_LIST, .element = &inner};
static const od_field open_fields[] = {{.name = "Known", .shape = &ring}, OD_FIELDS_END};
static const od_shape open_struct = {.kind = OD_KIND_STRUCT, .fields = open_fields, .open = true};

static od_status not_both(od_value *params, const char *path, od_error *err) {
    if (od_value_get(params, "Name") != NULL && od_value_get(params, "Colour") != NULL)
        return od__error_at(err, OD_VALIDATION, path, "expected Name or Colour, got both");
    return OD_OK;
}

static const od_rule rules[] = {{.summary = "Name or Colour", .fn = not_both}, OD_RULES_END};

static const od_field fields[] = {
    {.name = "Name", .shape = &name},
    {.name = "AtMost", .shape = &at_most},
    {.name = "AtLeast", .shape = &at_least},
    {.name = "Exactly", .shape = &exactly},
    {.name = "One", .shape = &one},
    {.name = "Colour", .shape = &colour},
    {.name = "Many", .shape = &many_choices},
    {.name = "Secret", .shape = &secret},
    {.name = "SecretNumber", .shape = &secret_number},
    {.name = "Optional", .shape = &optional},
    {.name = "Worded", .shape = &worded},
    {.name = "Ring", .shape = &ring},
    {.name = "Positive", .shape = &positive},
    {.name = "FromTwo", .shape = &from_two},
    {.name = "Small", .shape = &small},
    {.name = "Ratio", .shape = &ratio},
    {.name = "Number", .shape = &any_number},
    {.name = "Integer", .shape = &od_shape_integer},
    {.name = "Flag", .shape = &od_shape_boolean},
    {.name = "Phone", .shape = &od_shape_e164},
    {.name = "Names", .shape = &names},
    {.name = "List", .shape = &free_list},
    {.name = "Integers", .shape = &integers},
    {.name = "Map", .shape = &map},
    {.name = "IntegerMap", .shape = &integer_map},
    {.name = "Inner", .shape = &inner},
    {.name = "Inners", .shape = &inners},
    {.name = "Open", .shape = &open_struct},
    {.name = "Any", .shape = &od_shape_any},
    {.name = "Seconds", .shape = &seconds},
    {.name = "Moment", .shape = &moment},
    {.name = "New", .shape = &integers, .aliases = renamed_from},
    OD_FIELDS_END,
};
static const od_shape everything = {.kind = OD_KIND_STRUCT, .fields = fields, .rules = rules};

static void complaints(void **state) {
    (void)state;
    static const struct {
        const char *value, *path, *message;
    } rows[] = {
        {"[]", "", "expected an object, got an array"},
        {"\"x\"", "", "expected an object, got a string"},
        {"{\"DestinationPhone\":1}", "/DestinationPhone", "unknown field"},
        {"{\"Phon\":\"1\"}", "/Phon", "unknown field, did you mean \"Phone\"?"},
        {"{\"integer_map\":null}", "/integer_map", "unknown field, did you mean \"IntegerMap\"?"},
        {"{\"Ring\":1,\"Zzz\":1}", "/Zzz", "unknown field"},
        {"{\"a/b~c\":1}", "/a~1b~0c", "unknown field"},

        {"{\"Name\":5}", "/Name", "expected a string, got an integer"},
        {"{\"Name\":1.5}", "/Name", "expected a string, got a number"},
        {"{\"Name\":true}", "/Name", "expected a string, got a boolean"},
        {"{\"Name\":{}}", "/Name", "expected a string, got an object"},
        {"{\"Name\":[]}", "/Name", "expected a string, got an array"},
        {"{\"Name\":\"\"}", "/Name", "expected 1 to 10 characters, got 0"},
        {"{\"Name\":\"12345678901\"}", "/Name", "expected 1 to 10 characters, got 11"},
        {"{\"Name\":\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x93\x9e\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\"}",
         NULL, NULL},
        {"{\"AtMost\":\"\"}", NULL, NULL},
        {"{\"AtMost\":\"1234\"}", "/AtMost", "expected at most 3 characters, got 4"},
        {"{\"AtLeast\":\"1\"}", "/AtLeast", "expected at least 2 characters, got 1"},
        {"{\"AtLeast\":\"12345678901234567890\"}", NULL, NULL},
        {"{\"Exactly\":\"123\"}", "/Exactly", "expected 4 characters, got 3"},
        {"{\"One\":\"12\"}", "/One", "expected at most 1 character, got 2"},
        {"{\"Worded\":\"USA\"}", "/Worded", "expected a country such as US, got 3 characters"},
        {"{\"Worded\":1}", "/Worded", "expected a country such as US, got an integer"},

        {"{\"Colour\":\"X\"}", "/Colour", "expected one of RED, GREEN, BLUE, got \"X\""},
        {"{\"Colour\":\"green\"}", "/Colour",
         "expected one of RED, GREEN, BLUE, got \"green\", did you mean \"GREEN\"?"},
        {"{\"Colour\":7}", "/Colour", "expected one of RED, GREEN, BLUE, got an integer"},
        {"{\"Many\":\"X\"}", "/Many",
         "expected one of ALPHA-ALPHA-ALPHA-ALPHA-ALPHA, BRAVO-BRAVO-BRAVO-BRAVO-BRAVO, CHARLIE-CHARLIE-CHARLIE-CHARLIE, "
         "DELTA-DELTA-DELTA-DELTA-DELTA, ECHO-ECHO-ECHO-ECHO-ECHO-ECHO, FOXTROT-FOXTROT-FOXTROT-FOXTROT, "
         "GOLF-GOLF-GOLF-GOLF-GOLF-GOLF, HOTEL-HOTEL-HOTEL-HOTEL-HOTEL, INDIA-INDIA-INDIA-INDIA-INDIA, ..., got \"X\""},

        {"{\"Secret\":\"123456789012345678901\"}", "/Secret", "expected at most 20 characters, got 21"},
        {"{\"Secret\":1234}", "/Secret", "expected a string, got an integer"},
        {"{\"SecretNumber\":\"hunter2\"}", "/SecretNumber",
         "expected E.164 (+ and up to 15 digits), got a string of 7 characters"},
        {"{\"SecretNumber\":\"7\"}", "/SecretNumber",
         "expected E.164 (+ and up to 15 digits), got a string of 1 character"},

        {"{\"Ring\":5}", "/Ring", "expected an integer from 15 to 60, got 5"},
        {"{\"Ring\":61}", "/Ring", "expected an integer from 15 to 60, got 61"},
        {"{\"Ring\":15.5}", "/Ring", "expected an integer from 15 to 60, got 15.5"},
        {"{\"Ring\":\"20\"}", "/Ring", "expected an integer from 15 to 60, got a string"},
        {"{\"Ring\":15}", NULL, NULL},
        {"{\"Ring\":60}", NULL, NULL},
        {"{\"Positive\":-1}", "/Positive", "expected an integer of at least 0, got -1"},
        {"{\"Positive\":9223372036854775807}", NULL, NULL},
        {"{\"FromTwo\":1}", "/FromTwo", "expected an integer of at least 2, got 1"},
        {"{\"FromTwo\":9223372036854775807}", NULL, NULL},
        {"{\"Small\":10}", "/Small", "expected an integer of at most 9, got 10"},
        {"{\"Integer\":0.5}", "/Integer", "expected an integer, got 0.5"},
        {"{\"Integer\":1e19}", "/Integer", "expected an integer, got 1e+19"},
        {"{\"Integer\":-9223372036854775808.0}", NULL, NULL},
        {"{\"Integer\":9223372036854775808.0}", "/Integer", "expected an integer, got 9.22337203685478e+18"},
        {"{\"Ratio\":1.5}", "/Ratio", "expected a number from 0 to 1, got 1.5"},
        {"{\"Ratio\":-1}", "/Ratio", "expected a number from 0 to 1, got -1"},
        {"{\"Ratio\":1}", NULL, NULL},
        {"{\"Number\":\"1\"}", "/Number", "expected a number, got a string"},
        {"{\"Flag\":1}", "/Flag", "expected a boolean, got an integer"},
        {"{\"Flag\":\"true\"}", "/Flag", "expected a boolean, got a string"},
        {"{\"Phone\":\"555\"}", "/Phone", "expected E.164 (+ and up to 15 digits), got \"555\""},
        {"{\"Seconds\":0}", "/Seconds", "expected a number of seconds above 0, got 0"},

        {"{\"Names\":\"x\"}", "/Names", "expected an array, got a string"},
        {"{\"Names\":{\"a\":1}}", "/Names", "expected an array, got an object"},
        {"{\"Names\":[]}", "/Names", "expected 1 to 2 elements, got 0"},
        {"{\"Names\":{}}", "/Names", "expected 1 to 2 elements, got 0"},
        {"{\"Names\":[\"a\",\"b\",\"c\"]}", "/Names", "expected 1 to 2 elements, got 3"},
        {"{\"Names\":[\"a\",\"\"]}", "/Names/1", "expected 1 to 10 characters, got 0"},
        {"{\"Names\":[null]}", "/Names/0", "expected a string, got null"},
        {"{\"Map\":[]}", "/Map", "expected an object, got an array"},
        {"{\"Map\":{\"a\":\"x\",\"b\":\"x\",\"c\":\"x\"}}", "/Map", "expected at most 2 keys, got 3"},
        {"{\"Map\":{\"abcde\":\"x\"}}", "/Map/abcde", "expected at most 4 characters, got 5"},
        {"{\"Map\":{\"a~/b\":1}}", "/Map/a~0~1b", "expected a string, got an integer"},
        {"{\"Inner\":{}}", "/Inner/Type", "expected one of RED, GREEN, BLUE, got nothing"},
        {"{\"Inner\":{\"Type\":\"RED\",\"a/b~c\":1}}", "/Inner/a~1b~0c", "expected an integer from 15 to 60, got 1"},
        {"{\"Inners\":[{\"Type\":\"RED\"},{\"Typ\":\"RED\"}]}", "/Inners/1/Typ",
         "unknown field, did you mean \"Type\"?"},
        {"{\"Open\":{\"Known\":1,\"Other\":[1]}}", "/Open/Known", "expected an integer from 15 to 60, got 1"},
        {"{\"New\":[1],\"Old\":[2]}", "/Old", "given twice, also as \"New\""},
        {"{\"Old\":[1],\"Older\":[2]}", "/Older", "given twice, also as \"Old\""},
        {"{\"Name\":\"x\",\"Colour\":\"RED\"}", "", "expected Name or Colour, got both"},
        /* Fields are compared in order of declaration, not as they came. */
        {"{\"Ring\":1,\"Name\":1}", "/Name", "expected a string, got an integer"},
        {"{\"Any\":{\"deep\":[null,{\"x\":1}]}}", NULL, NULL},
        {"{\"List\":[1,\"x\",null]}", NULL, NULL},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        od_value *value = parsed(rows[i].value);
        od_error err = OD_ERROR_INIT;
        od_status status = od__shape_validate(&everything, value, "", &err);
        assert_string_equal(err.message, rows[i].message == NULL ? "" : rows[i].message);
        assert_string_equal(err.path, rows[i].path == NULL ? "" : rows[i].path);
        assert_int_equal(status, rows[i].message == NULL ? OD_OK : OD_VALIDATION);
        assert_int_equal(err.code, status);
        od_value_unref(value);
    }
}

static void what_is_normalised(void **state) {
    (void)state;
    static const struct {
        const char *value, *after;
    } rows[] = {
        {"{\"Ring\":20.0,\"Integer\":-3.0}", "{\"Ring\":20,\"Integer\":-3}"},
        {"{\"Name\":null,\"Ring\":20,\"Optional\":\"\"}", "{\"Ring\":20}"},
        {"{\"Optional\":\"x\"}", "{\"Optional\":\"x\"}"},
        {"{\"List\":{},\"Integers\":{},\"Map\":{},\"Any\":{}}", "{\"List\":[],\"Integers\":[],\"Map\":{},\"Any\":{}}"},
        {"{\"Integers\":[1.0,2,3.0]}", "{\"Integers\":[1,2,3]}"},
        {"{\"IntegerMap\":{\"a\":1.0,\"b\":null,\"c\":2.0,\"d\":null}}", "{\"IntegerMap\":{\"a\":1,\"c\":2}}"},
        {"{\"IntegerMap\":{\"a\":null}}", "{\"IntegerMap\":{}}"},
        {"{\"Old\":[1],\"Ring\":20}", "{\"Ring\":20,\"New\":[1]}"},
        {"{\"Older\":{},\"New\":null}", "{\"New\":[]}"},
        {"{\"Moment\":\"2026-05-04T11:30:00.250+02:00\"}", "{\"Moment\":\"2026-05-04T09:30:00.250Z\"}"},
        {"{\"Open\":{\"x\":[1],\"y\":null,\"Known\":20.0}}", "{\"Open\":{\"x\":[1],\"Known\":20}}"},
        {"{\"Inners\":[{\"Type\":\"RED\",\"a/b~c\":null}]}", "{\"Inners\":[{\"Type\":\"RED\"}]}"},
        {"{\"Number\":15.0}", "{\"Number\":15.0}"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        od_value *value = parsed(rows[i].value);
        od_error err = OD_ERROR_INIT;
        if (od__shape_validate(&everything, value, "", &err) != OD_OK)
            fail_msg("%s: %s %s", rows[i].value, err.path, err.message);
        assert_written(value, rows[i].after);
        od_value_unref(value);
    }
}

static void required_fields(void **state) {
    (void)state;
    static const od_shape *const shapes[] = {&od_shape_e164, &name, &colour, &ring, &ratio, &od_shape_boolean, &names,
                                             &map, &inner, &od_shape_any, &moment, &worded, &secret};
    static const char *const expected[] = {
        "E.164 (+ and up to 15 digits)", "a string", "one of RED, GREEN, BLUE", "an integer from 15 to 60",
        "a number from 0 to 1", "a boolean", "an array", "an object", "an object", "a value",
        "ISO 8601 with a zone, as 2026-05-04T09:30:00Z", "a country such as US", "a string"};
    for (size_t i = 0; i < ROWS(shapes); i++) {
        const od_field two[] = {{.name = "Needed", .shape = shapes[i], .required = true}, OD_FIELDS_END};
        const od_shape shape = {.kind = OD_KIND_STRUCT, .fields = two};
        static const char *const absent[] = {"{}", "{\"Needed\":null}"};
        for (size_t j = 0; j < ROWS(absent); j++) {
            od_value *value = parsed(absent[j]);
            od_error err = OD_ERROR_INIT;
            char message[256];
            (void)snprintf(message, sizeof message, "expected %s, got nothing", expected[i]);
            assert_int_equal(od__shape_validate(&shape, value, "", &err), OD_VALIDATION);
            assert_string_equal(err.path, "/Needed");
            assert_string_equal(err.message, message);
            od_value_unref(value);
        }
    }
    const od_shape needed_text = {.kind = OD_KIND_STRING, .empty_is_absent = true};
    const od_field needed[] = {{.name = "Text", .shape = &needed_text, .required = true}, OD_FIELDS_END};
    const od_shape shape = {.kind = OD_KIND_STRUCT, .fields = needed};
    od_value *value = parsed("{\"Text\":\"\"}");
    od_error err = OD_ERROR_INIT;
    assert_int_equal(od__shape_validate(&shape, value, "/below", &err), OD_VALIDATION);
    assert_string_equal(err.path, "/below/Text");
    assert_string_equal(err.message, "expected a string, got nothing");
    od_value_unref(value);
}

static void nul_inside_of_text(void **state) {
    (void)state;
    od_value *value = od_value_new_object();
    assert_int_equal(od_value_set(value, "Name", od_value_new_string_n("a\0b", 3), NULL), OD_OK);
    od_error err = OD_ERROR_INIT;
    assert_int_equal(od__shape_validate(&everything, value, "", &err), OD_VALIDATION);
    assert_string_equal(err.path, "/Name");
    assert_string_equal(err.message, "expected text without NUL characters");
    od_value_unref(value);
}

/* ---- choices ---- */

static const char *const outbound_aliases[] = {"outbound", "OUT", NULL};
static const od_shape kind_text = {.kind = OD_KIND_STRING};
static const od_field outbound_fields[] = {
    {.name = "kind", .shape = &kind_text, .required = true, .constant = "Voice Outbound", .option = "kind"},
    {.name = "number", .shape = &od_shape_e164, .required = true, .option = "number"},
    {.name = "agent", .shape = &od_shape_text, .option = "agent"},
    OD_FIELDS_END,
};
static const od_shape outbound = {.kind = OD_KIND_STRUCT, .fields = outbound_fields};
static const od_field inbound_fields[] = {
    {.name = "kind", .shape = &kind_text, .required = true, .constant = "Voice Inbound"},
    {.name = "number", .shape = &od_shape_e164, .required = true, .option = "number"},
    OD_FIELDS_END,
};
static const od_shape inbound = {.kind = OD_KIND_STRUCT, .fields = inbound_fields};
static const od_variant variants[] = {
    {.value = "Voice Outbound", .aliases = outbound_aliases, .summary = "an agent calls", .shape = &outbound},
    {.value = "Voice Inbound", .summary = "the person is called back", .shape = &inbound},
    OD_VARIANTS_END,
};
static const od_shape choice = {.kind = OD_KIND_CHOICE, .chooser = "kind", .variants = variants};

static bool counting(void *context, void *out, size_t bytes) {
    memset(out, ++*(uint8_t *)context, bytes);
    return true;
}

static bool no_random(void *context, void *out, size_t bytes) {
    (void)context, (void)out, (void)bytes;
    return false;
}

static void choosing(void **state) {
    (void)state;
    static const struct {
        const char *value, *options, *after, *path, *message;
    } rows[] = {
        {"{\"kind\":\"Voice Inbound\",\"number\":\"+4930123456\"}", "{\"agent\":\"a@b.c\"}",
         "{\"kind\":\"Voice Inbound\",\"number\":\"+4930123456\"}", "", ""},
        {"{\"kind\":\"OUT\"}", "{\"agent\":\"a@b.c\",\"number\":\"+4930123456\"}",
         "{\"kind\":\"Voice Outbound\",\"number\":\"+4930123456\",\"agent\":\"a@b.c\"}", "", ""},
        {"{\"number\":\"+4930123456\"}", "{\"kind\":\"outbound\"}",
         "{\"number\":\"+4930123456\",\"kind\":\"Voice Outbound\"}", "", ""},
        {"{\"kind\":null,\"number\":\"+4930123456\"}", "{\"kind\":\"Voice Inbound\"}",
         "{\"kind\":\"Voice Inbound\",\"number\":\"+4930123456\"}", "", ""},
        {"{\"number\":\"+4930123456\"}", "{}", NULL, "/kind",
         "expected one of Voice Outbound, Voice Inbound, got nothing"},
        {"{\"kind\":\"Voice Outbond\"}", "{}", NULL, "/kind",
         "expected one of Voice Outbound, Voice Inbound, got \"Voice Outbond\", did you mean \"Voice Outbound\"?"},
        {"{\"kind\":5}", "{}", NULL, "/kind", "expected one of Voice Outbound, Voice Inbound, got 5"},
        {"{\"kind\":\"Voice Inbound\",\"number\":\"+4930123456\",\"agent\":\"x\"}", "{}", NULL, "/agent",
         "unknown field"},
        {"{\"kind\":\"outbound\"}", "{}", NULL, "/number", "expected E.164 (+ and up to 15 digits), got nothing"},
        {"[]", "{}", NULL, "", "expected an object, got an array"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        od_value *value = parsed(rows[i].value), *options = parsed(rows[i].options);
        od_error err = OD_ERROR_INIT;
        assert_int_equal(od__shape_fill(&choice, value, options, NULL, NULL, &err), OD_OK);
        od_status status = od__shape_validate(&choice, value, "", &err);
        assert_string_equal(err.message, rows[i].message);
        assert_string_equal(err.path, rows[i].path);
        assert_int_equal(status, rows[i].after != NULL ? OD_OK : OD_VALIDATION);
        if (rows[i].after != NULL)
            assert_written(value, rows[i].after);
        od_value_unref(value);
        od_value_unref(options);
    }
    od_value *value = parsed("{\"kind\":\"OUT\"}");
    assert_ptr_equal(od__shape_chosen(&choice, value), &outbound);
    assert_ptr_equal(od__shape_chosen(&outbound, value), &outbound);
    assert_null(od__shape_chosen(&choice, NULL));
    od_value_unref(value);

    /* Validated without filling, an alias is settled all the same. */
    value = parsed("{\"kind\":\"outbound\",\"number\":\"+4930123456\"}");
    assert_int_equal(od__shape_validate(&choice, value, "", NULL), OD_OK);
    assert_written(value, "{\"kind\":\"Voice Outbound\",\"number\":\"+4930123456\"}");
    od_value_unref(value);
}

/* ---- filling ---- */

static const char *const token_aliases[] = {"client_token", NULL};
static const od_field item_fields[] = {
    {.name = "Token", .shape = &od_shape_text, .make_uuid = true},
    {.name = "Version", .shape = &od_shape_integer, .constant = "2"},
    OD_FIELDS_END,
};
static const od_shape item = {.kind = OD_KIND_STRUCT, .fields = item_fields};
static const od_shape items = {.kind = OD_KIND_LIST, .element = &item};
static const od_field fill_fields[] = {
    {.name = "Operation", .shape = &od_shape_text, .constant = "Dial"},
    {.name = "Sync", .shape = &od_shape_boolean, .constant = "true"},
    {.name = "Device", .shape = &optional, .option = "device", .option_prefix = "/devices/"},
    {.name = "Attributes", .shape = &od_shape_any, .option = "attributes"},
    {.name = "Token", .shape = &od_shape_text, .make_uuid = true, .aliases = token_aliases},
    {.name = "Ring", .shape = &ring, .default_integer = 25, .has_default_integer = true},
    {.name = "Item", .shape = &item},
    {.name = "Items", .shape = &items},
    {.name = "Key", .shape = &secret, .constant = "hunter2"},
    OD_FIELDS_END,
};
static const od_shape fillable = {.kind = OD_KIND_STRUCT, .fields = fill_fields};

static void filling(void **state) {
    (void)state;
    static const char options[] = "{\"device\":\"D7\",\"attributes\":{\"a\":1},\"other\":1}";
#define CONSTANTS "\"Operation\":\"Dial\",\"Sync\":true"
    static const struct {
        const char *value, *options, *after, *path, *message;
    } rows[] = {
        {"{}", "{}",
         "{" CONSTANTS ",\"Token\":\"01010101-0101-4101-8101-010101010101\",\"Ring\":25,\"Key\":\"hunter2\"}", "", ""},
        {"{}", options,
         "{" CONSTANTS ",\"Device\":\"/devices/D7\",\"Attributes\":{\"a\":1},"
         "\"Token\":\"01010101-0101-4101-8101-010101010101\",\"Ring\":25,\"Key\":\"hunter2\"}", "", ""},
        {"{\"Device\":\"\",\"Token\":\"t\",\"Ring\":30,\"Attributes\":2}", options,
         "{\"Device\":\"/devices/D7\",\"Token\":\"t\",\"Ring\":30,\"Attributes\":2," CONSTANTS ",\"Key\":\"hunter2\"}",
         "", ""},
        {"{\"client_token\":\"t\",\"Ring\":null}", "{\"device\":null}",
         "{\"client_token\":\"t\",\"Ring\":25," CONSTANTS ",\"Key\":\"hunter2\"}", "", ""},
        {"{\"Token\":\"t\",\"Ring\":30,\"Item\":{},\"Items\":[{},{\"Token\":\"x\",\"Version\":2.0},5]," CONSTANTS
         ",\"Key\":\"hunter2\"}", "{}",
         "{\"Token\":\"t\",\"Ring\":30,\"Item\":{\"Token\":\"01010101-0101-4101-8101-010101010101\",\"Version\":2},"
         "\"Items\":[{\"Token\":\"02020202-0202-4202-8202-020202020202\",\"Version\":2},"
         "{\"Token\":\"x\",\"Version\":2.0},5]," CONSTANTS ",\"Key\":\"hunter2\"}", "", ""},
        {"{\"Operation\":\"Hold\"}", "{}", NULL, "/Operation", "expected \"Dial\", got \"Hold\""},
        {"{\"Operation\":5}", "{}", NULL, "/Operation", "expected \"Dial\", got 5"},
        {"{\"Sync\":false}", "{}", NULL, "/Sync", "expected true, got false"},
        {"{\"Item\":{\"Version\":3}}", "{}", NULL, "/Item/Version", "expected 2, got 3"},
        {"{\"Items\":[{},{\"Version\":\"2\"}]}", "{}", NULL, "/Items/1/Version", "expected 2, got \"2\""},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        od_value *value = parsed(rows[i].value), *given = parsed(rows[i].options);
        od_error err = OD_ERROR_INIT;
        uint8_t count = 0;
        od_status status = od__shape_fill(&fillable, value, given, counting, &count, &err);
        assert_string_equal(err.message, rows[i].message);
        assert_string_equal(err.path, rows[i].path);
        assert_int_equal(status, rows[i].after != NULL ? OD_OK : OD_VALIDATION);
        if (rows[i].after != NULL)
            assert_written(value, rows[i].after);
        od_value_unref(value);
        od_value_unref(given);
    }
    /* A constant that is a secret is not shown, nor what came instead. */
    od_value *value = parsed("{\"Token\":\"t\",\"Key\":\"sesame\"}");
    od_error err = OD_ERROR_INIT;
    assert_int_equal(od__shape_fill(&fillable, value, NULL, no_random, NULL, &err), OD_VALIDATION);
    assert_string_equal(err.path, "/Key");
    assert_string_equal(err.message, "expected the fixed value, got another value");
    od_value_unref(value);

    value = parsed("{}");
    od__error_clear(&err);
    assert_int_equal(od__shape_fill(&fillable, value, NULL, no_random, NULL, &err), OD_INTERNAL);
    assert_string_equal(err.message, "no randomness is to be had for Token");
    od_value_unref(value);

    /* What an option holds is copied: what becomes of the parameter must not reach the client's options. */
    value = parsed("{\"Token\":\"t\"}");
    od_value *given = parsed(options);
    assert_int_equal(od__shape_fill(&fillable, value, given, NULL, NULL, NULL), OD_OK);
    assert_ptr_not_equal(od_value_get(value, "Attributes"), od_value_get(given, "attributes"));
    od_value_unref(value);
    od_value_unref(given);
}

/* A text of the table stands for what is absent, and some fields must be as their option is. */
static void defaults_and_options(void **state) {
    (void)state;
    static const od_field default_fields[] = {
        {.name = "Region", .shape = &optional, .default_text = "us-east-1"},
        {.name = "Allowed", .shape = &od_shape_boolean, .option = "allowed", .default_text = "false"},
        {.name = "Most", .shape = &od_shape_integer, .default_text = "1000"},
        {.name = "Company", .shape = &optional, .option = "company", .option_only = true},
        {.name = "Key", .shape = &secret, .option = "key", .option_only = true},
        OD_FIELDS_END,
    };
    static const od_shape shape = {.kind = OD_KIND_STRUCT, .fields = default_fields};
    static const struct {
        const char *value, *options, *after, *path, *message;
    } rows[] = {
        {"{}", "{}", "{\"Region\":\"us-east-1\",\"Allowed\":false,\"Most\":1000}", "", ""},
        {"{\"Region\":\"\"}", "{\"allowed\":true,\"company\":\"acme\",\"key\":\"k\"}",
         "{\"Region\":\"us-east-1\",\"Allowed\":true,\"Most\":1000,\"Company\":\"acme\",\"Key\":\"k\"}", "", ""},
        {"{\"Region\":\"r\",\"Allowed\":true,\"Most\":1,\"Company\":\"acme\",\"Key\":\"k\"}",
         "{\"allowed\":false,\"company\":\"acme\",\"key\":\"k\"}",
         "{\"Region\":\"r\",\"Allowed\":true,\"Most\":1,\"Company\":\"acme\",\"Key\":\"k\"}", "", ""},
        {"{\"Region\":\"r\",\"Allowed\":true,\"Most\":1,\"Company\":\"other\"}", "{}",
         "{\"Region\":\"r\",\"Allowed\":true,\"Most\":1,\"Company\":\"other\"}", "", ""},
        {"{\"Company\":\"other\"}", "{\"company\":\"acme\"}", NULL, "/Company",
         "expected \"acme\", the option company, got \"other\""},
        {"{\"Company\":\"Acme\"}", "{\"company\":\"acme\"}", NULL, "/Company",
         "expected \"acme\", the option company, got \"Acme\""},
        {"{\"Key\":\"sesame\"}", "{\"key\":\"hunter2\"}", NULL, "/Key", "expected the option key, got another value"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        od_value *value = parsed(rows[i].value), *given = parsed(rows[i].options);
        od_error err = OD_ERROR_INIT;
        od_status status = od__shape_fill(&shape, value, given, NULL, NULL, &err);
        assert_string_equal(err.message, rows[i].message);
        assert_string_equal(err.path, rows[i].path);
        assert_int_equal(status, rows[i].after != NULL ? OD_OK : OD_VALIDATION);
        if (rows[i].after != NULL)
            assert_written(value, rows[i].after);
        od_value_unref(value);
        od_value_unref(given);
    }
}

/* ---- describing ---- */

static void describing(void **state) {
    (void)state;
    /* Takes several spellings of what becomes a list of this. */
    static const od_field loose_fields[] = {{.name = "key", .shape = &od_shape_text}, OD_FIELDS_END};
    static const od_shape loose_item = {.kind = OD_KIND_STRUCT, .fields = loose_fields};
    static const od_shape loose = {.kind = OD_KIND_ANY, .element = &loose_item};
    static const od_field described_fields[] = {
        {.name = "Name", .summary = "who", .shape = &name, .required = true},
        {.name = "Token", .shape = &od_shape_text, .make_uuid = true, .place = OD_PLACE_HEADER},
        {.name = "Ring", .shape = &ring, .place = OD_PLACE_QUERY, .default_integer = 25, .has_default_integer = true},
        {.name = "Phone", .shape = &od_shape_e164, .option = "phone"},
        {.name = "Colour", .shape = &colour, .constant = "RED", .place = OD_PLACE_PATH},
        {.name = "AtMost", .shape = &at_most},
        {.name = "Positive", .shape = &positive},
        {.name = "Ratio", .shape = &ratio, .place = OD_PLACE_NOWHERE},
        {.name = "Names", .shape = &names},
        {.name = "Map", .shape = &map},
        {.name = "Inners", .shape = &inners},
        {.name = "Any", .shape = &od_shape_any},
        {.name = "Region", .shape = &od_shape_text, .default_text = "us-east-1"},
        {.name = "Loose", .shape = &loose},
        OD_FIELDS_END,
    };
    static const od_shape described = {.kind = OD_KIND_STRUCT, .fields = described_fields};
    od_value *out;
    assert_int_equal(od__shape_describe(&described, &out, NULL), OD_OK);
    assert_written(
        out,
        "[{\"name\":\"Name\",\"type\":\"string\",\"limit\":\"1..10 characters\",\"required\":true,\"place\":\"body\","
        "\"summary\":\"who\"},"
        "{\"name\":\"Token\",\"type\":\"string\",\"required\":false,\"place\":\"header\",\"default\":\"a random UUID\"},"
        "{\"name\":\"Ring\",\"type\":\"integer\",\"limit\":\"15..60\",\"required\":false,\"place\":\"query\","
        "\"default\":25},"
        "{\"name\":\"Phone\",\"type\":\"string\",\"limit\":\"E.164\",\"required\":false,\"place\":\"body\","
        "\"default\":\"option phone\"},"
        "{\"name\":\"Colour\",\"type\":\"string\",\"limit\":\"one of RED, GREEN, BLUE\",\"required\":false,"
        "\"place\":\"path\",\"default\":\"RED\"},"
        "{\"name\":\"AtMost\",\"type\":\"string\",\"limit\":\"at most 3 characters\",\"required\":false,"
        "\"place\":\"body\"},"
        "{\"name\":\"Positive\",\"type\":\"integer\",\"limit\":\"at least 0\",\"required\":false,\"place\":\"body\"},"
        "{\"name\":\"Ratio\",\"type\":\"number\",\"limit\":\"0..1\",\"required\":false,\"place\":\"nowhere\"},"
        "{\"name\":\"Names\",\"type\":\"list of string\",\"limit\":\"1..2 elements\",\"required\":false,"
        "\"place\":\"body\"},"
        "{\"name\":\"Map\",\"type\":\"map of string\",\"limit\":\"at most 2 keys\",\"required\":false,"
        "\"place\":\"body\"},"
        "{\"name\":\"Inners\",\"type\":\"list of object\",\"required\":false,\"place\":\"body\",\"fields\":["
        "{\"name\":\"Type\",\"type\":\"string\",\"limit\":\"one of RED, GREEN, BLUE\",\"required\":true,"
        "\"place\":\"body\"},"
        "{\"name\":\"a/b~c\",\"type\":\"integer\",\"limit\":\"15..60\",\"required\":false,\"place\":\"body\"}]},"
        "{\"name\":\"Any\",\"type\":\"any\",\"required\":false,\"place\":\"body\"},"
        "{\"name\":\"Region\",\"type\":\"string\",\"required\":false,\"place\":\"body\",\"default\":\"us-east-1\"},"
        "{\"name\":\"Loose\",\"type\":\"any\",\"required\":false,\"place\":\"body\",\"fields\":["
        "{\"name\":\"key\",\"type\":\"string\",\"required\":false,\"place\":\"body\"}]}]");
    od_value_unref(out);

    assert_int_equal(od__shape_describe(&choice, &out, NULL), OD_OK);
    assert_string_equal(od_value_string(od_value_find(out, "/0/name")), "kind");
    assert_string_equal(od_value_string(od_value_find(out, "/0/default")), "option kind");
    assert_int_equal(od_value_length(od_value_find(out, "/0/kinds")), 2);
    assert_string_equal(od_value_string(od_value_find(out, "/0/kinds/1/value")), "Voice Inbound");
    assert_string_equal(od_value_string(od_value_find(out, "/0/kinds/1/summary")), "the person is called back");
    assert_string_equal(od_value_string(od_value_find(out, "/0/kinds/0/fields/2/name")), "agent");
    assert_null(od_value_find(out, "/0/kinds/1/fields/2"));
    od_value_unref(out);

    /* Rules are told of a kind, of an operation's fields, and of what a list holds. */
    static const od_field ruled_fields[] = {
        {.name = "kind", .shape = &kind_text, .constant = "only"}, {.name = "Name", .shape = &od_shape_text}, OD_FIELDS_END,
    };
    static const od_shape ruled = {.kind = OD_KIND_STRUCT, .fields = ruled_fields, .rules = rules};
    static const od_variant ruled_variants[] = {{.value = "only", .shape = &ruled}, OD_VARIANTS_END};
    static const od_shape ruled_choice = {.kind = OD_KIND_CHOICE, .chooser = "kind", .variants = ruled_variants};
    static const od_shape ruled_list = {.kind = OD_KIND_LIST, .max = 2, .element = &ruled};
    static const od_field holder_fields[] = {{.name = "List", .shape = &ruled_list}, OD_FIELDS_END};
    static const od_shape holder = {.kind = OD_KIND_STRUCT, .fields = holder_fields};
    assert_int_equal(od__shape_describe(&ruled_choice, &out, NULL), OD_OK);
    assert_written(od_value_find(out, "/0/kinds/0/rules"), "[\"Name or Colour\"]");
    od_value_unref(out);
    assert_int_equal(od__shape_describe(&holder, &out, NULL), OD_OK);
    assert_string_equal(od_value_string(od_value_find(out, "/0/limit")), "at most 2 elements; Name or Colour");
    od_value_unref(out);
    out = od_value_new_object();
    assert_int_equal(od__shape_put_rules(&holder, out, NULL), OD_OK);
    assert_written(out, "{}");
    assert_int_equal(od__shape_put_rules(&ruled, out, NULL), OD_OK);
    assert_written(out, "{\"rules\":[\"Name or Colour\"]}");
    od_value_unref(out);

    /* A shape that holds itself is described a few levels down. */
    static od_field own_fields[] = {{.name = "children"}, OD_FIELDS_END};
    static const od_shape own = {.kind = OD_KIND_STRUCT, .fields = own_fields};
    static const od_shape children = {.kind = OD_KIND_LIST, .element = &own};
    own_fields[0].shape = &children;
    assert_int_equal(od__shape_describe(&own, &out, NULL), OD_OK);
    assert_non_null(od_value_find(out, "/0/fields/0/fields/0/name"));
    od_value_unref(out);
}

/* ---- paths ---- */

static void paths(void **state) {
    (void)state;
    static const struct {
        size_t bytes;
        const char *key, *path;
    } rows[] = {
        {32, "plain", "/a/plain"}, {32, "", "/a/"},         {32, "x/y~z", "/a/x~1y~0z"}, {8, "abcdef", "/a/abcd"},
        {8, "abcd", "/a/abcd"},    {8, "abc/d", "/a/abc"},  {8, "abc\xc3\xa9", "/a/abc"}, {8, "ab\xe2\x82\xac", "/a/ab"},
        {8, "ab\xc3\xa9", "/a/ab\xc3\xa9"}, {3, "x", "/a"}, {4, "x", "/a/"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        char path[40] = "/a";
        od__path_add(path, rows[i].bytes, rows[i].key);
        assert_string_equal(path, rows[i].path);
    }
    /* A path that is longer than there is room for is cut, and so is one that is given. */
    char long_key[600];
    memset(long_key, 'k', sizeof long_key);
    long_key[sizeof long_key - 1] = '\0';
    od_value *value = od_value_new_object();
    assert_int_equal(od_value_set(value, long_key, od_value_new_integer(1), NULL), OD_OK);
    od_error err = OD_ERROR_INIT;
    assert_int_equal(od__shape_validate(&everything, value, "", &err), OD_VALIDATION);
    assert_int_equal(strlen(err.path), OD_ERROR_PATH_BYTES - 1);
    od__error_clear(&err);
    assert_int_equal(od__shape_validate(&everything, value, long_key, &err), OD_VALIDATION);
    assert_int_equal(strlen(err.path), OD_ERROR_PATH_BYTES - 1);
    od_value_unref(value);
}

/* ---- limits ---- */

static void a_shape_with_too_many_fields(void **state) {
    (void)state;
    static char names_of[OD_LIMIT_FIELDS + 1][8];
    static od_field too_many[OD_LIMIT_FIELDS + 2];
    for (size_t i = 0; i <= OD_LIMIT_FIELDS; i++) {
        (void)snprintf(names_of[i], sizeof names_of[i], "f%zu", i);
        too_many[i] = (od_field){.name = names_of[i], .shape = &od_shape_any};
    }
    const od_shape shape = {.kind = OD_KIND_STRUCT, .fields = too_many};
    od_value *value = parsed("{\"f63\":1}");
    assert_int_equal(od__shape_validate(&shape, value, "", NULL), OD_INTERNAL);
    od_error err = OD_ERROR_INIT;
    assert_int_equal(od__shape_validate(&shape, value, "", &err), OD_INTERNAL);
    assert_string_equal(err.message, "a shape has more than 64 fields");
    od_value_unref(value);
    too_many[OD_LIMIT_FIELDS].name = NULL;
    value = parsed("{\"f63\":1}");
    assert_int_equal(od__shape_validate(&shape, value, "", NULL), OD_OK);
    od_value_unref(value);
}

static void a_large_map(void **state) {
    (void)state;
    od_value *value = od_value_new_object(), *pairs = od_value_new_object();
    for (int i = 0; i < 50000; i++) {
        char text[16];
        (void)snprintf(text, sizeof text, "%d", i);
        od_value *member = i % 2 ? od_value_new_number(i) : od_value_new_null();
        assert_int_equal(od_value_set(pairs, text, member, NULL), OD_OK);
    }
    assert_int_equal(od_value_set(value, "IntegerMap", pairs, NULL), OD_OK);
    assert_int_equal(od__shape_validate(&everything, value, "", NULL), OD_OK);
    assert_int_equal(od_value_length(pairs), 25000);
    assert_int_equal(od_value_type(od_value_get(pairs, "49999")), OD_TYPE_INTEGER);
    od_value_unref(value);
}

static void running_out_of_memory(void **state) {
    (void)state;
    size_t failures = 0;
    for (size_t n = 1;; n++) {
        od_value *value = parsed("{}"), *options = parsed("{\"device\":\"D7\"}"), *described = NULL;
        uint8_t count = 0;
        od_error err = OD_ERROR_INIT;
        (void)od__memory_fail_at(n);
        od_status status = od__shape_fill(&fillable, value, options, counting, &count, &err);
        if (status == OD_OK)
            status = od__shape_describe(&fillable, &described, &err);
        (void)od__memory_fail_at(0);
        od_value_unref(described);
        od_value_unref(value);
        od_value_unref(options);
        if (status == OD_OK)
            break;
        assert_int_equal(status, OD_OUT_OF_MEMORY);
        assert_string_equal(err.message, "memory ran out");
        failures++;
    }
    assert_true(failures > 2);
}

/* Names as short as names get, in blocks of their own size. */
static void short_names_are_told_apart(void **state) {
    (void)state;
    static const char *const none_of_them[] = { "", "c", "aa", "ab", "abcd", "bb" };
    static const char *const given[] = { "a", "b", "abc" };
    const od_field few[] = {
        { .name = "a", .shape = &od_shape_text }, { .name = "b", .shape = &od_shape_text },
        { .name = "abc", .shape = &od_shape_text }, OD_FIELDS_END,
    };
    const od_shape shape = { .kind = OD_KIND_STRUCT, .fields = few };
    for (size_t i = 0; i < 3; i++) {
        char *copy = strdup(given[i]);
        assert_ptr_equal(od__shape_field(&shape, copy), &few[i]);
        free(copy);
    }
    for (size_t i = 0; i < sizeof(none_of_them) / sizeof(none_of_them[0]); i++) {
        char *copy = strdup(none_of_them[i]);
        assert_null(od__shape_field(&shape, copy));
        free(copy);
    }
    char *empty = strdup("");
    const od_field nameless[] = { { .name = empty, .shape = &od_shape_text }, OD_FIELDS_END };
    const od_shape odd = { .kind = OD_KIND_STRUCT, .fields = nameless };
    char *copy = strdup("");
    assert_ptr_equal(od__shape_field(&odd, copy), nameless);
    free(copy);
    free(empty);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_names_are_told_apart),
        cmocka_unit_test(complaints),
        cmocka_unit_test(what_is_normalised),
        cmocka_unit_test(required_fields),
        cmocka_unit_test(nul_inside_of_text),
        cmocka_unit_test(choosing),
        cmocka_unit_test(filling),
        cmocka_unit_test(defaults_and_options),
        cmocka_unit_test(describing),
        cmocka_unit_test(paths),
        cmocka_unit_test(a_shape_with_too_many_fields),
        cmocka_unit_test(a_large_map),
        cmocka_unit_test(running_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
