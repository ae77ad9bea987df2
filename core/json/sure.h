/* json/sure: whether a text is JSON, told without reading it into values; not a parser, and never the last word. */
#ifndef OD_JSON_SURE_H
#define OD_JSON_SURE_H

#include <stdbool.h>
#include <stddef.h>

#pragma GCC visibility push(hidden)

/* Whether text (UTF-8) is surely the JSON text of an object that od_value_parse reads, whose members of these names (NULL-ended)
 * are there, and objects, too. What is unusual gives false, as does what is wrong: then od_value_parse knows. It takes a
 * thirtieth of its time. */
bool od__json_is_surely(const char *text, size_t length, const char *const *members);

#pragma GCC visibility pop
#endif
