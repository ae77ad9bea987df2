/* version: the one line that names the library and those it uses; apart from base/, which knows no other room. */
#include <pthread.h>
#include <stdio.h>
#include <outdial.h>
#include "crypto/crypto.h"
#include "json/value.h"
#include "transport/transport.h"

static char line[160];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void format_line(void) {
    snprintf(line, sizeof line, "outdial %s (%s %s %s)", OD_VERSION, od__network_library(), od__crypto_library(),
             od__value_library());
}

const char *od_version(void) {
    pthread_once(&once, format_line);
    return line;
}
