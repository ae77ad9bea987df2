/* Small files read whole: token files and the shared files. They are local and small; what is neither is refused. */
#include "credentials/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/error.h"
#include "crypto/crypto.h"

#define CHUNK_BYTES 4096

od_status od__credentials_expand(const od_credential_setup *setup, const char *path, const char *source,
                                 char out[OD_CREDENTIAL_PATH_BYTES], od_error *err) {
    const char *home = "";
    if (path[0] == '~' && path[1] == '/') {
        home = od__credentials_env(setup, "HOME");
        if (home == NULL)
            return od__error_set(err, OD_AUTHENTICATION, "%s: HOME is not set, which \"%s\" begins with", source, path);
        path++;
    }
    size_t home_bytes = strlen(home);
    while (home_bytes > 0 && home[home_bytes - 1] == '/')
        home_bytes--;
    int length = snprintf(out, OD_CREDENTIAL_PATH_BYTES, "%.*s%s", (int)home_bytes, home, path);
    if (length < 0 || length >= OD_CREDENTIAL_PATH_BYTES)
        return od__error_set(err, OD_AUTHENTICATION, "%s: the name of a file is longer than %d bytes", source,
                             OD_CREDENTIAL_PATH_BYTES - 1);
    return OD_OK;
}

static od_status too_large(const char *source, const char *path, size_t limit_bytes, od_error *err) {
    return od__error_set(err, OD_AUTHENTICATION, "%s: %s is larger than %zu bytes", source, path, limit_bytes);
}

static od_status unreadable(const char *source, const char *path, int why, od_error *err) {
    return od__error_set(err, OD_AUTHENTICATION, "%s: cannot read %s: %s", source, path, strerror(why));
}

/* A pipe or device could keep the loop waiting for ever. */
static bool is_null_device(const struct stat *file) {
    return S_ISCHR(file->st_mode) && file->st_rdev == makedev(1, 3);
}

static od_status read_all(int fd, const char *path, const char *source, od_buffer *out, od_error *err) {
    char chunk[CHUNK_BYTES];
    od_status status = OD_OK;
    while (status == OD_OK) {
        ssize_t count = read(fd, chunk, sizeof(chunk));
        if (count == 0)
            break;
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0) {
            status = unreadable(source, path, errno, err);
            break;
        }
        od__buffer_add(out, chunk, (size_t)count);
        if (out->failed)
            status = out->over_limit ? too_large(source, path, out->limit_bytes, err) : od__error_no_memory(err);
    }
    od__crypto_wipe(chunk, sizeof(chunk));
    return status;
}

od_status od__credentials_read_file(const char *path, size_t limit_bytes, const char *source, od_buffer *out, bool *absent,
                                    od_error *err) {
    od__buffer_init(out, limit_bytes);
    if (absent != NULL)
        *absent = false;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        if (absent != NULL && (errno == ENOENT || errno == ENOTDIR)) {
            *absent = true;
            return OD_OK;
        }
        return unreadable(source, path, errno, err);
    }
    struct stat file;
    od_status status = OD_OK;
    if (fstat(fd, &file) != 0)
        status = unreadable(source, path, errno, err);
    else if (!S_ISREG(file.st_mode) && !is_null_device(&file))
        status = od__error_set(err, OD_AUTHENTICATION, "%s: %s is not a regular file", source, path);
    else if (S_ISREG(file.st_mode) && file.st_size > 0 && (uintmax_t)file.st_size > limit_bytes)
        status = too_large(source, path, limit_bytes, err);
    if (status == OD_OK)
        status = read_all(fd, path, source, out, err);
    close(fd);
    if (status != OD_OK)
        od__buffer_wipe(out);
    return status;
}
