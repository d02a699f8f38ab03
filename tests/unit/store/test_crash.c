/*
 * test_crash.c - writers are killed at random moments: what was acknowledged
 * is there, nothing is there half (F01 at the store's level; the whole
 * service is killed in tests/faults).
 *
 * Each child writes pairs of rows and, after the commit, one byte-exact line
 * into a log outside of the site. 25 rounds; 300 with TENON_LONG=1.
 */
#include "base/banned.h"

#include "store/store_site.h"

#include <fcntl.h>

#include "base/site.h"
#include "base/str.h"
#include "store/backup_parts.h"
#include "store/keeper.h"

enum { WRITERS = 3 };

static char log_path[PATH_MAX];

static int write_and_tell(const char *folder, int64_t first)
{
    int log = open(log_path, O_WRONLY | O_APPEND | O_CREAT, 0600);
    struct ctx ctx;
    int64_t i;

    connect_to(&ctx, folder, DB_WORKER);
    for (i = first;; i++) {
        char line[32];
        int length, rc = tx_begin(&ctx, "writer");

        if (!rc)
            rc = db_exec(&ctx, "INSERT INTO thing (id, number) VALUES (?1, ?1)",
                         "i", i);
        if (!rc)
            rc = db_exec(&ctx, "INSERT INTO part (id, thing) VALUES (?1, ?1)",
                         "i", i);
        if (rc || tx_commit(&ctx))
            return 1;
        length = snprintf(line, sizeof line, "%lld\n", (long long)i);
        if (write(log, line, (size_t)length) != length)
            return 1;
    }
}

static bool never_ready(struct ctx *ctx, void *payload)
{
    (void)ctx;
    (void)payload;
    return true;
}

static int keep(const char *folder, int64_t unused)
{
    struct site site = { .folder = folder };
    struct keeper_link link = { .fd = -1, .ready = never_ready };
    struct ctx ctx;

    (void)unused;
    ctx_init(&ctx, arena_new(0));
    ctx.site = &site;
    return keeper_run(&ctx, &link) ? 1 : 0;
}

static int64_t check_log(struct ctx *ctx)
{
    FILE *log = fopen(log_path, "r");
    int64_t count = 0, there;
    char line[64];

    assert_non_null(log);
    while (fgets(line, sizeof line, log)) {
        int64_t id;

        if (!strchr(line, '\n'))
            break;
        line[strcspn(line, "\n")] = '\0';
        assert_int_equal(int_parse(&id, line, 0, INT64_MAX), 0);
        assert_int_equal(db_int(&there, ctx,
                                "SELECT 1 FROM thing JOIN part "
                                "ON part.thing = thing.id WHERE thing.id = ?1",
                                "i", id),
                         0);
        arena_reset(ctx->arena);
        count++;
    }
    fclose(log);
    return count;
}

static void F01_a_kill_loses_nothing_that_was_acknowledged(void **state)
{
    int rounds = getenv("TENON_LONG") ? 300 : 25, round, i;
    char folder[PATH_MAX];
    int64_t half, acknowledged = 0;
    struct ctx ctx;
    const char *said;

    (void)state;
    make_folder(folder, NULL);
    snprintf(log_path, sizeof log_path, "%.*s.log", PATH_MAX - 8, folder);
    connect_to(&ctx, folder, DB_CREATE);
    assert_int_equal(migrate(&ctx, thing_migrations), 0);
    disconnect(&ctx);

    for (round = 0; round < rounds; round++) {
        pid_t pids[WRITERS + 1];
        int64_t next;

        /* A child may be killed before it has opened it. */
        i = open(log_path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        assert_true(i >= 0);
        close(i);
        for (i = 0; i < WRITERS; i++)
            pids[i] = start_process(write_and_tell, folder,
                                    (round * WRITERS + i + 1) * 1000000LL);
        pids[WRITERS] = start_process(keep, folder, 0);
        sleep_ms(20 + (round * 37) % 150);
        for (i = 0; i <= WRITERS; i++) {
            kill(pids[(i + round) % (WRITERS + 1)], SIGKILL);
            sleep_ms(round % 3);
        }
        for (i = 0; i <= WRITERS; i++)
            wait_process(pids[i]);

        connect_to(&ctx, folder, DB_WORKER);
        next = check_log(&ctx);
        acknowledged += next;
        assert_int_equal(db_int(&half, &ctx,
                                "SELECT count(*) FROM thing WHERE NOT EXISTS "
                                "(SELECT 1 FROM part WHERE thing = thing.id)",
                                ""),
                         0);
        assert_int_equal(half, 0);
        disconnect(&ctx);
    }
    connect_to(&ctx, folder, DB_WORKER);
    assert_int_equal(db_text(&said, &ctx, "SELECT count(*) FROM thing", ""), 0);
    print_message("%d rounds, %lld acknowledged, %s rows\n", rounds,
                  (long long)acknowledged, said);
    assert_true(acknowledged > rounds);
    disconnect(&ctx);
    ctx_init(&ctx, arena_new(0));
    assert_int_equal(backup_check_database(
                         &ctx, arena_printf(ctx.arena, "%s/tenon.db", folder)),
                     0);
    arena_free(ctx.arena);
    remove_tree(folder);
    unlink(log_path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(F01_a_kill_loses_nothing_that_was_acknowledged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
