/*
 * test_sign_in.c - passwords, throttle, sessions, one-time links.
 */
#include "base/banned.h"

#include "org/org_site.h"

#include "org/throttle.h"

static char token[TOKEN_TEXT_MAX];

static int sign_in(struct company *c, const char *login, const char *password)
{
    int64_t user;

    return session_sign_in(token, &user, &c->ctx, login, password,
                           "Mozilla/5.0 Firefox/1");
}

static int setup(void **state)
{
    struct company *c;

    company_setup(state);
    c = *state;
    assert_int_equal(user_set_password(&c->ctx, c->lin, TEST_PASSWORD, NULL),
                     0);
    assert_int_equal(user_set_password(&c->ctx, c->gone, TEST_PASSWORD, NULL),
                     0);
    clock_set((int64_t)NOON * 1000);
    c->ctx.system = false;
    c->ctx.address = "192.0.2.1";
    return 0;
}

static bool alive(struct company *c, const char *of)
{
    const struct session *session;

    return session_find(&session, &c->ctx, of) == 0;
}

static void S1_weak_passwords_are_refused(void **state)
{
    struct company *c = *state;
    struct ctx *ctx = &c->ctx;
    char longest[258];

    assert_refused(ctx, password_check_new(ctx, "short1!", "x", "y"), E_INVALID,
                   "org.password.short");
    assert_refused(ctx, password_check_new(ctx, "Password1", "x", "y"),
                   E_INVALID, "org.password.common");
    assert_refused(ctx, password_check_new(ctx, "woaini1314", "x", "y"),
                   E_INVALID, "org.password.common");
    assert_refused(ctx, password_check_new(ctx, "abcdefghij", "x", "y"),
                   E_INVALID, "org.password.common");
    assert_refused(ctx, password_check_new(ctx, "zhao.min88", "zhao.min", "y"),
                   E_INVALID, "org.password.own_name");
    memset(longest, 'x', sizeof longest);
    longest[128] = 'y';
    longest[257] = '\0';
    assert_refused(ctx, password_check_new(ctx, longest, "x", "y"), E_INVALID,
                   "org.password.long");
    longest[256] = '\0';
    assert_int_equal(password_check_new(ctx, longest, "x", "y"), 0);
    assert_int_equal(password_check_new(ctx, "一二三四五六七八九", "x", "y"),
                     0);
}

static void S1_a_password_is_not_cut_and_is_normalised(void **state)
{
    struct company *c = *state;
    char long_one[257];

    memset(long_one, 'q', sizeof long_one);
    long_one[100] = 'z';
    long_one[256] = '\0';
    assert_int_equal(user_set_password(&c->ctx, c->lin, long_one, NULL), 0);
    long_one[255] = 'x';
    assert_int_equal(sign_in(c, "lin", long_one), E_SIGN_IN);
    long_one[255] = 'q';
    assert_int_equal(sign_in(c, "lin", long_one), 0);
    /* é as one character, and as e with an accent. */
    assert_int_equal(
        user_set_password(&c->ctx, c->lin, "caf\xc3\xa9 creme 9", NULL), 0);
    assert_int_equal(sign_in(c, "lin", "cafe\xcc\x81 creme 9"), 0);
}

static void S2_unknown_wrong_and_disabled_read_the_same(void **state)
{
    struct company *c = *state;

    assert_refused(&c->ctx, sign_in(c, "nobody", TEST_PASSWORD), E_SIGN_IN,
                   "org.sign_in.refused");
    assert_refused(&c->ctx, sign_in(c, "lin", "wrong wrong"), E_SIGN_IN,
                   "org.sign_in.refused");
    assert_refused(&c->ctx, sign_in(c, "gone", TEST_PASSWORD), E_SIGN_IN,
                   "org.sign_in.refused");
}

/* Processor time in microseconds: what else the machine does is no matter. */
static int64_t spent(void)
{
    struct timespec time;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

static int64_t time_of(struct company *c, const char *login)
{
    int64_t start = spent();
    int i;

    for (i = 0; i < 3; i++) {
        assert_int_equal(sign_in(c, login, "wrong wrong"), E_SIGN_IN);
        ctx_clear(&c->ctx);
    }
    return spent() - start;
}

static void S2_an_unknown_user_costs_as_much_as_a_known_one(void **state)
{
    struct company *c = *state;
    int64_t known, unknown;

    (void)sign_in(c, "warm.up", "x");
    ctx_clear(&c->ctx);
    known = time_of(c, "lin");
    unknown = time_of(c, "nobody");
    assert_true(unknown * 2 > known && known * 2 > unknown);
}

static void S3_tries_at_one_account_have_to_wait_longer_and_longer(void **state)
{
    struct company *c = *state;
    int64_t now = (int64_t)NOON * 1000;
    int i;

    for (i = 0; i < 5; i++)
        assert_refused(&c->ctx, sign_in(c, "lin", "wrong wrong"), E_SIGN_IN,
                       "org.sign_in.refused");
    /* The right one has to wait as well. */
    assert_refused(&c->ctx, sign_in(c, "lin", TEST_PASSWORD), E_TOO_MANY,
                   "org.sign_in.wait");
    clock_set(now + 1100);
    assert_refused(&c->ctx, sign_in(c, "lin", "wrong wrong"), E_SIGN_IN,
                   "org.sign_in.refused");
    clock_set(now + 2200);
    assert_refused(&c->ctx, sign_in(c, "lin", TEST_PASSWORD), E_TOO_MANY,
                   "org.sign_in.wait");
    clock_set(now + 3200);
    assert_int_equal(sign_in(c, "lin", TEST_PASSWORD), 0);
    assert_int_equal(sign_in(c, "lin", TEST_PASSWORD), 0);
}

static void S3_strangers_cannot_lock_somebody_out_for_long(void **state)
{
    struct company *c = *state;
    int64_t now = (int64_t)NOON * 1000;
    char address[32];
    int i, rc = 0;

    for (i = 0; i < 26 && rc != E_TOO_MANY; i++) {
        snprintf(address, sizeof address, "198.51.100.%d", i);
        c->ctx.address = address;
        rc = sign_in(c, "lin", "wrong wrong");
        ctx_clear(&c->ctx);
    }
    assert_int_equal(rc, E_TOO_MANY);
    c->ctx.address = "192.0.2.1";
    clock_set(now + 31000);
    assert_int_equal(sign_in(c, "lin", TEST_PASSWORD), 0);
}

static void S3_where_somebody_is_signed_in_strangers_do_not_count(void **state)
{
    struct company *c = *state;
    char address[32];
    int i;

    assert_int_equal(sign_in(c, "lin", TEST_PASSWORD), 0);
    for (i = 0; i < 26; i++) {
        snprintf(address, sizeof address, "198.51.100.%d", i);
        c->ctx.address = address;
        (void)sign_in(c, "lin", "wrong wrong");
        ctx_clear(&c->ctx);
    }
    c->ctx.address = "192.0.2.1";
    assert_int_equal(sign_in(c, "lin", TEST_PASSWORD), 0);
}

static void S3_one_address_is_throttled_over_all_accounts(void **state)
{
    struct company *c = *state;
    char login[32];
    int i, rc = 0;

    for (i = 0; i < 40 && rc != E_TOO_MANY; i++) {
        snprintf(login, sizeof login, "user%d", i);
        rc = sign_in(c, login, "wrong wrong");
        ctx_clear(&c->ctx);
    }
    assert_int_equal(rc, E_TOO_MANY);
    assert_int_equal(i, 31);
}

static void S3_IPv6_is_counted_by_64_bits(void **state)
{
    struct company *c = *state;

    assert_string_equal(throttle_address(&c->ctx, "2001:db8:1:2:aaaa::1"),
                        "2001:db8:1:2::/64");
    assert_string_equal(throttle_address(&c->ctx, "2001:db8:1:2:bbbb::9"),
                        "2001:db8:1:2::/64");
    assert_string_equal(throttle_address(&c->ctx, "::ffff:192.0.2.1"),
                        "192.0.2.1");
}

static void S4_each_sign_in_gets_a_new_token_of_256_bits(void **state)
{
    struct company *c = *state;
    char first[TOKEN_TEXT_MAX];
    int64_t stored = 0;

    assert_int_equal(sign_in(c, "lin", TEST_PASSWORD), 0);
    memcpy(first, token, sizeof first);
    assert_int_equal(strlen(first), 43);
    assert_int_equal(sign_in(c, "lin", TEST_PASSWORD), 0);
    assert_string_not_equal(first, token);
    /* The store does not know it. */
    assert_int_equal(db_int(&stored, &c->ctx,
                            "SELECT count(*) FROM org_session WHERE "
                            "hash = ?1 OR hash = ?2",
                            "ss", first, token),
                     0);
    assert_true(stored == 0);
}

static void S5_idle_and_absolute_limits_end_a_session(void **state)
{
    struct company *c = *state;
    int64_t now = (int64_t)NOON * 1000, hour = 3600 * 1000;
    int i;

    assert_int_equal(sign_in(c, "lin", TEST_PASSWORD), 0);
    clock_set(now + 7 * hour);
    assert_true(alive(c, token));
    clock_set(now + 14 * hour);
    assert_true(alive(c, token));
    clock_set(now + 23 * hour);
    assert_false(alive(c, token));

    assert_int_equal(sign_in(c, "lin", TEST_PASSWORD), 0);
    for (i = 1; i < 24; i++) {
        clock_set(now + 23 * hour + i * 7 * hour);
        assert_true(alive(c, token));
    }
    clock_set(now + 23 * hour + 169 * hour);
    assert_false(alive(c, token));
}

static void S5_sign_out_ends_it_on_the_server(void **state)
{
    struct company *c = *state;
    const struct session *session;

    assert_int_equal(sign_in(c, "lin", TEST_PASSWORD), 0);
    assert_int_equal(session_find(&session, &c->ctx, token), 0);
    as(c, c->lin);
    assert_int_equal(
        session_end(&c->ctx, arena_strdup(c->ctx.arena, session->hash)), 0);
    assert_false(alive(c, token));
}

static void S5_changing_the_password_ends_the_other_sessions(void **state)
{
    struct company *c = *state;
    const struct session *session;
    char other[TOKEN_TEXT_MAX], mine[TOKEN_TEXT_MAX], next[TOKEN_TEXT_MAX];
    const char *hash;

    assert_int_equal(sign_in(c, "lin", TEST_PASSWORD), 0);
    memcpy(other, token, sizeof other);
    assert_int_equal(sign_in(c, "lin", TEST_PASSWORD), 0);
    memcpy(mine, token, sizeof mine);
    assert_int_equal(session_find(&session, &c->ctx, mine), 0);
    hash = arena_strdup(c->ctx.arena, session->hash);
    as(c, c->lin);
    assert_refused(&c->ctx,
                   session_change_password(&c->ctx, hash, "wrong wrong",
                                           "another long one"),
                   E_INVALID, "org.password.wrong");
    assert_int_equal(session_change_password(&c->ctx, hash, TEST_PASSWORD,
                                             "another long one"),
                     0);
    assert_int_equal(session_rotate(next, &c->ctx, hash), 0);
    assert_false(alive(c, other));
    assert_false(alive(c, mine));
    assert_true(alive(c, next));
    assert_int_equal(sign_in(c, "lin", "another long one"), 0);
}

static void S5_sessions_are_listed_and_ended_by_their_owner_only(void **state)
{
    struct company *c = *state;
    struct value *list;
    const char *handle;

    assert_int_equal(sign_in(c, "lin", TEST_PASSWORD), 0);
    as(c, c->lin);
    assert_int_equal(session_list(&list, &c->ctx, NULL), 0);
    assert_int_equal(value_count(list), 1);
    handle = value_get_text(value_at(list, 0), "handle");
    as(c, c->zhang);
    assert_refused(&c->ctx, session_end_handle(&c->ctx, handle), E_NOT_FOUND,
                   "org.session.absent");
    as(c, c->lin);
    assert_int_equal(session_end_handle(&c->ctx, handle), 0);
    assert_false(alive(c, token));
}

static void S7_a_link_works_once_and_for_its_purpose_only(void **state)
{
    struct company *c = *state;
    char link[TOKEN_TEXT_MAX];
    int64_t user;

    assert_int_equal(link_make(link, &c->ctx, "reset", c->lin, 60), 0);
    assert_refused(&c->ctx, link_use(&user, &c->ctx, "invite", link),
                   E_NOT_FOUND, "org.link.dead");
    assert_int_equal(link_peek(&user, &c->ctx, "reset", link), 0);
    assert_true(user == c->lin);
    assert_int_equal(link_use(&user, &c->ctx, "reset", link), 0);
    assert_refused(&c->ctx, link_use(&user, &c->ctx, "reset", link),
                   E_NOT_FOUND, "org.link.dead");
}

static void S7_a_link_gets_old_and_an_older_one_dies(void **state)
{
    struct company *c = *state;
    char first[TOKEN_TEXT_MAX], second[TOKEN_TEXT_MAX];
    int64_t user;

    assert_int_equal(link_make(first, &c->ctx, "reset", c->lin, 60), 0);
    assert_int_equal(link_make(second, &c->ctx, "reset", c->lin, 60), 0);
    assert_refused(&c->ctx, link_use(&user, &c->ctx, "reset", first),
                   E_NOT_FOUND, "org.link.dead");
    clock_set((int64_t)NOON * 1000 + 61 * 60 * 1000);
    assert_refused(&c->ctx, link_use(&user, &c->ctx, "reset", second),
                   E_NOT_FOUND, "org.link.dead");
}

static void S11_confirming_makes_a_session_recent_again(void **state)
{
    struct company *c = *state;
    const struct session *session;
    const char *hash;

    assert_int_equal(sign_in(c, "lin", TEST_PASSWORD), 0);
    clock_set((int64_t)NOON * 1000 + 16 * 60 * 1000);
    assert_int_equal(session_find(&session, &c->ctx, token), 0);
    assert_false(session_is_recent(session));
    hash = arena_strdup(c->ctx.arena, session->hash);
    as(c, c->lin);
    assert_refused(&c->ctx, session_confirm(&c->ctx, hash, "wrong wrong"),
                   E_INVALID, "org.password.wrong");
    assert_int_equal(session_confirm(&c->ctx, hash, TEST_PASSWORD), 0);
    assert_int_equal(session_find(&session, &c->ctx, token), 0);
    assert_true(session_is_recent(session));
}

static void S37_tokens_never_repeat_and_secrets_compare_whole(void **state)
{
    static char tokens[2000][TOKEN_TEXT_MAX];
    size_t i, j;

    (void)state;
    for (i = 0; i < 2000; i++) {
        token_make(tokens[i]);
        for (j = 0; j < i; j++)
            assert_string_not_equal(tokens[i], tokens[j]);
    }
    assert_true(secret_equal("abcdefgh", "abcdefgh", 8));
    assert_false(secret_equal("abcdefgh", "abcdefgx", 8));
    assert_false(secret_equal("xbcdefgh", "abcdefgh", 8));
}

static void S62_disabling_somebody_ends_the_sessions(void **state)
{
    struct company *c = *state;

    assert_int_equal(sign_in(c, "lin", TEST_PASSWORD), 0);
    assert_true(alive(c, token));
    assert_int_equal(user_set_enabled(&c->ctx, c->lin, false), 0);
    assert_false(alive(c, token));
    assert_int_equal(user_set_enabled(&c->ctx, c->lin, true), 0);
    assert_false(alive(c, token));
}

#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, setup, company_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(S1_weak_passwords_are_refused),
        TEST(S1_a_password_is_not_cut_and_is_normalised),
        TEST(S2_unknown_wrong_and_disabled_read_the_same),
        TEST(S2_an_unknown_user_costs_as_much_as_a_known_one),
        TEST(S3_tries_at_one_account_have_to_wait_longer_and_longer),
        TEST(S3_strangers_cannot_lock_somebody_out_for_long),
        TEST(S3_where_somebody_is_signed_in_strangers_do_not_count),
        TEST(S3_one_address_is_throttled_over_all_accounts),
        TEST(S3_IPv6_is_counted_by_64_bits),
        TEST(S4_each_sign_in_gets_a_new_token_of_256_bits),
        TEST(S5_idle_and_absolute_limits_end_a_session),
        TEST(S5_sign_out_ends_it_on_the_server),
        TEST(S5_changing_the_password_ends_the_other_sessions),
        TEST(S5_sessions_are_listed_and_ended_by_their_owner_only),
        TEST(S7_a_link_works_once_and_for_its_purpose_only),
        TEST(S7_a_link_gets_old_and_an_older_one_dies),
        TEST(S11_confirming_makes_a_session_recent_again),
        TEST(S37_tokens_never_repeat_and_secrets_compare_whole),
        TEST(S62_disabling_somebody_ends_the_sessions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
