/* authorizing/basic: makes the value of a Basic authorization from a client's options; for the authorizers only. */
#ifndef OD_AUTHORIZING_BASIC_H
#define OD_AUTHORIZING_BASIC_H

#include <outdial.h>

#pragma GCC visibility push(hidden)

/* Makes "Basic ..." from options. names is "user|user2:password|password2": the options to look at, the first that is
 * given wins. *out is new: wipe it and od__free it. Errors: validation (the path names the option), out_of_memory. */
od_status od__basic_value(const od_value *options, const char *names, char **out, od_error *err);
/* Wipes and frees a text that held a secret; NULL is fine. */
void od__secret_free(char *secret);

#pragma GCC visibility pop

#endif
