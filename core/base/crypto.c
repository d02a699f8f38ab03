/*
 * crypto.c - thin doors to libsodium.
 *
 * Nothing is invented here; what the doors add is the size of tokens, the
 * cost of passwords, and NFC, so that a password typed on another keyboard
 * is the same password (S1).
 */
#include "base/banned.h"

#include "base/crypto.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/str.h"
#include "base/unicode.h"

/* Some tens of milliseconds and 32 MiB (OWASP asks for at least 19 MiB and
 * two passes). password_outdated compares with these. */
enum { PASSWORD_PASSES = 3, PASSWORD_MEMORY = 32 * 1024 * 1024 };
enum { PASSWORD_BYTES_MAX = 4096, TOKEN_BYTES = 32, PIECE_BYTES = 32 * 1024 };

int crypto_start(void)
{
    return sodium_init() < 0 ? E_INTERNAL : 0;
}

void random_bytes(void *out, size_t length)
{
    randombytes_buf(out, length);
}

void token_make(char out[TOKEN_TEXT_MAX])
{
    unsigned char bytes[TOKEN_BYTES];

    randombytes_buf(bytes, sizeof bytes);
    sodium_bin2base64(out, TOKEN_TEXT_MAX, bytes, sizeof bytes,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    sodium_memzero(bytes, sizeof bytes);
}

void hash_data(unsigned char out[HASH_SIZE], const void *data, size_t length,
               const unsigned char *key, size_t key_length)
{
    crypto_generichash(out, HASH_SIZE, data, length, key, key ? key_length : 0);
}

static_assert(sizeof(crypto_generichash_state) <=
                  sizeof(((struct hash_stream *)0)->state),
              "the state has room");

void hash_begin(struct hash_stream *stream)
{
    crypto_generichash_init((crypto_generichash_state *)stream->state, NULL, 0,
                            HASH_SIZE);
}

void hash_add(struct hash_stream *stream, const void *data, size_t length)
{
    crypto_generichash_update((crypto_generichash_state *)stream->state, data,
                              length);
}

void hash_so_far(unsigned char out[HASH_SIZE], const struct hash_stream *stream)
{
    crypto_generichash_state copy;

    memcpy(&copy, stream->state, sizeof copy);
    crypto_generichash_final(&copy, out, HASH_SIZE);
}

/* The next piece of a file; 0 at its end, -1 with errno. */
static ssize_t read_piece(void *piece, size_t size, int fd, int64_t at)
{
    ssize_t got;

    do
        got = pread(fd, piece, size, at);
    while (got < 0 && errno == EINTR);
    return got;
}

int hash_fd(unsigned char out[HASH_SIZE], int64_t *size, int fd)
{
    crypto_generichash_state state;
    unsigned char piece[PIECE_BYTES];
    int64_t at = 0;
    ssize_t got;

    crypto_generichash_init(&state, NULL, 0, HASH_SIZE);
    while ((got = read_piece(piece, sizeof piece, fd, at)) > 0) {
        crypto_generichash_update(&state, piece, (size_t)got);
        at += got;
    }
    crypto_generichash_final(&state, out, HASH_SIZE);
    if (size)
        *size = at;
    return got < 0 ? -1 : 0;
}

int sha256_fd(unsigned char out[HASH_SIZE], int64_t *size, int fd)
{
    crypto_hash_sha256_state state;
    unsigned char piece[PIECE_BYTES];
    ssize_t got;

    crypto_hash_sha256_init(&state);
    *size = 0;
    while ((got = read_piece(piece, sizeof piece, fd, *size)) > 0) {
        crypto_hash_sha256_update(&state, piece, (size_t)got);
        *size += got;
    }
    crypto_hash_sha256_final(&state, out);
    return got < 0 ? -1 : 0;
}

void sha256_data(unsigned char out[HASH_SIZE], const void *data, size_t length)
{
    crypto_hash_sha256(out, data, length);
}

bool secret_equal(const void *a, const void *b, size_t length)
{
    return sodium_memcmp(a, b, length) == 0;
}

const char *hex_of(struct arena *arena, const void *data, size_t length)
{
    char *text = arena_array(arena, length + 1, 2);

    return sodium_bin2hex(text, length * 2 + 1, data, length);
}

const char *base64url_of(struct arena *arena, const void *data, size_t length)
{
    size_t size = sodium_base64_encoded_len(
        length, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    char *text = arena_alloc(arena, size);

    return sodium_bin2base64(text, size, data, length,
                             sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

void *base64url_read(size_t *length, struct arena *arena, const char *text)
{
    size_t size = text ? strlen(text) : 0;
    unsigned char *data;

    *length = 0;
    if (!text)
        return NULL;
    data = arena_alloc(arena, size / 4 * 3 + 3);
    if (sodium_base642bin(data, size / 4 * 3 + 3, text, size, NULL, length,
                          NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING))
        return NULL;
    return data;
}

int password_hash(const char **out, struct ctx *ctx, const char *password)
{
    char *hash = arena_alloc(ctx->arena, crypto_pwhash_STRBYTES);
    struct arena *scratch;
    char *normal;
    size_t length;
    int rc;

    *out = NULL;
    if (strlen(password) > PASSWORD_BYTES_MAX)
        return fail(ctx, E_INVALID, "base.password_long",
                    "the password is too long");
    scratch = arena_new(0);
    normal = (char *)text_nfc(scratch, password);
    length = strlen(normal);
    rc = crypto_pwhash_str(hash, normal, length, PASSWORD_PASSES,
                           PASSWORD_MEMORY);
    sodium_memzero(normal, length);
    arena_free(scratch);
    if (rc)
        return fail(ctx, E_BUSY, "base.password_memory",
                    "there is not enough memory to hash a password; try "
                    "again");
    *out = hash;
    return 0;
}

bool password_verify(const char *hash, const char *password)
{
    struct arena *scratch;
    char *normal;
    size_t length;
    bool same;

    if (!hash || !password || strlen(password) > PASSWORD_BYTES_MAX)
        return false;
    scratch = arena_new(0);
    normal = (char *)text_nfc(scratch, password);
    length = strlen(normal);
    same = crypto_pwhash_str_verify(hash, normal, length) == 0;
    sodium_memzero(normal, length);
    arena_free(scratch);
    return same;
}

bool password_outdated(const char *hash)
{
    return crypto_pwhash_str_needs_rehash(hash, PASSWORD_PASSES,
                                          PASSWORD_MEMORY) != 0;
}
