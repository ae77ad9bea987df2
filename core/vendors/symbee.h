/* vendors/symbee: the data of a Symbee preview record: its two spellings on input and its special keys. For this
 * vendor's files only. */
#ifndef OD_VENDORS_SYMBEE_H
#define OD_VENDORS_SYMBEE_H

#include "vendors/vendor.h"

#pragma GCC visibility push(hidden)

/* Takes { key = value, ... } or a list of { key, value, displayOrder }; always becomes the list. Numbers as values
 * become text. The special keys' values are checked here, what needs other keys in the rule. */
extern const od_shape od__symbee_data;
/* No key twice, none equal to clientIdFieldName (else "Id"), Highlight and Hidden name keys that are there. */
od_status od__symbee_rule_keys(od_value *params, const char *path, od_error *err);

/* Returns a list of new { key, value } elements (or NULL when memory runs out) of either spelling; what is neither
 * comes through as it is, for the shape to refuse. */
od_value *od__symbee_data_list(const od_value *data);
/* Finds the value of a key in such a list; NULL if it is not there. */
const od_value *od__symbee_data_get(const od_value *list, const char *key);
/* Puts every item of more (an object or an array, in either spelling) into such a list: in place of the one with the
 * same key, or at the end. Errors: out_of_memory. */
od_status od__symbee_data_overlay(od_value *list, const od_value *more, od_error *err);
/* Sets the value of a key in such a list, at its old place or at the end. Takes value. Errors: out_of_memory. */
od_status od__symbee_data_set(od_value *list, const char *key, od_value *value, od_error *err);

#pragma GCC visibility pop

#endif
