/* Reading a verb's parameters and making its result. */
#include <string.h>

#include "base/error.h"
#include "json/value.h"
#include "store/verb.h"

const char *od__param_text(const od_value *params, const char *key) {
    const od_value *member = od_value_get(params, key);
    return member != NULL ? od_value_string(member) : NULL;
}

int64_t od__param_integer(const od_value *params, const char *key, int64_t otherwise) {
    const od_value *member = od_value_get(params, key);
    return member != NULL && od_value_type(member) == OD_TYPE_INTEGER ? od_value_integer(member) : otherwise;
}

bool od__param_is(const od_value *params, const char *key) {
    const od_value *member = od_value_get(params, key);
    return member != NULL && od_value_boolean(member);
}

od_status od__param_json(const od_value *params, const char *key, char **out, od_error *err) {
    *out = NULL;
    const od_value *member = od_value_get(params, key);
    return member != NULL ? od_value_format(member, out, NULL, err) : OD_OK;
}

void od__make(od_maker *maker, od_error *err) {
    *maker = (od_maker){ .object = od_value_new_object(), .err = err };
    if (maker->object == NULL)
        maker->status = od__error_no_memory(err);
}

void od__make_value(od_maker *maker, const char *key, od_value *value) {
    if (maker->status != OD_OK) {
        od_value_unref(value);
        return;
    }
    if (!od__value_put_member(maker->object, key, value))
        maker->status = od__error_no_memory(maker->err);
}

void od__make_text(od_maker *maker, const char *key, const char *text) {
    if (text != NULL)
        od__make_value(maker, key, od_value_new_string(text));
}

void od__make_integer(od_maker *maker, const char *key, int64_t integer) {
    od__make_value(maker, key, od_value_new_integer(integer));
}

void od__make_boolean(od_maker *maker, const char *key, bool boolean) {
    od__make_value(maker, key, od_value_new_boolean(boolean));
}

void od__make_json(od_maker *maker, const char *key, const char *json) {
    if (json == NULL || maker->status != OD_OK)
        return;
    od_value *value = NULL;
    maker->status = od_value_parse(json, strlen(json), &value, maker->err);
    if (maker->status == OD_OK)
        od__make_value(maker, key, value);
}

void od__make_failed(od_maker *maker, od_status status) {
    if (maker->status == OD_OK)
        maker->status = status;
}

od_status od__made(od_maker *maker, od_value **out) {
    if (maker->status != OD_OK) {
        od_value_unref(maker->object);
        return maker->status;
    }
    *out = maker->object;
    return OD_OK;
}

od_status od__made_into(od_maker *maker, od_value *array) {
    od_value *object = NULL;
    od_status status = od__made(maker, &object);
    return status == OD_OK ? od_value_add(array, object, maker->err) : status;
}

void od__make_column(od_maker *maker, const char *key, const od_query *query, int column) {
    if (!od__query_is_null(query, column))
        od__make_value(maker, key, od_value_new_string(od__query_text(query, column)));
}

void od__make_integer_column(od_maker *maker, const char *key, const od_query *query, int column) {
    if (!od__query_is_null(query, column))
        od__make_integer(maker, key, od__query_integer(query, column));
}
