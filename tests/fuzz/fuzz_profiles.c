/* Any bytes as the shared files, a command, or an XML answer: reading them never does worse than refuse; what a profile leads
 * to is found or refused, and a second reading says the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "credentials/profile_plan.h"
#include "credentials/words.h"
#include "credentials/xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds) {
    if (!holds)
        abort();
}

static void follow(const od_profiles *profiles) {
    for (size_t i = 0; i < profiles->count; i++) {
        const od_profile_section *section = &profiles->sections[i];
        char nested[64];
        must(od__profiles_find(profiles, section->kind, section->name) == section);
        for (size_t k = 0; k < section->count; k++) {
            must(od__profile_get(section, section->properties[k].name) != NULL);
            (void)od__profile_nested(section, section->properties[k].name, "x", nested, sizeof(nested));
        }
        if (section->kind != OD_SECTION_PROFILE)
            continue;
        od_profile_plan plan;
        od_error err = OD_ERROR_INIT;
        if (od__profile_plan(profiles, section->name, &plan, &err) != OD_OK)
            must(err.code == OD_AUTHENTICATION && err.message[0] != '\0');
        else
            must(plan.section != NULL && plan.role_count <= OD_PROFILE_CHAIN);
    }
}

static void read_files(const char *text, size_t size, bool is_credentials_file) {
    od_profiles profiles = { .sections = NULL }, again = { .sections = NULL };
    od_error err = OD_ERROR_INIT;
    od_status status = od__profiles_parse(&profiles, text, size, is_credentials_file, "f", &err);
    must(status == OD_OK || (status == OD_AUTHENTICATION && err.message[0] != '\0'));
    if (status == OD_OK)
        follow(&profiles);
    must(od__profiles_parse(&again, text, size, is_credentials_file, "f", NULL) == status && again.count == profiles.count);
    od__profiles_clear(&profiles);
    od__profiles_clear(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = malloc(size + 1), out[32];
    must(text != NULL);
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    read_files(text, size, false);
    read_files(text, size, true);
    od_words words;
    if (od__words_split(text, &words, NULL) == OD_OK)
        must(words.count > 0 && words.count <= OD_WORDS && words.words[words.count] == NULL);
    od__words_clear(&words);
    od_xml found = od__xml_find(text, size, "A/B", out, sizeof(out));
    must(strlen(out) < sizeof(out) && (found == OD_XML_FOUND || found == OD_XML_TOO_LONG || out[0] == '\0'));
    free(text);
    return 0;
}
