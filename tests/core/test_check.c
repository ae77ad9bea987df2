/* Checking parameters before there is a client: what an option may still supply is not missed, everything else is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/memory.h"
#include "operation/operation.h"
#include "values.h"

/* ---- a made-up vendor ---- */

static od_status need_line_or_queue(od_value *params, const char *path, od_error *err) {
    if (od_value_get(params, "Line") != NULL || od_value_get(params, "Queue") != NULL)
        return OD_OK;
    return od__error_at(err, OD_VALIDATION, path, "expected Line or Queue");
}

static const od_rule rules[] = {{"Line or Queue", need_line_or_queue}, OD_RULES_END};

static const od_field inner_fields[] = {
    {.name = "Site", .shape = &od_shape_text, .required = true, .option = "site"},
    {.name = "Size", .shape = &od_shape_integer, .required = true},
    OD_FIELDS_END,
};
static const od_shape inner = {.kind = OD_KIND_STRUCT, .fields = inner_fields};

static const od_field dial_fields[] = {
    {.name = "To", .shape = &od_shape_e164, .required = true},
    {.name = "Instance", .shape = &od_shape_text, .required = true, .option = "instance"},
    {.name = "Line", .shape = &od_shape_e164, .option = "line"},
    {.name = "Queue", .shape = &od_shape_text},
    {.name = "Token", .shape = &od_shape_text, .required = true, .make_uuid = true},
    {.name = "Inner", .shape = &inner},
    OD_FIELDS_END,
};
static const od_shape dial_input = {.kind = OD_KIND_STRUCT, .fields = dial_fields, .rules = rules};

static const od_field later_fields[] = {
    {.name = "Kind", .shape = &od_shape_text, .constant = "later", .required = true},
    {.name = "At", .shape = &od_shape_integer, .required = true},
    {.name = "Menu", .shape = &od_shape_integer, .required = true, .option = "menu"},
    OD_FIELDS_END,
};
static const od_field now_fields[] = {
    {.name = "Kind", .shape = &od_shape_text, .constant = "now", .required = true},
    OD_FIELDS_END,
};
static const od_shape later = {.kind = OD_KIND_STRUCT, .fields = later_fields};
static const od_shape now = {.kind = OD_KIND_STRUCT, .fields = now_fields};
static const od_variant variants[] = {
    {.value = "now", .shape = &now}, {.value = "later", .shape = &later}, OD_VARIANTS_END};
static const od_shape plan_input = {.kind = OD_KIND_CHOICE, .chooser = "Kind", .variants = variants};

static const od_operation dial = {.name = "dial", .vendor_name = "Dial", .input = &dial_input};
static const od_operation plan = {.name = "plan", .vendor_name = "Plan", .input = &plan_input};

static od_status place(const od_vendor *vendor, const od_value *options, const od_call *call,
                       const od_operation **operation, od_value **params, const char **dropped, od_error *err) {
    (void)vendor;
    (void)options;
    (void)dropped;
    *operation = &dial;
    *params = od_value_new_object();
    if (*params == NULL)
        return od__error_no_memory(err);
    return od_value_set(*params, "To", od_value_new_string(call->to), err);
}

static const od_vendor vendor = {.name = "made_up", .place = place};

/* ---- rows ---- */

typedef struct row {
    const od_operation *operation; /* NULL: a neutral call */
    const char *options;           /* NULL: none are known */
    const char *parameters;
    const char *complaint;         /* "" : none */
} row;

static const row rows[] = {
    {&dial, NULL, "{\"To\":\"+12065550100\"}", ""},
    {&dial, "{}", "{\"To\":\"+12065550100\"}", ""},
    {&dial, NULL, "{}", "validation /To: expected E.164 (+ and up to 15 digits), got nothing"},
    {&dial, NULL, "{\"To\":\"555\"}", "validation /To: expected E.164 (+ and up to 15 digits), got \"555\""},
    {&dial, NULL, "{\"Too\":\"+12065550100\"}", "validation /Too: unknown field, did you mean \"To\"?"},
    /* A field that an option could give is judged once it is there. */
    {&dial, NULL, "{\"To\":\"+12065550100\",\"Line\":\"1\"}",
     "validation /Line: expected E.164 (+ and up to 15 digits), got \"1\""},
    {&dial, "{\"line\":\"1\"}", "{\"To\":\"+12065550100\"}",
     "validation /Line: expected E.164 (+ and up to 15 digits), got \"1\""},
    /* Rules wait until no option could change what they find. */
    {&dial, "{\"instance\":\"i\"}", "{\"To\":\"+12065550100\"}", ""},
    {&dial, "{\"instance\":\"i\",\"line\":\"+12065550101\"}", "{\"To\":\"+12065550100\"}", ""},
    /* Below, too. */
    {&dial, NULL, "{\"To\":\"+12065550100\",\"Inner\":{\"Size\":1}}", ""},
    {&dial, NULL, "{\"To\":\"+12065550100\",\"Inner\":{}}",
     "validation /Inner/Size: expected an integer, got nothing"},
    /* A choice is judged by the kind chosen. */
    {&plan, NULL, "{\"Kind\":\"later\",\"At\":1}", ""},
    {&plan, NULL, "{\"Kind\":\"later\"}", "validation /At: expected an integer, got nothing"},
    {&plan, NULL, "{\"Kind\":\"now\",\"At\":1}", "validation /At: unknown field"},
    {&plan, NULL, "{}", "validation /Kind: expected one of now, later, got nothing"},
    /* A neutral call, by its own shape first, then by the operation that the vendor makes of it. */
    {NULL, NULL, "{\"to\":\"+12065550100\"}", ""},
    {NULL, NULL, "{\"to\":\"555\"}", "validation /To: expected E.164 (+ and up to 15 digits), got \"555\""},
    {NULL, NULL, "{\"too\":\"555\"}", "validation /too: unknown field, did you mean \"to\"?"},
};

static od_status check(const row *at, od_error *err) {
    od_value *parameters = parsed(at->parameters);
    od_value *options = at->options != NULL ? parsed(at->options) : NULL;
    od_status status = at->operation != NULL ? od_operation_check(at->operation, options, parameters, err)
                                             : od_call_check(&vendor, options, parameters, err);
    od_value *unchanged = parsed(at->parameters);
    char *before, *after;
    od_value_format(unchanged, &before, NULL, NULL);
    od_value_format(parameters, &after, NULL, NULL);
    assert_string_equal(before, after);
    od_text_free(before);
    od_text_free(after);
    od_value_unref(unchanged);
    od_value_unref(options);
    od_value_unref(parameters);
    return status;
}

static void judges_what_is_there(void **state) {
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        od_error err = OD_ERROR_INIT;
        char line[1024] = "";
        od_status status = check(&rows[i], &err);
        if (status != OD_OK)
            od_error_format(&err, line, sizeof line);
        if (strcmp(line, rows[i].complaint) != 0)
            fail_msg("row %zu: %s, got %s", i, rows[i].complaint, line);
        assert_int_equal(status, rows[i].complaint[0] == '\0' ? OD_OK : OD_VALIDATION);
    }
}

static void survives_every_failing_allocation(void **state) {
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        od_value *parameters = parsed(rows[i].parameters);
        od_value *options = rows[i].options != NULL ? parsed(rows[i].options) : NULL;
        od_status status = OD_OUT_OF_MEMORY;
        for (size_t n = 1; status == OD_OUT_OF_MEMORY && n < 1000; n++) {
            od_error err = OD_ERROR_INIT;
            od__memory_fail_at(n);
            status = rows[i].operation != NULL ? od_operation_check(rows[i].operation, options, parameters, &err)
                                               : od_call_check(&vendor, options, parameters, &err);
            od__memory_fail_at(0);
            assert_int_equal(status, err.code);
        }
        assert_int_equal(status, rows[i].complaint[0] == '\0' ? OD_OK : OD_VALIDATION);
        od_value_unref(options);
        od_value_unref(parameters);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_what_is_there),
        cmocka_unit_test(survives_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
