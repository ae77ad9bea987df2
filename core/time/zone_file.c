#include "time/zone_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"

static od_status cannot(const char *what, const char *path, od_error *err) {
    return od__error_set(err, OD_UNAVAILABLE, "cannot %s %s: %s", what, path, strerror(errno));
}

/* All of an open file. */
static od_status read_all(int fd, const char *path, size_t limit_bytes, char *out, size_t *length, od_error *err) {
    for (*length = 0; *length <= limit_bytes;) {
        ssize_t got = read(fd, out + *length, limit_bytes + 1 - *length);
        if (got == 0)
            return OD_OK;
        if (got > 0)
            *length += (size_t)got;
        else if (errno != EINTR)
            return cannot("read", path, err);
    }
    return od__error_set(err, OD_UNAVAILABLE, "%s is longer than %zu bytes", path, limit_bytes);
}

od_status od__zone_file_read(const char *path, size_t limit_bytes, char **bytes, size_t *length, od_file_version *version,
                             od_error *err) {
    *bytes = NULL;
    *version = (od_file_version){0};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? OD_OK : cannot("open", path, err);
    struct stat facts;
    od_status status = OD_OK;
    if (fstat(fd, &facts) != 0) {
        status = cannot("read", path, err);
    } else if (S_ISREG(facts.st_mode)) {
        *version = od__file_version_of(&facts);
        *bytes = od__alloc(limit_bytes + 1);
        status = *bytes != NULL ? read_all(fd, path, limit_bytes, *bytes, length, err) : od__error_no_memory(err);
    }
    (void)close(fd); /* nothing was written */
    if (status != OD_OK) {
        od__free(*bytes);
        *bytes = NULL;
    }
    return status;
}

od_file_version od__zone_file_version(const char *path) {
    struct stat facts;
    return stat(path, &facts) == 0 ? od__file_version_of(&facts) : (od_file_version){0};
}
