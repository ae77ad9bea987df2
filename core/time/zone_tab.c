/* zone.tab: which zones a country has. Each line: code, coordinates, zone and perhaps a comment, between tabs. */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "time/internal.h"

static char upper(char byte) {
    return byte >= 'a' && byte <= 'z' ? (char)(byte - 'a' + 'A') : byte;
}

/* Cuts one line (NUL-terminated) into its country and zone; false if it has none. */
static bool read_line(char *line, char country[2], const char **name) {
    if (line[0] < 'A' || line[0] > 'Z' || line[1] < 'A' || line[1] > 'Z' || line[2] != '\t')
        return false;
    char *zone = strchr(line + 3, '\t');
    if (zone == NULL)
        return false;
    zone++;
    size_t length = strcspn(zone, "\t");
    if (length == 0 || length >= OD_LIMIT_ZONE_NAME_BYTES)
        return false;
    zone[length] = '\0';
    memcpy(country, line, 2);
    *name = zone;
    return true;
}

/* Puts a line behind the last one of the same country, or of the countries before it. */
static void insert(od_zone_tab *tab, const char country[2], const char *name) {
    size_t place = tab->count++;
    for (; place > 0 && memcmp(tab->countries[place - 1], country, 2) > 0; place--) {
        memcpy(tab->countries[place], tab->countries[place - 1], 2);
        tab->names[place] = tab->names[place - 1];
    }
    memcpy(tab->countries[place], country, 2);
    tab->names[place] = name;
}

static od_status parse(od_zone_tab *tab, size_t length, od_error *err) {
    size_t lines = 1;
    for (size_t i = 0; i < length; i++)
        lines += tab->text[i] == '\n';
    tab->names = od__calloc(lines, sizeof *tab->names);
    tab->countries = od__calloc(lines, sizeof *tab->countries);
    if (tab->names == NULL || tab->countries == NULL)
        return od__error_no_memory(err);
    char *line = tab->text;
    for (size_t number = 1; line < tab->text + length; number++) {
        char *end = memchr(line, '\n', (size_t)(tab->text + length - line));
        if (end == NULL || memchr(line, '\0', (size_t)(end - line)) != NULL)
            return od__error_set(err, OD_PROTOCOL, "line %zu: it does not end", number);
        *end = '\0';
        char country[2];
        const char *name;
        if (line[0] != '#' && line[0] != '\0') {
            if (!read_line(line, country, &name))
                return od__error_set(err, OD_PROTOCOL, "line %zu: expected a country, coordinates and a zone", number);
            insert(tab, country, name);
        }
        line = end + 1;
    }
    return OD_OK;
}

od_status od__zone_tab_parse(char *text, size_t length, od_zone_tab *out, od_error *err) {
    *out = (od_zone_tab){.text = text};
    od_status status = parse(out, length, err);
    if (status != OD_OK)
        od__zone_tab_clear(out);
    return status;
}

void od__zone_tab_clear(od_zone_tab *tab) {
    od__free(tab->text);
    od__free(tab->names);
    od__free(tab->countries);
    *tab = (od_zone_tab){.text = NULL};
}

size_t od__zone_tab_find(const od_zone_tab *tab, const char *country, const char *const **names) {
    *names = NULL;
    if (strlen(country) != 2)
        return 0;
    char code[2] = {upper(country[0]), upper(country[1])};
    size_t low = 0, high = tab->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (memcmp(tab->countries[middle], code, 2) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    size_t end = low;
    while (end < tab->count && memcmp(tab->countries[end], code, 2) == 0)
        end++;
    if (end > low)
        *names = &tab->names[low];
    return end - low;
}
