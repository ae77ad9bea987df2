#include <outdial.h>

const char *od_status_name(od_status status) {
    switch (status) {
    case OD_OK: return "ok";
#define NAME_CASE(NAME, number, text, meaning) \
    case OD_##NAME: return text;
        OD_STATUS_MAP(NAME_CASE)
#undef NAME_CASE
    }
    return "unknown_status";
}

const char *od_status_meaning(od_status status) {
    switch (status) {
    case OD_OK: return "nothing failed";
#define MEANING_CASE(NAME, number, text, meaning) \
    case OD_##NAME: return meaning;
        OD_STATUS_MAP(MEANING_CASE)
#undef MEANING_CASE
    }
    return "a number that is no status";
}

const char *od_placement_name(od_placement placement) {
    switch (placement) {
    case OD_PLACEMENT_NONE: return "";
    case OD_PLACEMENT_NOT_PLACED: return "not_placed";
    case OD_PLACEMENT_UNKNOWN: return "unknown";
    case OD_PLACEMENT_PLACED: return "placed";
    }
    return "";
}
