/* The hash index of large objects. Its hash is SipHash-2-4 with a key of its own for each index. */
#include <string.h>

#include "base/memory.h"
#include "crypto/crypto.h"
#include "json/internal.h"

struct od_key_index {
    uint64_t seed[2];
    size_t mask;
    uint32_t slots[]; /* 1 + the place of a member; 0: free. At least half are free. */
};

static uint64_t rotate(uint64_t word, int bits) {
    return word << bits | word >> (64 - bits);
}

static void sip_rounds(uint64_t v[4], int rounds) {
    for (; rounds > 0; rounds--) {
        v[0] += v[1];
        v[2] += v[3];
        v[1] = rotate(v[1], 13) ^ v[0];
        v[3] = rotate(v[3], 16) ^ v[2];
        v[0] = rotate(v[0], 32) + v[3];
        v[2] += v[1];
        v[3] = rotate(v[3], 21) ^ v[0];
        v[1] = rotate(v[1], 17) ^ v[2];
        v[2] = rotate(v[2], 32);
    }
}

static void sip_word(uint64_t v[4], uint64_t word) {
    v[3] ^= word;
    sip_rounds(v, 2);
    v[0] ^= word;
}

/* Words are read in the machine's order of bytes: no hash ever leaves the process. */
static uint64_t sip(const uint64_t seed[2], const char *bytes, size_t length) {
    uint64_t v[4] = { seed[0] ^ UINT64_C(0x736f6d6570736575), seed[1] ^ UINT64_C(0x646f72616e646f6d),
                      seed[0] ^ UINT64_C(0x6c7967656e657261), seed[1] ^ UINT64_C(0x7465646279746573) };
    uint64_t word;
    size_t rest = length % sizeof word;
    for (const char *end = bytes + length - rest; bytes < end; bytes += sizeof word) {
        memcpy(&word, bytes, sizeof word);
        sip_word(v, word);
    }
    word = 0;
    memcpy(&word, bytes, rest);
    sip_word(v, word | (uint64_t)length << 56);
    v[2] ^= 0xff;
    sip_rounds(v, 4);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

void od__key_index_add(od_key_index *index, const od_member *members, size_t place) {
    size_t at = sip(index->seed, members[place].key, members[place].key_length) & index->mask;
    while (index->slots[at] != 0)
        at = (at + 1) & index->mask;
    index->slots[at] = (uint32_t)place + 1;
}

od_key_index *od__key_index_new(const od_member *members, size_t used, size_t capacity) {
    size_t slots = 1;
    if (capacity > UINT32_MAX / 4)
        return NULL;
    while (slots < 2 * capacity)
        slots *= 2;
    od_key_index *index = od__calloc(1, sizeof *index + slots * sizeof index->slots[0]);
    if (index == NULL || !od__crypto_random(index->seed, sizeof index->seed)) {
        od__free(index);
        return NULL;
    }
    index->mask = slots - 1;
    for (size_t place = 0; place < used; place++)
        od__key_index_add(index, members, place);
    return index;
}

od_member *od__key_index_find(const od_key_index *index, od_member *members, const char *key, size_t key_length) {
    size_t at = sip(index->seed, key, key_length) & index->mask;
    for (; index->slots[at] != 0; at = (at + 1) & index->mask) {
        od_member *member = &members[index->slots[at] - 1];
        if (member->value != NULL && member->key_length == key_length && memcmp(member->key, key, key_length) == 0)
            return member;
    }
    return NULL;
}
