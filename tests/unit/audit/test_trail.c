/*
 * test_trail.c - the audit trail: append-only, sealed, verified (S39).
 */
#include "base/banned.h"

#include "store/store_site.h"

#include "audit/audit.h"
#include "base/crypto.h"
#include "base/value.h"
#include "event/job.h"
#include "store/dialect.h"

extern const struct migration event_migrations[], audit_migrations[];

static int set_up(void **state)
{
    struct fixture *fixture;

    setup_memory(state);
    fixture = *state;
    if (migrate(&fixture->ctx, event_migrations))
        return -1;
    return migrate(&fixture->ctx, audit_migrations);
}

static void add(struct ctx *ctx, int64_t id, const char *action)
{
    struct value *changes = value_map(ctx->arena);

    value_set_text(changes, "name", action);
    assert_int_equal(tx_begin(ctx, "test"), 0);
    assert_int_equal(audit_add(ctx, "user", id, action, changes), 0);
    assert_int_equal(tx_commit(ctx), 0);
}

/* Ten entries, two seals. */
static void fill(struct ctx *ctx)
{
    int i;

    for (i = 0; i < 6; i++)
        add(ctx, i % 2, "update");
    assert_int_equal(audit_seal(ctx), 6);
    for (i = 0; i < 4; i++)
        add(ctx, i % 2, "update");
    assert_int_equal(audit_seal(ctx), 4);
}

/* What somebody with the database file in hands would do: triggers gone. */
static void tamper(struct ctx *ctx, const char *sql)
{
    static const char *const triggers[][2] = {
        { "audit_entry_stays", "audit_entry" },
        { "audit_entry_is_sealed_once", "audit_entry" },
        { "audit_entry_is_not_changed", "audit_entry" },
        { "audit_entry_is_only_erased", "audit_entry" },
        { "audit_seal_stays", "audit_seal" },
        { "audit_seal_is_not_changed", "audit_seal" },
    };
    bool names_table = db_dialect(ctx) == DB_POSTGRESQL;
    size_t i;

    assert_int_equal(tx_begin(ctx, "test"), 0);
    for (i = 0; i < sizeof triggers / sizeof *triggers; i++)
        assert_int_equal(
            db_exec(ctx,
                    arena_printf(ctx->arena, "DROP TRIGGER IF EXISTS %s%s%s",
                                 triggers[i][0], names_table ? " ON " : "",
                                 names_table ? triggers[i][1] : ""),
                    ""),
            0);
    assert_int_equal(db_exec(ctx, sql, ""), 0);
    assert_true(db_changes(ctx) > 0);
    assert_int_equal(tx_commit(ctx), 0);
}

static void a_whole_trail_verifies(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    int64_t checked;

    fill(ctx);
    add(ctx, 1, "unsealed");
    assert_int_equal(audit_verify(ctx, &checked), 0);
    assert_int_equal(checked, 11);
    assert_int_equal(audit_seal(ctx), 1);
    assert_int_equal(audit_seal(ctx), 0);
}

static void S39_statements_cannot_change_the_trail(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    static const char *const statements[] = {
        "DELETE FROM audit_entry",
        "DELETE FROM audit_seal",
        "UPDATE audit_seal SET entries = 1",
        "UPDATE audit_entry SET action = 'read'",
        "UPDATE audit_entry SET changes = '{}'",
        "UPDATE audit_entry SET actor = 1",
        "UPDATE audit_entry SET at = 1",
        "UPDATE audit_entry SET seal = NULL",
        "UPDATE audit_entry SET seal = 9",
        "UPDATE audit_entry SET hash = x'00ff'",
    };
    int64_t checked;
    size_t i;

    fill(ctx);
    for (i = 0; i < sizeof statements / sizeof *statements; i++) {
        assert_int_equal(tx_begin(ctx, "test"), 0);
        assert_true(db_exec(ctx, statements[i], "") < 0);
        ctx_clear(ctx);
        tx_rollback(ctx);
    }
    assert_int_equal(audit_verify(ctx, &checked), 0);
    assert_int_equal(checked, 10);
}

static void S39_any_edit_or_removal_shows(void **state)
{
    static const char *const attacks[] = {
        "UPDATE audit_entry SET changes = '{\"name\":\"nothing\"}' "
        "WHERE id = (SELECT id FROM audit_entry LIMIT 1 OFFSET 3)",
        "UPDATE audit_entry SET actor = 42 "
        "WHERE id = (SELECT id FROM audit_entry LIMIT 1 OFFSET 3)",
        "UPDATE audit_entry SET at = at - 1 "
        "WHERE id = (SELECT max(id) FROM audit_entry)",
        "UPDATE audit_entry SET subject_id = 5 WHERE seal = 1",
        "UPDATE audit_entry SET hash = x'00ff' WHERE seal = 1",
        "DELETE FROM audit_entry "
        "WHERE id = (SELECT id FROM audit_entry LIMIT 1 OFFSET 3)",
        "DELETE FROM audit_entry "
        "WHERE id = (SELECT max(id) FROM audit_entry)",
        "DELETE FROM audit_entry WHERE seal = 1",
        "UPDATE audit_entry SET seal = NULL WHERE seal = 2",
        "UPDATE audit_entry SET seal = 7 WHERE seal = 2",
        "DELETE FROM audit_seal WHERE number = 1",
        "DELETE FROM audit_seal WHERE number = 2",
        "UPDATE audit_seal SET entries = entries - 1",
        "UPDATE audit_seal SET at = at + 1",
        "INSERT INTO audit_entry (id, at, subject, subject_id, action, salt, "
        "hash, seal) SELECT id + 100000, at, subject, subject_id, action, "
        "salt, "
        "hash, seal FROM audit_entry LIMIT 1 OFFSET 2",
        "UPDATE audit_entry SET salt = NULL, changes = NULL, erased = id "
        "WHERE id = (SELECT id FROM audit_entry LIMIT 1 OFFSET 3)",
    };
    size_t i;

    teardown(state);
    for (i = 0; i < sizeof attacks / sizeof *attacks; i++) {
        struct ctx *ctx;
        int64_t checked;

        set_up(state);
        ctx = &((struct fixture *)*state)->ctx;
        fill(ctx);
        tamper(ctx, attacks[i]);
        print_message("%s\n", attacks[i]);
        assert_int_equal(audit_verify(ctx, &checked), E_INVALID);
        assert_string_equal(problem_key(ctx), "audit.broken");
        teardown(state);
    }
    set_up(state);
}

static void erasing_removes_the_content_and_the_trail_still_verifies(
    void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    int64_t checked, left;
    struct value *list;

    fill(ctx);
    assert_int_equal(audit_erase(ctx, "user", 1), 0);
    assert_int_equal(audit_verify(ctx, &checked), 0);
    assert_int_equal(checked, 11);
    assert_int_equal(audit_seal(ctx), 1);
    assert_int_equal(audit_verify(ctx, &checked), 0);
    assert_int_equal(db_int(&left, ctx,
                            "SELECT count(*) FROM audit_entry WHERE "
                            "subject_id = 1 AND changes IS NOT NULL",
                            ""),
                     0);
    assert_int_equal(left, 0);
    assert_int_equal(audit_read(&list, ctx, "user", 1, 100), 0);
    assert_int_equal(value_count(list), 6);
    assert_string_equal(value_get_text(value_at(list, 0), "action"), "erase");
    assert_true(value_get_bool(value_at(list, 1), "erased"));
}

static void an_entry_reads_as_it_was_written(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    struct value *list;

    ctx->module = "hello";
    add(ctx, 9, "create");
    ctx->module = NULL;
    add(ctx, 9, "update");
    assert_int_equal(audit_read(&list, ctx, "user", 9, 10), 0);
    assert_int_equal(value_count(list), 2);
    assert_string_equal(value_get_text(value_at(list, 0), "action"), "update");
    assert_string_equal(value_get_text(value_at(list, 1), "module"), "hello");
    assert_string_equal(
        value_get_text(value_get(value_at(list, 1), "changes"), "name"),
        "create");
}

static void the_jobs_lane_seals_by_itself(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    int64_t due, unsealed;

    audit_start();
    add(ctx, 1, "create");
    assert_int_equal(job_run_due(ctx, 10, &due), 0);
    assert_int_equal(db_int(&unsealed, ctx,
                            "SELECT count(*) FROM audit_entry "
                            "WHERE seal IS NULL",
                            ""),
                     0);
    assert_int_equal(unsealed, 0);
    add(ctx, 1, "update");
    assert_int_equal(job_run_due(ctx, 10, &due), 0);
    assert_in_range(due - clock_now(), 1, 1000);
}

int main(void)
{
#define audit_test(name) cmocka_unit_test_setup_teardown(name, set_up, teardown)
    const struct CMUnitTest tests[] = {
        audit_test(a_whole_trail_verifies),
        audit_test(S39_statements_cannot_change_the_trail),
        audit_test(S39_any_edit_or_removal_shows),
        audit_test(erasing_removes_the_content_and_the_trail_still_verifies),
        audit_test(an_entry_reads_as_it_was_written),
        audit_test(the_jobs_lane_seals_by_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
