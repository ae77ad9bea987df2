/* vendors/amazon_connect: what the files of this one vendor share: shapes of its operations, and how its calls are
 * followed. Nothing here is for other rooms. */
#ifndef OD_VENDORS_AMAZON_CONNECT_H
#define OD_VENDORS_AMAZON_CONNECT_H

#include "vendors/vendor.h"

#pragma GCC visibility push(hidden)

/* Every placement carries its token under this key of its attributes (R2). */
#define OD_CONNECT_ATTEMPT "outdial_attempt"

extern const od_shape od__connect_instance_id, od__connect_contact_id, od__connect_ring_timeout;
extern const od_shape od__connect_attributes;  /* a contact's: keys of letters, digits, - and _ */
/* At most 32768 bytes in member Attributes. */
od_status od__connect_rule_attributes(od_value *params, const char *path, od_error *err);

extern const od_shape od__connect_start_input, od__connect_start_output;

/* ---- contacts ---- */
extern const od_shape od__connect_stop_input, od__connect_stop_output;
extern const od_shape od__connect_describe_input, od__connect_describe_output;
extern const od_shape od__connect_search_input, od__connect_search_output;
extern const od_shape od__connect_get_attributes_input, od__connect_get_attributes_output;
extern const od_shape od__connect_update_attributes_input, od__connect_update_attributes_output;
/* Adds `state` to the result of describe_contact: "dialling", "answered" or "ended". */
od_status od__connect_refine_described(const od_value *params, od_value *result, od_error *err);

/* ---- batches of outbound campaigns ---- */
extern const od_shape od__connect_dial_batch_input, od__connect_outbound_batch_input, od__connect_batch_output;
/* Add `items` to the result of a batch: one per request, in their order, { clientToken, state = "handed_off", id } or
 * { clientToken, placement, code, failureCode } (R13). */
od_status od__connect_refine_dial_batch(const od_value *params, od_value *result, od_error *err);
od_status od__connect_refine_outbound_batch(const od_value *params, od_value *result, od_error *err);

extern const od_following od__connect_following;

#pragma GCC visibility pop

#endif
