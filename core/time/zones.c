/* The zones of one directory: reads their files, and keeps what was read. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/nearest.h"
#include "time/internal.h"
#include "time/zone_file.h"

#define BUCKETS 256
#define PATH_BYTES 1024

typedef struct entry {
    struct entry *next;
    od_zone *zone;            /* NULL: unknown */
    od_file_version version;  /* that it was read from */
    bool failing;             /* there is another one, which cannot be used */
    char name[OD_LIMIT_ZONE_NAME_BYTES];
} entry;

struct od_zones {
    char *directory;
    entry *buckets[BUCKETS];
    size_t known, unknown;
    bool has_tab, tab_failing;
    od_zone_tab tab;
    od_file_version tab_version;
    int64_t looked_ms;        /* when files were last looked at for changes */
};

od_status od__zones_new(const char *directory, od_zones **out, od_error *err) {
    *out = NULL;
    od_zones *zones = od__calloc(1, sizeof *zones);
    char *copy = od__strdup(directory != NULL ? directory : OD_ZONE_DIRECTORY);
    if (zones == NULL || copy == NULL) {
        od__free(zones);
        od__free(copy);
        return od__error_no_memory(err);
    }
    zones->directory = copy;
    *out = zones;
    return OD_OK;
}

/* Drops the entries without a zone, or all. */
static void drop(od_zones *zones, bool all) {
    for (size_t i = 0; i < BUCKETS; i++) {
        for (entry **link = &zones->buckets[i]; *link != NULL;) {
            entry *here = *link;
            if (here->zone != NULL && !all) {
                link = &here->next;
                continue;
            }
            *link = here->next;
            od__zone_free(here->zone);
            od__free(here);
        }
    }
    zones->unknown = 0;
}

void od__zones_free(od_zones *zones) {
    if (zones == NULL)
        return;
    drop(zones, true);
    od__zone_tab_clear(&zones->tab);
    od__free(zones->directory);
    od__free(zones);
}

/* DIRECTORY/NAME; false if it is too long. */
static bool path_of(const od_zones *zones, const char *name, char out[PATH_BYTES]) {
    int length = snprintf(out, PATH_BYTES, "%s/%s", zones->directory, name);
    return length > 0 && length < PATH_BYTES;
}

static od_status load_tab(const od_zones *zones, od_zone_tab *tab, od_file_version *version, od_error *err) {
    char path[PATH_BYTES], *text = NULL;
    size_t length = 0;
    if (!path_of(zones, "zone.tab", path))
        return od__error_set(err, OD_UNAVAILABLE, "the name of the time zones' directory is too long");
    od_status status = od__zone_file_read(path, OD_LIMIT_ZONE_TAB_BYTES, &text, &length, version, err);
    if (status != OD_OK)
        return status;
    if (text == NULL)
        return od__error_set(err, OD_UNAVAILABLE, "cannot open %s: %s", path, strerror(ENOENT));
    od_error why = OD_ERROR_INIT;
    status = od__zone_tab_parse(text, length, tab, &why);
    if (status == OD_OUT_OF_MEMORY)
        return od__error_no_memory(err);
    if (status != OD_OK)
        return od__error_set(err, OD_UNAVAILABLE, "%s is damaged: %s", path, why.message);
    return OD_OK;
}

static od_status read_tab(od_zones *zones, od_error *err) {
    if (zones->has_tab)
        return OD_OK;
    od_status status = load_tab(zones, &zones->tab, &zones->tab_version, err);
    zones->has_tab = status == OD_OK;
    return status;
}

od_status od__zones_of_country(od_zones *zones, const char *country, const char *const **names, size_t *count,
                               od_error *err) {
    *names = NULL;
    *count = 0;
    od_status status = read_tab(zones, err);
    if (status == OD_OK)
        *count = od__zone_tab_find(&zones->tab, country, names);
    return status;
}

bool od__zones_is_of_a_country(od_zones *zones, const char *name) {
    if (read_tab(zones, NULL) != OD_OK)
        return false;
    for (size_t i = 0; i < zones->tab.count; i++) {
        if (strcmp(zones->tab.names[i], name) == 0)
            return true;
    }
    return false;
}

/* `unknown time zone "X"`, and what may have been meant. */
static od_status unknown(od_zones *zones, const char *name, size_t length, od_error *err) {
    if (err == NULL)
        return OD_VALIDATION;
    char shown[2 * OD_LIMIT_ZONE_NAME_BYTES];
    od__error_clean(shown, sizeof shown, name, length);
    od_nearest nearest = {.wanted = shown};
    if (read_tab(zones, NULL) == OD_OK) {
        for (size_t i = 0; i < zones->tab.count; i++)
            od__nearest_offer(&nearest, zones->tab.names[i]);
    }
    od__nearest_offer(&nearest, "UTC");
    if (nearest.best == NULL)
        return od__error_set(err, OD_VALIDATION, "unknown time zone \"%s\"", shown);
    return od__error_set(err, OD_VALIDATION, "unknown time zone \"%s\", did you mean \"%s\"?", shown, nearest.best);
}

/* Whether a name stays within the directory: letters, digits, "_", "+", "-", and between slashes nothing that is empty or
 * begins with anything but a letter or digit. */
static bool is_name(const char *name, size_t length) {
    bool first = true;
    for (size_t i = 0; i < length; i++) {
        char byte = name[i];
        bool plain = (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9');
        if (!plain && (first || (byte != '_' && byte != '+' && byte != '-' && byte != '/')))
            return false;
        first = byte == '/';
    }
    return !first && length < OD_LIMIT_ZONE_NAME_BYTES;
}

static entry **bucket_of(od_zones *zones, const char *name) {
    uint32_t hash = 2166136261u;
    for (; *name != '\0'; name++)
        hash = (hash ^ (unsigned char)*name) * 16777619u;
    return &zones->buckets[(hash ^ hash >> 16) % BUCKETS];
}

/* Reads and parses a zone's file; *out stays NULL where there is none of this name. */
static od_status load(const od_zones *zones, const char *name, od_zone **out, od_file_version *version, od_error *err) {
    char path[PATH_BYTES], *bytes = NULL;
    size_t length = 0;
    struct stat facts;
    if (!path_of(zones, name, path))
        return od__error_set(err, OD_UNAVAILABLE, "the name of the time zones' directory is too long");
    od_status status = od__zone_file_read(path, OD_LIMIT_ZONE_FILE_BYTES, &bytes, &length, version, err);
    if (status != OD_OK)
        return status;
    if (bytes == NULL) {
        if (stat(zones->directory, &facts) != 0)
            return od__error_set(err, OD_UNAVAILABLE, "no time zones: cannot open %s: %s", zones->directory, strerror(errno));
        return OD_OK;
    }
    od_error why = OD_ERROR_INIT;
    if (od__tzif_is((const unsigned char *)bytes, length))
        status = od__tzif_parse((const unsigned char *)bytes, length, out, &why);
    od__free(bytes);
    if (status == OD_OUT_OF_MEMORY)
        return od__error_no_memory(err);
    if (status != OD_OK)
        return od__error_set(err, OD_UNAVAILABLE, "time zone %s cannot be used: %s", name, why.message);
    if (*out != NULL)
        memcpy((*out)->name, name, strlen(name) + 1);
    return OD_OK;
}

od_status od__zones_get_n(od_zones *zones, const char *name, size_t length, od_zone **out, od_error *err) {
    *out = NULL;
    if (!is_name(name, length))
        return unknown(zones, name, length, err);
    char copy[OD_LIMIT_ZONE_NAME_BYTES];
    memcpy(copy, name, length);
    copy[length] = '\0';
    entry **bucket = bucket_of(zones, copy);
    for (const entry *here = *bucket; here != NULL; here = here->next) {
        if (strcmp(here->name, copy) == 0) {
            *out = here->zone;
            return here->zone != NULL ? OD_OK : unknown(zones, name, length, err);
        }
    }
    if (zones->known >= OD_LIMIT_ZONES)
        return od__error_set(err, OD_UNAVAILABLE, "more than %d time zones", OD_LIMIT_ZONES);
    od_zone *zone = NULL;
    od_file_version version;
    od_status status = load(zones, copy, &zone, &version, err);
    if (status != OD_OK)
        return status;
    entry *made = od__calloc(1, sizeof *made);
    if (made == NULL) {
        od__zone_free(zone);
        return od__error_no_memory(err);
    }
    if (zone == NULL && ++zones->unknown > OD_LIMIT_UNKNOWN_ZONES) {
        drop(zones, false);
        zones->unknown = 1;
    }
    memcpy(made->name, copy, sizeof made->name);
    made->zone = zone;
    made->version = version;
    made->next = *bucket;
    *bucket = made;
    if (zone == NULL)
        return unknown(zones, name, length, err);
    zones->known++;
    *out = zone;
    return OD_OK;
}

od_status od__zones_get(od_zones *zones, const char *name, od_zone **out, od_error *err) {
    return od__zones_get_n(zones, name, strlen(name), out, err);
}

/* ---- files that change ---- */

/* Tells of a file that has changed: that it was read again, or once, why what was read before is kept. */
static void tell(const char *name, const od_error *why, bool *failing, od_zones_seen_fn *each, void *context) {
    if (why == NULL || !*failing)
        each(context, name, why);
    *failing = why != NULL;
}

/* What others have borrowed stays where it is. */
static void refresh_zone(const od_zones *zones, entry *here, od_zones_seen_fn *each, void *context) {
    char path[PATH_BYTES];
    od_error why = OD_ERROR_INIT;
    od_zone *fresh = NULL;
    if (!path_of(zones, here->name, path))
        return;
    od_file_version version = od__zone_file_version(path);
    if (od__file_version_same(&version, &here->version)) {
        here->failing = false;
        return;
    }
    if (load(zones, here->name, &fresh, &version, &why) == OD_OK && fresh == NULL)
        (void)od__error_set(&why, OD_UNAVAILABLE, "%s is no time zone any more", path);
    if (fresh != NULL) {
        od_zone old = *here->zone;
        *here->zone = *fresh;
        *fresh = old;
        here->version = version;
    }
    tell(here->name, fresh != NULL ? NULL : &why, &here->failing, each, context);
    od__zone_free(fresh);
}

static void refresh_tab(od_zones *zones, od_zones_seen_fn *each, void *context) {
    static const char name[] = "zone.tab";
    char path[PATH_BYTES];
    od_error why = OD_ERROR_INIT;
    od_zone_tab fresh = {0};
    if (!zones->has_tab || !path_of(zones, name, path))
        return;
    od_file_version version = od__zone_file_version(path);
    if (od__file_version_same(&version, &zones->tab_version)) {
        zones->tab_failing = false;
        return;
    }
    bool good = load_tab(zones, &fresh, &version, &why) == OD_OK;
    if (good) {
        od__zone_tab_clear(&zones->tab);
        zones->tab = fresh;
        zones->tab_version = version;
        drop(zones, false); /* what was no zone may be one now */
    }
    tell(name, good ? NULL : &why, &zones->tab_failing, each, context);
}

void od__zones_refresh(od_zones *zones, int64_t now_ms, od_zones_seen_fn *each, void *context) {
    if (now_ms - zones->looked_ms < OD_ZONES_LOOK_MS)
        return;
    zones->looked_ms = now_ms;
    refresh_tab(zones, each, context);
    for (size_t i = 0; i < BUCKETS; i++) {
        for (entry *here = zones->buckets[i]; here != NULL; here = here->next) {
            if (here->zone != NULL)
                refresh_zone(zones, here, each, context);
        }
    }
}
