/* Where a contact may be: the zones of its own, else those of its number's country (R24). */
#include <string.h>

#include "base/error.h"
#include "rules/internal.h"

static bool is_blank(char byte) {
    return byte == ' ' || byte == '\t';
}

/* Steps over one part of "A;B" and gives it without blanks around; false at the end. */
static bool next_part(const char **text, const char **part, size_t *length) {
    if (**text == '\0')
        return false;
    const char *begin = *text, *end = begin + strcspn(begin, ";");
    *text = *end == ';' ? end + 1 : end;
    while (begin < end && is_blank(*begin))
        begin++;
    while (end > begin && is_blank(end[-1]))
        end--;
    *part = begin;
    *length = (size_t)(end - begin);
    return true;
}

/* Adds a zone; one that does not exist leaves nothing but the refusal. */
static od_status add(od_candidates *out, od_zones *zones, const char *name, size_t length, od_error *err) {
    if (out->count == OD_LIMIT_CANDIDATE_ZONES) {
        out->count = 0;
        od__say(out->saw, sizeof out->saw, "more than %d time zones", OD_LIMIT_CANDIDATE_ZONES);
        return OD_VALIDATION;
    }
    od_zone *zone;
    od_status status = od__zones_get_n(zones, name, length, &zone, NULL);
    if (status == OD_OK) {
        out->zones[out->count++] = zone;
    } else if (status == OD_VALIDATION) {
        char shown[OD_LIMIT_ZONE_NAME_BYTES];
        od__error_clean(shown, sizeof shown, name, length);
        out->count = 0;
        od__say(out->saw, sizeof out->saw, "unknown time zone \"%s\"", shown);
    } else {
        status = od__zones_get_n(zones, name, length, &zone, err);  /* again, for what is wrong */
    }
    return status;
}

/* All zones that the contact names. */
static od_status named(od_candidates *out, od_zones *zones, const char *text, od_error *err) {
    const char *part;
    size_t length;
    od_status status = OD_OK;
    while (status == OD_OK && next_part(&text, &part, &length)) {
        if (length > 0)
            status = add(out, zones, part, length, err);
    }
    return status;
}

/* Of several zones of a country the ruleset's. One that belongs to other countries only says nothing about this one:
 * with New York's hours nobody is called in Berlin. */
static const char *default_of(const od_ruleset *ruleset, od_zones *zones, const char *const *names, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], ruleset->zone) == 0)
            return ruleset->zone;
    }
    return ruleset->zone[0] != '\0' && !od__zones_is_of_a_country(zones, ruleset->zone) ? ruleset->zone : NULL;
}

static od_status of_country(od_candidates *out, const od_ruleset *ruleset, od_zones *zones, const char *country, od_error *err) {
    const char *const *names;
    size_t count;
    od_status status = od__zones_of_country(zones, country, &names, &count, err);
    if (status != OD_OK)
        return status;
    if (count == 0) {
        char shown[16];
        od__error_clean(shown, sizeof shown, country, strlen(country));
        od__say(out->saw, sizeof out->saw, "no time zone is known for country \"%s\"", shown);
        return OD_OK;
    }
    const char *name = count == 1 ? names[0] : default_of(ruleset, zones, names, count);
    if (name != NULL)
        return add(out, zones, name, strlen(name), err);
    if (ruleset->zone[0] == '\0')
        od__say(out->saw, sizeof out->saw, "%s has %zu time zones, and none is the default", country, count);
    else
        od__say(out->saw, sizeof out->saw, "%s has %zu time zones, and %s is none of them", country, count, ruleset->zone);
    return OD_OK;
}

od_status od__candidates_find(const od_ruleset *ruleset, od_zones *zones, const od_facts *facts, od_candidates *out,
                              od_error *err) {
    out->count = 0;
    out->saw[0] = '\0';
    od_status status = facts->zones != NULL ? named(out, zones, facts->zones, err) : OD_OK;
    if (status == OD_OK && out->count == 0) {
        if (facts->country != NULL)
            status = of_country(out, ruleset, zones, facts->country, err);
        else
            od__say(out->saw, sizeof out->saw, "no time zone and no country");
    }
    return status == OD_VALIDATION ? OD_OK : status;
}
