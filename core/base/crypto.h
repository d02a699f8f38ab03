/*
 * crypto.h - thin doors to libsodium: random, hashes, passwords, tokens.
 */
#ifndef BASE_CRYPTO_H
#define BASE_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct ctx;

enum { TOKEN_TEXT_MAX = 48, HASH_SIZE = 32 };

/* Must be called once in each process before the others; 0 or E_INTERNAL. */
int crypto_start(void);
void random_bytes(void *out, size_t length);
/* 256 random bits as base64url text (43 characters). */
void token_make(char out[TOKEN_TEXT_MAX]);
/* BLAKE2b-256 of data, keyed where key is not NULL. */
void hash_data(unsigned char out[HASH_SIZE], const void *data, size_t length,
               const unsigned char *key, size_t key_length);
/* The same of what comes in pieces; hash_so_far may be asked at any time. */
struct hash_stream {
    _Alignas(64) unsigned char state[384];
};
void hash_begin(struct hash_stream *stream);
void hash_add(struct hash_stream *stream, const void *data, size_t length);
void hash_so_far(unsigned char out[HASH_SIZE],
                 const struct hash_stream *stream);
/* hash_data without a key, of what the ordinary file `fd` holds, from its
 * start; *size may be NULL. 0, or -1 with errno. */
int hash_fd(unsigned char out[HASH_SIZE], int64_t *size, int fd);
/* SHA-256, for protocols that ask for it. */
int sha256_fd(unsigned char out[HASH_SIZE], int64_t *size, int fd);
void sha256_data(unsigned char out[HASH_SIZE], const void *data, size_t length);
/* Lower-case hexadecimal in the arena. */
const char *hex_of(struct arena *arena, const void *data, size_t length);
const char *base64url_of(struct arena *arena, const void *data, size_t length);
/* Decodes base64url; NULL where it is none. */
void *base64url_read(size_t *length, struct arena *arena, const char *text);

/* Argon2id, parameters inside the text (S1). Takes tens of ms: net lane. */
int password_hash(const char **out, struct ctx *ctx, const char *password);
bool password_verify(const char *hash, const char *password);
/* True where the parameters of `hash` are older than today's. */
bool password_outdated(const char *hash);

#endif
