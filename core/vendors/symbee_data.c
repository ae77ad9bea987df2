#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "json/value.h"
#include "vendors/symbee.h"

#define DEFAULT_CLIENT_ID_KEY "Id"  /* under which the vendor itself adds clientId */
#define DATA_ITEMS 1000             /* of one record */
#define NUMBER_BYTES 40
#define WHOLE_BELOW 1e18            /* any whole double below fits an int64_t */

/* ---- the two spellings ---- */

od_value *od__symbee_text(const od_value *value) {
    char text[NUMBER_BYTES];
    if (od_value_type(value) == OD_TYPE_INTEGER) {
        snprintf(text, sizeof text, "%" PRId64, od_value_integer(value));
    } else if (od_value_type(value) == OD_TYPE_NUMBER) {
        double number = od_value_number(value);
        bool whole = number > -WHOLE_BELOW && number < WHOLE_BELOW && number >= (double)(int64_t)number &&
                     number <= (double)(int64_t)number;
        if (whole) /* milliseconds of a language without integers: never with an exponent */
            snprintf(text, sizeof text, "%" PRId64, (int64_t)number);
        else
            snprintf(text, sizeof text, "%.15g", number);
        if (strtod(text, NULL) < number || strtod(text, NULL) > number)
            snprintf(text, sizeof text, "%.17g", number);
    } else {
        return od_value_ref(value);
    }
    return od_value_new_string(text);
}

static od_value *new_item(const char *key, od_value *value) {
    od_value *item = od_value_new_object();
    od_status status = item ? od_value_set(item, "key", od_value_new_string(key), NULL) : OD_OUT_OF_MEMORY;
    if (status == OD_OK)
        status = od_value_set(item, "value", value, NULL);
    else
        od_value_unref(value);
    if (status == OD_OK)
        return item;
    od_value_unref(item);
    return NULL;
}

static od_value *list_of_table(const od_value *table) {
    od_value *list = od_value_new_array();
    void *cursor = NULL;
    const char *key;
    const od_value *member;
    while (list && od_value_next(table, &cursor, &key, &member)) {
        if (od_value_type(member) == OD_TYPE_NULL)
            continue;
        if (od_value_add(list, new_item(key, od__symbee_text(member)), NULL) != OD_OK) {
            od_value_unref(list);
            return NULL;
        }
    }
    return list;
}

/* One element of a list: a pair of key and value, or an item in the vendor's form whose value may be a number. */
static od_value *one_item(const od_value *element) {
    const od_value *key = od_value_at(element, 0), *value = od_value_get(element, "value");
    if (od_value_type(element) == OD_TYPE_ARRAY && od_value_length(element) == 2 && od_value_string(key))
        return new_item(od_value_string(key), od__symbee_text(od_value_at(element, 1)));
    od_value *item = od__value_copy(element);
    if (!value || !item)
        return item;
    if (od_value_set(item, "value", od__symbee_text(value), NULL) == OD_OK)
        return item;
    od_value_unref(item);
    return NULL;
}

od_value *od__symbee_data_list(const od_value *data) {
    if (od_value_type(data) == OD_TYPE_OBJECT)
        return list_of_table(data);
    if (od_value_type(data) != OD_TYPE_ARRAY)
        return od_value_ref(data);
    od_value *list = od_value_new_array();
    for (size_t i = 0; list && i < od_value_length(data); i++) {
        if (od_value_add(list, one_item(od_value_at(data, i)), NULL) == OD_OK)
            continue;
        od_value_unref(list);
        return NULL;
    }
    return list;
}

static const char *key_at(const od_value *list, size_t index) {
    return od_value_string(od_value_get(od_value_at(list, index), "key"));
}

const od_value *od__symbee_data_get(const od_value *list, const char *key) {
    for (size_t i = 0; i < od_value_length(list); i++)
        if (key_at(list, i) && strcmp(key_at(list, i), key) == 0)
            return od_value_get(od_value_at(list, i), "value");
    return NULL;
}

od_status od__symbee_data_set(od_value *list, const char *key, od_value *value, od_error *err) {
    for (size_t i = 0; i < od_value_length(list); i++)
        if (key_at(list, i) && strcmp(key_at(list, i), key) == 0)
            return od_value_set((od_value *)(uintptr_t)od_value_at(list, i), "value", value, err); /* made here */
    if (!value)
        return od__error_no_memory(err);
    return od_value_add(list, new_item(key, value), err);
}

od_status od__symbee_data_overlay(od_value *list, const od_value *more, od_error *err) {
    od_value *items = od__symbee_data_list(more);
    od_status status = items ? OD_OK : od__error_no_memory(err);
    for (size_t i = 0; status == OD_OK && i < od_value_length(items); i++) {
        const char *key = key_at(items, i);
        od_value *item = od_value_ref(od_value_at(items, i));
        size_t at = 0;
        while (at < od_value_length(list) && !(key && key_at(list, at) && strcmp(key_at(list, at), key) == 0))
            at++;
        if (at == od_value_length(list))
            status = od_value_add(list, item, err);
        else if (!od__value_replace_element(list, at, item))
            status = od__error_no_memory(err);
    }
    od_value_unref(items);
    return status;
}

/* ---- values of fields and of keys ---- */

#define FIRST_PLAUSIBLE_MS 100000000000   /* less is a time in seconds (1973, were it milliseconds) */
#define LAST_PLAUSIBLE_MS 253402300799999 /* the end of the year 9999 */

const od_shape od__symbee_instant = {
    .kind = OD_KIND_INTEGER, .min = FIRST_PLAUSIBLE_MS, .max = LAST_PLAUSIBLE_MS,
    .expected = "Unix time in milliseconds"
};

static od_check_fn check_instant_text;
const od_check od__symbee_instant_text = { "Unix time in milliseconds", check_instant_text, NULL };

static od_status check_instant_text(const od_value *value, const char *path, od_value **replacement, od_error *err) {
    (void)replacement;
    const char *text = od_value_string(value);
    int64_t number = 0;
    bool good = od_value_length(value) > 0 && od_value_length(value) <= 15;
    for (size_t i = 0; good && i < od_value_length(value); i++) {
        good = isdigit((unsigned char)text[i]) != 0;
        number = number * 10 + (text[i] - '0');
    }
    good = good && number >= FIRST_PLAUSIBLE_MS && number <= LAST_PLAUSIBLE_MS;
    return good ? OD_OK : od__check_fail(&od__symbee_instant_text, value, path, err);
}

static bool ends_with(const char *text, const char *end) {
    size_t length = strlen(text), end_length = strlen(end);
    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

static bool is_same(const char *text, const char *other) {
    return strcmp(text, other) == 0;
}

static bool has_inside(const char *text, const char *part) {
    return strcasestr(text, part) != NULL;
}

static od_check_fn check_zone;
const od_check od__symbee_zone_name = {
    "IANA time zone", check_zone, "an IANA time zone such as America/New_York"
};
const od_shape od__symbee_zone = { .kind = OD_KIND_STRING, .check = &od__symbee_zone_name };

/* The form of a name; which zones there are is the vendor's to say. */
static od_status check_zone(const od_value *value, const char *path, od_value **replacement, od_error *err) {
    (void)replacement;
    const char *name = od_value_string(value);
    bool start = true, good = od_value_length(value) > 0;
    for (; good && *name; name++) {
        unsigned char c = (unsigned char)*name;
        good = start ? isalpha(c) != 0 : (isalnum(c) || strchr("_-+/", c) != NULL);
        start = c == '/';
    }
    return good && !start ? OD_OK : od__check_fail(&od__symbee_zone_name, value, path, err);
}

static od_check_fn check_queue;
static const od_check queue_check = { "skill queue", check_queue, "the name of a skill queue" };

static od_status check_queue(const od_value *value, const char *path, od_value **replacement, od_error *err) {
    (void)replacement;
    return od_value_length(value) > 0 ? OD_OK : od__check_fail(&queue_check, value, path, err);
}

/* Keys that the vendor gives a meaning, and what their values must be then. */
static const struct special {
    const char *key;
    bool (*fits)(const char *key, const char *special);
    const od_check *check;
} specials[] = {
    { "_link", ends_with, &od_check_absolute_url },
    { "_button", ends_with, &od_check_absolute_url },
    { "ItemTimeZone", is_same, &od__symbee_zone_name },
    { "SkillQueue", is_same, &queue_check },
    { "phone", has_inside, &od_check_e164 },
};

static od_rule_fn rule_value;
static const od_rule item_rules[] = {
    { "a key with phone in it holds E.164; one that ends in _link or _button a URL; ItemTimeZone an IANA time zone",
      rule_value },
    OD_RULES_END
};

/* The first that fits decides: "phone lookup_link" is a link. */
static od_status rule_value(od_value *item, const char *path, od_error *err) {
    const char *key = od_value_string(od_value_get(item, "key"));
    for (size_t i = 0; i < sizeof specials / sizeof specials[0]; i++) {
        if (!specials[i].fits(key, specials[i].key))
            continue;
        char at[OD_ERROR_PATH_BYTES];
        snprintf(at, sizeof at, "%s", path);
        od__path_add(at, sizeof at, "value");
        od_value *replacement = NULL;
        od_status status = specials[i].check->fn(od_value_get(item, "value"), at, &replacement, err);
        od_value_unref(replacement);
        return status;
    }
    return OD_OK;
}

static const od_shape display_order = { .kind = OD_KIND_INTEGER, .min = 1, .max = INT32_MAX };
static const od_field item_fields[] = {
    { .name = "key", .summary = "name of the item", .shape = &od_shape_filled, .required = true },
    { .name = "value", .summary = "its value, as text", .shape = &od_shape_text, .required = true },
    { .name = "displayOrder", .summary = "where the agent sees it, from 1", .shape = &display_order },
    OD_FIELDS_END
};
static const od_shape item = { .kind = OD_KIND_STRUCT, .fields = item_fields, .rules = item_rules };
static const od_shape items = { .kind = OD_KIND_LIST, .min = 1, .max = DATA_ITEMS, .element = &item };

static od_check_fn check_data;
static const od_check data_check = {
    "table of key = value, or list of { key, value, displayOrder }", check_data,
    "a table of key = value or a list of { key, value }"
};

static od_status check_data(const od_value *value, const char *path, od_value **replacement, od_error *err) {
    if (od_value_type(value) != OD_TYPE_OBJECT && od_value_type(value) != OD_TYPE_ARRAY)
        return od__check_fail(&data_check, value, path, err);
    od_value *list = od__symbee_data_list(value);
    if (!list)
        return od__error_no_memory(err);
    od_status status = od__shape_validate(&items, list, path, err);
    if (status == OD_OK)
        *replacement = list;
    else
        od_value_unref(list);
    return status;
}

const od_shape od__symbee_data = { .kind = OD_KIND_ANY, .element = &item, .check = &data_check };

/* ---- what the keys must be among each other ---- */

static od_status refuse_key(od_error *err, const char *path, size_t index, const char *field, const char *message) {
    char at[OD_ERROR_PATH_BYTES], number[24];
    snprintf(at, sizeof at, "%s", path);
    snprintf(number, sizeof number, "%zu", index);
    od__path_add(at, sizeof at, "previewRecordData");
    od__path_add(at, sizeof at, number);
    return od__vendor_refuse(err, at, field, message);
}

/* Names of other keys, separated by |. What the vendor adds itself (clientId's key) may be named too. */
static od_status check_names(const od_value *list, size_t index, const char *id_key, const char *path, od_error *err) {
    const char *rest = od_value_string(od_value_get(od_value_at(list, index), "value"));
    if (strcmp(key_at(list, index), "Highlight") == 0 && strcmp(rest, "ALL") == 0)
        return OD_OK;
    while (rest) {
        size_t length = strcspn(rest, "|");
        bool known = strlen(id_key) == length && strncmp(id_key, rest, length) == 0;
        for (size_t i = 0; !known && i < od_value_length(list); i++)
            known = strlen(key_at(list, i)) == length && strncmp(key_at(list, i), rest, length) == 0;
        if (!known) {
            char name[64], message[160];
            od__error_clean(name, sizeof name, rest, length);
            snprintf(message, sizeof message, "expected names of keys that are there, separated by |, got \"%s\"",
                     name);
            return refuse_key(err, path, index, "value", message);
        }
        rest = rest[length] ? rest + length + 1 : NULL;
    }
    return OD_OK;
}

od_status od__symbee_rule_keys(od_value *params, const char *path, od_error *err) {
    const od_value *list = od_value_get(params, "previewRecordData");
    const char *id_key = od_value_string(od_value_get(params, "clientIdFieldName"));
    if (!id_key)
        id_key = DEFAULT_CLIENT_ID_KEY;
    for (size_t i = 0; i < od_value_length(list); i++) {
        const char *key = key_at(list, i);
        if (strcasecmp(key, id_key) == 0)
            return refuse_key(err, path, i, "key",
                              "expected another key than clientIdFieldName's: the vendor adds that one");
        for (size_t j = 0; j < i; j++)
            if (strcmp(key, key_at(list, j)) == 0)
                return refuse_key(err, path, i, "key", "expected each key once");
        if (strcmp(key, "Highlight") != 0 && strcmp(key, "Hidden") != 0)
            continue;
        od_status status = check_names(list, i, id_key, path, err);
        if (status != OD_OK)
            return status;
    }
    return OD_OK;
}
