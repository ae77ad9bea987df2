/* credentials/profile_parser: the text of the shared config and credentials files as sections with properties. Pure: it
 * reads no file, and does not know what a property means. */
#ifndef OD_CREDENTIALS_PROFILE_PARSER_H
#define OD_CREDENTIALS_PROFILE_PARSER_H

#include <outdial.h>

#include "base/buffer.h"

#pragma GCC visibility push(hidden)

#define OD_PROFILE_SECTIONS 4096          /* in both files together */
#define OD_PROFILE_PROPERTIES 256         /* of one section */
#define OD_PROFILE_VALUE_BYTES (1u << 20) /* of one property: all that a file may hold */

typedef enum od_section_kind {
    OD_SECTION_PROFILE,
    OD_SECTION_SSO_SESSION,
    OD_SECTION_SERVICES,
} od_section_kind;

typedef struct od_profile_property {
    char *name;        /* lower case */
    od_buffer value;   /* continuation lines after a LF each */
} od_profile_property;

typedef struct od_profile_section {
    od_section_kind kind;
    char *name;
    bool prefixed;     /* `[profile default]`, which beats `[default]` */
    od_profile_property *properties;
    size_t count, capacity;
} od_profile_section;

/* Zero-initialised it is empty. */
typedef struct od_profiles {
    od_profile_section *sections;
    size_t count, capacity;
} od_profiles;

/* Adds what a file's text says; a later file's values replace an earlier one's, so the config file comes first and the
 * credentials file after it. The two differ in how their sections are named. file is for the message. After a failure
 * profiles may hold a part, and is to be cleared. Errors: authentication (file, line and what is wrong), out_of_memory. */
od_status od__profiles_parse(od_profiles *profiles, const char *text, size_t length_bytes, bool is_credentials_file,
                             const char *file, od_error *err);
/* Wipes and frees everything. */
void od__profiles_clear(od_profiles *profiles);
/* NULL if there is none. */
const od_profile_section *od__profiles_find(const od_profiles *profiles, od_section_kind kind, const char *name);
/* The value of a property, "" too; NULL if there is none. */
const char *od__profile_get(const od_profile_section *section, const char *name);
/* As od__profile_get, but an empty value counts as none. */
const char *od__profile_filled(const od_profile_section *section, const char *name);
/* Copies the value of name in the nested block of a property into out; returns false if there is none, or if it does not
 * fit. */
bool od__profile_nested(const od_profile_section *section, const char *property, const char *name, char *out,
                        size_t out_bytes);

#pragma GCC visibility pop

#endif
