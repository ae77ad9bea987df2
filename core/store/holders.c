#include "store/holders.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define MOST_NAMED 4
#define FILES 2
#define WRITES " WRITE "

typedef struct holders {
    struct stat files[FILES];
    size_t file_count;
    long pids[MOST_NAMED];
    size_t count;
} holders;

/* The file itself is not opened: closing it would let go of the locks that this process has on it. */
static void add_file(holders *self, const char *path, const char *ending) {
    char name[4096];
    int length = snprintf(name, sizeof(name), "%s%s", path, ending);
    if (length > 0 && (size_t)length < sizeof(name) && stat(name, &self->files[self->file_count]) == 0)
        self->file_count++;
}

static bool is_of_files(const holders *self, unsigned long major_number, unsigned long minor_number, unsigned long long inode) {
    for (size_t i = 0; i < self->file_count; i++) {
        const struct stat *file = &self->files[i];
        if (file->st_ino == inode && major(file->st_dev) == major_number && minor(file->st_dev) == minor_number)
            return true;
    }
    return false;
}

static void add_pid(holders *self, long pid) {
    for (size_t i = 0; i < self->count; i++) {
        if (self->pids[i] == pid)
            return;
    }
    if (self->count < MOST_NAMED && pid > 0 && pid != getpid()) /* 0: in a container that is not this one */
        self->pids[self->count++] = pid;
}

/* "7: POSIX  ADVISORY  WRITE 1234 fe:00:10952870 120 120"; who waits for a lock has an arrow behind the first colon. */
static void read_line(holders *self, const char *line) {
    const char *kind = strstr(line, ": POSIX "), *lock = kind != NULL ? strstr(kind, WRITES) : NULL;
    if (lock == NULL)
        return;
    char *at;
    long pid = strtol(lock + strlen(WRITES), &at, 10);
    unsigned long major_number = strtoul(at, &at, 16);
    unsigned long minor_number = *at == ':' ? strtoul(at + 1, &at, 16) : 0;
    unsigned long long inode = *at == ':' ? strtoull(at + 1, &at, 10) : 0;
    if (*at == ' ' && is_of_files(self, major_number, minor_number, inode))
        add_pid(self, pid);
}

void od__holders(const char *path, char out[OD_HOLDERS_BYTES]) {
    holders self = { 0 };
    char line[256];
    out[0] = '\0';
    add_file(&self, path, "");
    add_file(&self, path, "-shm");
    FILE *locks = fopen("/proc/locks", "re");
    if (locks == NULL)
        return;
    while (fgets(line, sizeof(line), locks) != NULL)
        read_line(&self, line);
    fclose(locks);
    int length = 0;
    for (size_t i = 0; i < self.count; i++) {
        const char *before = i > 0 ? ", " : self.count > 1 ? " (pids " : " (pid ";
        length += snprintf(out + length, OD_HOLDERS_BYTES - (size_t)length, "%s%ld", before, self.pids[i]);
    }
    if (length > 0)
        snprintf(out + length, OD_HOLDERS_BYTES - (size_t)length, ")");
}
