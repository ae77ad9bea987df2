/* vendors/symbee: the parts of the Symbee vendor: a record's data with its special keys, the criteria of a search, the
 * operations, and following a record. For this vendor's files only. */
#ifndef OD_VENDORS_SYMBEE_H
#define OD_VENDORS_SYMBEE_H

#include "vendors/vendor.h"

#pragma GCC visibility push(hidden)

#define OD_SYMBEE_ATTEMPT_KEY "outdial_attempt"  /* data key that carries the token of a call (R14) */
#define OD_SYMBEE_BEFORE_KEY "outdial_attempts_before" /* and how often its record had been worked before; absent: it is a
                                                           new record */

/* ---- a record's data (symbee_data.c) ---- */

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
/* Returns a number as text, as short as it can be read back and whole ones without an exponent; anything else as it is.
 * NULL when memory runs out. */
od_value *od__symbee_text(const od_value *value);

extern const od_shape od__symbee_instant;       /* Unix time in milliseconds; seconds by mistake are refused */
extern const od_check od__symbee_instant_text;  /* the same as text */
extern const od_shape od__symbee_zone;          /* the form of an IANA zone's name */
extern const od_check od__symbee_zone_name;
extern const char *const od__symbee_states[];   /* NOTWORKED, WORKED, COMPLETED, REMOVED; ends with NULL */

/* ---- searching (symbee_search.c) ---- */

/* Takes { key = value, ... } (all equal), or a list of { key, value, condition } or { key, condition, value }; always
 * becomes the vendor's list. */
extern const od_shape od__symbee_criteria;
/* The member previewRecordClientData of an answer. */
extern const od_shape od__symbee_records;
/* One id, or criteria. */
od_status od__symbee_rule_search(od_value *params, const char *path, od_error *err);
/* Adds truncated to the answer, and to each record previewRecordId and its times as Unix seconds. */
od_status od__symbee_refine_search(const od_value *params, od_value *result, od_error *err);
/* Reads the vendor's "CCYY-MM-DD HH:MM:SS.mmm", which is UTC, into Unix milliseconds; false if value is none. */
bool od__symbee_time(const od_value *value, int64_t *unix_ms);

/* ---- placing (symbee_placing.c) ---- */

od_status od__symbee_place(const od_vendor *vendor, const od_value *options, const od_call *call,
                           const od_operation **operation, od_value **params, const char **dropped, od_error *err);
bool od__symbee_placed(const od_operation *operation, int http_status, const od_value *params, const od_value *body,
                       od_value **id);
extern const od_stages od__symbee_stages;

/* ---- operations (symbee_operations.c) and following (symbee_following.c) ---- */

extern const od_operation od__symbee_operations[];
extern const od_following od__symbee_following;
extern const od_following od__symbee_withdrawing;
extern const od_shape od__symbee_work_codes;    /* option: { ["code"] = outcome kind } */

#pragma GCC visibility pop

#endif
