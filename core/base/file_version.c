#include "base/file_version.h"

#include <sys/stat.h>

od_file_version od__file_version_of(const struct stat *file) {
    return (od_file_version){
        .device = (uint64_t)file->st_dev,
        .inode = (uint64_t)file->st_ino,
        .bytes = (int64_t)file->st_size,
        .modified_ns = (int64_t)file->st_mtim.tv_sec * 1000000000 + file->st_mtim.tv_nsec,
    };
}

bool od__file_version_same(const od_file_version *a, const od_file_version *b) {
    return a->device == b->device && a->inode == b->inode && a->bytes == b->bytes && a->modified_ns == b->modified_ns;
}
