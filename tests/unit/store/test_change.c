/*
 * test_change.c - how one process learns what another has changed.
 */
#include "base/banned.h"

#include "store/store_site.h"

#include "base/site.h"
#include "store/driver.h"

/* ---- a site whose store is the one that is tested ---- */

static char schema[32];

static void join(struct ctx *ctx, const char *folder, int flags)
{
    static struct site site;

    ctx_init(ctx, arena_new(0));
    site.folder = folder;
    site.settings.soft_ms = 10000;
    site.settings.durability = "full";
    site.settings.store.driver = schema[0] ? "postgresql" : "sqlite";
    site.settings.store.url = schema[0] ? schema_url(ctx, schema) : NULL;
    ctx->site = &site;
    assert_int_equal(db_open(ctx, folder, flags), 0);
}

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);

    make_folder(fixture->folder, NULL);
    if (getenv("TENON_TEST_STORE")) {
        snprintf(schema, sizeof schema, "change_%d", (int)getpid());
        order_schema("CREATE", schema, "");
    }
    join(&fixture->ctx, fixture->folder, DB_CREATE);
    *state = fixture;
    return 0;
}

static int leave(void **state)
{
    teardown(state);
    if (schema[0])
        order_schema("DROP", schema, " CASCADE");
    return 0;
}

/* ---- epochs ---- */

static int64_t read_again(struct ctx *ctx)
{
    assert_int_equal(epoch_read(ctx), 0);
    return epoch_of(ctx, "org");
}

/* told: and so is the counter of the lock page. */
static void raise_one(struct ctx *ctx, bool told)
{
    assert_int_equal(tx_begin(ctx, "test"), 0);
    assert_int_equal(epoch_raise(ctx, "org"), 0);
    if (!told)
        ctx->db->raised_count = 0;
    assert_int_equal(tx_commit(ctx), 0);
}

static void an_epoch_is_seen_after_its_commit(void **state)
{
    struct fixture *fixture = *state;
    struct ctx *ctx = &fixture->ctx, other;

    join(&other, fixture->folder, DB_WORKER);
    assert_int_equal(read_again(&other), 0);
    assert_int_equal(tx_begin(ctx, "test"), 0);
    assert_int_equal(epoch_raise(ctx, "org"), 0);
    assert_int_equal(epoch_raise(ctx, "org"), 0);
    assert_int_equal(read_again(&other), 0);
    assert_int_equal(tx_commit(ctx), 0);
    assert_int_equal(read_again(&other), 2);
    disconnect(&other);
}

/* The keeper has said that no other host is there. */
static void an_epoch_is_seen_at_once_where_there_is_one_host(void **state)
{
    struct fixture *fixture = *state;
    struct ctx *ctx = &fixture->ctx, other;
    struct lock_page *page = ctx->db->lock.page;
    int i;

    atomic_store(&page->alone_at, clock_monotonic());
    join(&other, fixture->folder, DB_WORKER);
    assert_int_equal(read_again(&other), 0);
    for (i = 1; i <= 20; i++) {
        raise_one(ctx, true);
        assert_int_equal(read_again(&other), i);
        assert_int_equal(read_again(&other), i);
        assert_int_equal(read_again(ctx), i);
    }
    raise_one(&other, true);
    assert_int_equal(read_again(&other), 21);
    disconnect(&other);
}

/* A process that died between its commit and its word of it, or a host that
 * came just now: nobody has raised the counter. */
static void an_epoch_nobody_tells_of_is_seen_soon(void **state)
{
    struct fixture *fixture = *state;
    struct ctx *ctx = &fixture->ctx, other;
    struct lock_page *page = ctx->db->lock.page;
    int64_t end = clock_monotonic() + 2500;
    int i;

    atomic_store(&page->alone_at, clock_monotonic());
    join(&other, fixture->folder, DB_WORKER);
    assert_int_equal(read_again(&other), 0);
    raise_one(ctx, false);
    while (read_again(&other) == 0 && clock_monotonic() < end)
        usleep(10000);
    assert_int_equal(read_again(&other), 1);
    /* With other hosts there, at the next look. */
    atomic_store(&page->alone_at, 0);
    for (i = 2; i < 5; i++) {
        raise_one(ctx, false);
        assert_int_equal(read_again(&other), i);
    }
    disconnect(&other);
}

int main(void)
{
#define CHANGE(name) cmocka_unit_test_setup_teardown(name, setup, leave)
    const struct CMUnitTest tests[] = {
        CHANGE(an_epoch_is_seen_after_its_commit),
        CHANGE(an_epoch_is_seen_at_once_where_there_is_one_host),
        CHANGE(an_epoch_nobody_tells_of_is_seen_soon),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
