/* The faults of the crash tests, from the environment of a process:
 *
 *   OUTDIAL_FAULT=before_first_byte:3:kill   at the third passing of that point, die; stop: be stopped as by SIGSTOP; exit:
 *                                            end at once, the database's connection unclosed
 *   OUTDIAL_MUTANT=synchronous_off           be broken in that way
 *   OUTDIAL_POWER=FOLDER                     note there what is not synced, and die as all do when the power goes (power_vfs.h);
 *                                            points: only have the points around a sync
 *   OUTDIAL_LEASE_MS, ...                    shorter times, by the names that od__tunable is called with */
#include "base/fault.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "power_vfs.h"

#define EXIT_CODE 70

static char point[64], mutant[64];
static void (*act)(void);
static int wanted;
static atomic_int passed;

static void die(void) {
    power_off();
    raise(SIGKILL);
}

static void stop(void) {
    raise(SIGSTOP);
}

static void leave(void) {
    _exit(EXIT_CODE);
}

static void misuse(const char *text) {
    fprintf(stderr, "OUTDIAL_FAULT: expected POINT:N:kill|stop|exit, got \"%s\"\n", text);
    _exit(EXIT_CODE);
}

static void read_fault(const char *text) {
    char action[16] = "";
    if (sscanf(text, "%63[a-z_]:%d:%15[a-z]", point, &wanted, action) != 3 || wanted < 1)
        misuse(text);
    act = strcmp(action, "kill") == 0 ? die : strcmp(action, "stop") == 0 ? stop : strcmp(action, "exit") == 0 ? leave : NULL;
    if (act == NULL)
        misuse(text);
}

__attribute__((constructor)) static void read_environment(void) {
    const char *fault = getenv("OUTDIAL_FAULT"), *broken = getenv("OUTDIAL_MUTANT"), *power = getenv("OUTDIAL_POWER");
    if (fault != NULL && fault[0] != '\0')
        read_fault(fault);
    if (broken != NULL)
        snprintf(mutant, sizeof(mutant), "%s", broken);
    if (power != NULL && power[0] != '\0')
        power_vfs_register(strcmp(power, "points") != 0 ? power : NULL);
}

void od__fault(const char *name, const char *where) {
    size_t length = strlen(where);
    if (act == NULL || strncmp(point, where, length) != 0 || point[length] != '_' || strcmp(point + length + 1, name) != 0)
        return;
    if (atomic_fetch_add(&passed, 1) + 1 == wanted)
        act();
}

bool od__mutant(const char *name) {
    return strcmp(mutant, name) == 0;
}

int od__tunable(const char *variable, int value) {
    const char *text = getenv(variable);
    return text != NULL && text[0] != '\0' ? (int)strtol(text, NULL, 10) : value;
}
