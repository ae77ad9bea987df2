/* What a power cut leaves on the disk, once all processes are dead: power_cut NOTES FOLDER SEED
 *
 * Takes back whatever was written to the files of FOLDER and not synced, by the notes that power_vfs made of it, and turns the
 * power on again. SEED other than 0: a part of it has reached the disk all the same, whichever chance wants. */
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "power_vfs.h"

#define PATH_BYTES 4096

static void check(bool good, const char *what) {
    if (!good) {
        perror(what);
        exit(1);
    }
}

static size_t length_of(const power_note *note) {
    return sizeof(*note) + (size_t)note->length * (note->cut_to < 0 ? 2 : 1);
}

static void write_at(int file, const char *bytes, const power_note *note) {
    check(pwrite(file, bytes, (size_t)note->length, (off_t)note->at) == (ssize_t)note->length, "pwrite");
}

static void take_back(int file, const power_note *note) {
    write_at(file, (const char *)(note + 1), note);
    check(ftruncate(file, (off_t)note->size) == 0, "ftruncate");
}

static void do_again(int file, const power_note *note) {
    if (note->cut_to < 0)
        write_at(file, (const char *)(note + 1) + note->length, note);
    else
        check(ftruncate(file, (off_t)note->cut_to) == 0, "ftruncate");
}

/* A note that whoever made it did not finish has no write. */
static size_t find_notes(const char *bytes, size_t length, const char ***out) {
    size_t count = 0, at = 0;
    const char **notes = calloc(length / sizeof(power_note) + 1, sizeof(*notes));
    check(notes != NULL, "calloc");
    while (at + sizeof(power_note) <= length) {
        power_note note;
        memcpy(&note, bytes + at, sizeof(note));
        if (at + length_of(&note) > length)
            break;
        notes[count++] = bytes + at;
        at += length_of(&note);
    }
    *out = notes;
    return count;
}

static void cut(const char *notes_path, const char *path, bool some_reach_it) {
    struct stat about;
    int notes = open(notes_path, O_RDONLY), file = open(path, O_RDWR);
    if (file < 0) /* it was deleted */
        return;
    check(notes >= 0 && fstat(notes, &about) == 0, notes_path);
    /* Bytes of notes follow each other at any address: each is copied to where it can be read. */
    char *bytes = malloc((size_t)about.st_size + 1), *copy = malloc((size_t)about.st_size + 1);
    check(bytes != NULL && copy != NULL && read(notes, bytes, (size_t)about.st_size) == about.st_size, notes_path);
    const char **list;
    size_t count = find_notes(bytes, (size_t)about.st_size, &list);
    for (size_t pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < count; i++) {
            const char *at = list[pass == 0 ? count - 1 - i : i];
            power_note note;
            memcpy(&note, at, sizeof(note));
            memcpy(copy, at, length_of(&note));
            if (pass == 0)
                take_back(file, (const power_note *)(void *)copy);
            else if (some_reach_it && rand() % 2 == 0)
                do_again(file, (const power_note *)(void *)copy);
        }
    }
    free(list);
    free(copy);
    free(bytes);
    close(file);
    close(notes);
}

int main(int argc, char **argv) {
    char notes[PATH_BYTES], path[PATH_BYTES];
    if (argc != 4) {
        fprintf(stderr, "usage: power_cut NOTES FOLDER SEED\n");
        return 2;
    }
    unsigned seed = (unsigned)strtoul(argv[3], NULL, 10);
    srand(seed);
    DIR *folder = opendir(argv[1]);
    check(folder != NULL, argv[1]);
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(notes, sizeof(notes), "%s/%s", argv[1], entry->d_name);
        snprintf(path, sizeof(path), "%s/%s", argv[2], entry->d_name);
        if (strcmp(entry->d_name, "off") != 0)
            cut(notes, path, seed != 0);
        unlink(notes);
    }
    closedir(folder);
    return 0;
}
