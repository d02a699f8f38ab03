/*
 * test_crypto.c - tokens, hashes, passwords.
 */
#include "base/banned.h"

#include "base/base_test.h"

#include "base/crypto.h"

static void S4_tokens_are_256_random_bits(void **state)
{
    struct ctx *ctx = *state;
    char first[TOKEN_TEXT_MAX], second[TOKEN_TEXT_MAX];
    size_t length;

    token_make(first);
    token_make(second);
    assert_int_equal(strlen(first), 43);
    assert_string_not_equal(first, second);
    assert_non_null(base64url_read(&length, ctx->arena, first));
    assert_int_equal(length, 32);
}

static void base64url_comes_back_and_is_strict(void **state)
{
    static const char *const bad[] = { "a",    "ab=",  "ab==", "a b",
                                       "a+b/", "ab\n", "中" };
    struct ctx *ctx = *state;
    unsigned char data[300];
    size_t size, length, i;

    for (size = 0; size < sizeof data; size++) {
        void *back;

        random_bytes(data, size);
        back = base64url_read(&length, ctx->arena,
                              base64url_of(ctx->arena, data, size));
        assert_non_null(back);
        assert_int_equal(length, size);
        assert_memory_equal(back, data, size);
    }
    for (i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_null(base64url_read(&length, ctx->arena, bad[i]));
    assert_null(base64url_read(&length, ctx->arena, NULL));
    assert_string_equal(hex_of(ctx->arena, "\x00\xff\x1a", 3), "00ff1a");
}

/* The vector of RFC 7693, shortened to 256 bits as libb2's. */
static void hashes_are_BLAKE2b(void **state)
{
    struct ctx *ctx = *state;
    unsigned char plain[HASH_SIZE], keyed[HASH_SIZE];

    hash_data(plain, "abc", 3, NULL, 0);
    assert_string_equal(hex_of(ctx->arena, plain, sizeof plain),
                        "bddd813c634239723171ef3fee98579b"
                        "94964e3bb1cb3e427262c8c068d52319");
    hash_data(keyed, "abc", 3, (const unsigned char *)"0123456789abcdef", 16);
    assert_memory_not_equal(plain, keyed, HASH_SIZE);
}

static void S1_passwords_are_Argon2id_and_normalised(void **state)
{
    struct ctx *ctx = *state;
    const char *hash, *other;

    assert_int_equal(password_hash(&hash, ctx, "caf\xc3\xa9 中文 password"), 0);
    assert_true(text_starts(hash, "$argon2id$v=19$"));
    assert_true(password_verify(hash, "cafe\xcc\x81 中文 password"));
    assert_false(password_verify(hash, "cafe 中文 password"));
    assert_false(password_verify(hash, ""));
    assert_false(password_verify("", "x"));
    assert_false(password_verify("$argon2id$nonsense", "x"));
    assert_false(password_verify(NULL, "x"));
    assert_false(password_outdated(hash));
    assert_true(password_outdated("$argon2id$v=19$m=8192,t=1,p=1$AAAAAAAAAAAA"
                                  "AAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
                                  "AAAAAAAAAAAAA"));
    assert_int_equal(password_hash(&other, ctx, "caf\xc3\xa9 中文 password"),
                     0);
    assert_string_not_equal(hash, other);
}

static void S1_long_passwords_are_not_cut(void **state)
{
    struct ctx *ctx = *state;
    char *text = arena_alloc(ctx->arena, 5001);
    const char *hash;

    memset(text, 'x', 256);
    assert_int_equal(password_hash(&hash, ctx, text), 0);
    assert_true(password_verify(hash, text));
    text[255] = 'y';
    assert_false(password_verify(hash, text));
    memset(text, 'x', 5000);
    assert_int_equal(password_hash(&hash, ctx, text), E_INVALID);
    assert_null(hash);
}

static void secrets_compare(void **state)
{
    (void)state;
    assert_true(secret_equal("abc", "abc", 3));
    assert_false(secret_equal("abc", "abd", 3));
    assert_true(secret_equal("", "", 0));
}

static int start(void **state)
{
    (void)state;
    return crypto_start();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CTX_TEST(S4_tokens_are_256_random_bits),
        CTX_TEST(base64url_comes_back_and_is_strict),
        CTX_TEST(hashes_are_BLAKE2b),
        CTX_TEST(S1_passwords_are_Argon2id_and_normalised),
        CTX_TEST(S1_long_passwords_are_not_cut),
        cmocka_unit_test(secrets_compare),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
