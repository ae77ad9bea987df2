/* credentials/xml: finds the text of one element in a small XML answer. Strict and pure: no DTD, no entity but the five,
 * no namespaces, and what is not well-formed is no answer at all. */
#ifndef OD_CREDENTIALS_XML_H
#define OD_CREDENTIALS_XML_H

#include <stddef.h>
#include <outdial.h>

#pragma GCC visibility push(hidden)

#define OD_XML_DEPTH 16

typedef enum od_xml {
    OD_XML_FOUND,
    OD_XML_ABSENT,      /* out is "" */
    OD_XML_MALFORMED,
    OD_XML_TOO_LONG,    /* the text does not fit */
} od_xml;

/* Copies the text of the first element at path ("Answer/Result/Key", from the root), without blanks around it. */
od_xml od__xml_find(const char *text, size_t length_bytes, const char *path, char *out, size_t out_bytes);

#pragma GCC visibility pop

#endif
