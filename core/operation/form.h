/* operation/form: a good answer's status, headers and body as one result, by the operation's od_answer_form; it judges no
 * error and knows no vendor. */
#ifndef OD_OPERATION_FORM_H
#define OD_OPERATION_FORM_H

#include "operation/operation.h"

#pragma GCC visibility push(hidden)

/* Whether a body (NULL: none) has the form that a success of the operation has. */
bool od__form_fits(const od_operation *operation, int http_status, const od_value *body);
/* Makes the result of a success: *out is new. body is taken, also when it fails; it may be NULL. Errors: out_of_memory. */
od_status od__form_result(const od_operation *operation, const od_http_response *response, od_value *body,
                          od_value **out, od_error *err);

#pragma GCC visibility pop

#endif
