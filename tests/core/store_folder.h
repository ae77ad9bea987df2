/* store_folder: the folder that a test has its store.db in. After cmocka.h. */
#ifndef TESTS_CORE_STORE_FOLDER_H
#define TESTS_CORE_STORE_FOLDER_H

#include <stdio.h>
#include <unistd.h>

/* Removes a closed store's files, those of others (a list that ends with NULL; NULL: none), and the folder: nothing else was
 * left there. */
static inline void remove_store_folder(const char *folder, const char *const *others) {
    static const char *const own[] = { "store.db", "store.db-wal", "store.db-shm", "store.db.lock", NULL };
    static const char *const none[] = { NULL };
    const char *const *const lists[] = { own, others != NULL ? others : none };
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        for (const char *const *name = lists[i]; *name != NULL; name++) {
            char path[256];
            snprintf(path, sizeof(path), "%s/%s", folder, *name);
            unlink(path);
        }
    }
    assert_int_equal(rmdir(folder), 0);
}

#endif
