/*
 * hash.c - the hash of keys that strangers choose (SipHash-2-4, keyed per
 * process). Apart from map.c because the browser's build has no libsodium
 * and brings its own.
 */
#include "base/banned.h"

#include "base/map.h"

#include <sodium.h>
#include <stdbool.h>

uint64_t text_hash(const char *text, size_t length)
{
    static unsigned char key[crypto_shorthash_KEYBYTES];
    static bool ready;
    uint64_t hash;

    if (!ready) {
        randombytes_buf(key, sizeof key);
        ready = true;
    }
    crypto_shorthash((unsigned char *)&hash, (const unsigned char *)text,
                     length, key);
    return hash;
}
