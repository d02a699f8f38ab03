/*
 * copy.c - a whole site from one store into another (copy.h): the order of
 * the steps, each of which may be cut off and is gone over again.
 */
#include "base/banned.h"

#include "store/copy.h"

#include <assert.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/log.h"
#include "base/str.h"
#include "store/bulk.h"
#include "store/copy_parts.h"
#include "store/migrate.h"

static const struct bulk *bulk_of(struct ctx *ctx)
{
    return ctx->db->driver->bulk;
}

/* The source's problems are told where the caller looks for them. */
static int told(struct copy *copy, int rc)
{
    if (rc < 0)
        copy_tell(copy);
    return rc;
}

/* ---- before ---- */

static int take_both(struct copy *copy)
{
    struct ctx *from = copy->from, *to = copy->to;
    int rc = copy->options->shared ? 0 : bulk_of(from)->alone(from);

    if (!rc)
        rc = bulk_of(from)->settle_in(from, false);
    if (rc)
        return told(copy, rc);
    rc = bulk_of(to)->alone(to);
    return rc ? rc : bulk_of(to)->settle_in(to, true);
}

static int count_rows(int64_t *out, struct ctx *ctx, const char *table)
{
    return db_int(
        out, ctx,
        /* sql: names from the definition */
        arena_printf(ctx->arena, "SELECT count(*) FROM \"%s\"", table), "");
}

static int list_tables(struct copy *copy)
{
    struct ctx *from = copy->from;
    struct vector names;
    int64_t rows;
    size_t i;
    int rc;

    vector_init(&names, from->arena);
    rc = bulk_of(from)->tables(&names, from);
    for (i = 0; !rc && i < names.count; i++) {
        struct copy_table *table = arena_alloc(copy->to->arena, sizeof *table);
        struct bulk_table *described = NULL;

        rc = bulk_of(from)->describe(&described, from, names.items[i]);
        if (!rc)
            rc = count_rows(&rows, from, names.items[i]);
        if (rc)
            break;
        table->from = described;
        table->cleaned = arena_array(copy->to->arena, described->count + 1,
                                     sizeof *table->cleaned);
        table->expected = rows;
        copy->total += 2 * rows;
        vector_add(&copy->tables, table);
    }
    return told(copy, rc);
}

/* ---- the target's tables ---- */

static int make_table(struct copy *copy, const char *name)
{
    struct ctx *to = copy->to;
    struct vector texts;
    size_t i;
    int rc;

    vector_init(&texts, copy->from->arena);
    rc = bulk_of(copy->from)->definition(&texts, copy->from, name);
    if (rc)
        return told(copy, rc);
    rc = tx_begin(to, "copy");
    if (rc)
        return rc;
    for (i = 0; !rc && i < texts.count; i++) {
        const struct migration one = { "copy", 1, name, texts.items[i], NULL };

        rc = to->db->driver->run_text(to->db, to, &one, NULL);
    }
    return tx_end(to, rc);
}

static bool same_columns(const struct bulk_table *a, const struct bulk_table *b)
{
    size_t i;

    if (a->count != b->count)
        return false;
    for (i = 0; i < a->count; i++)
        if (!text_equal(a->columns[i]->name, b->columns[i]->name) ||
            a->columns[i]->kind != b->columns[i]->kind)
            return false;
    return true;
}

static int meet_table(struct copy *copy, struct copy_table *table)
{
    struct ctx *to = copy->to;
    struct bulk_table *there = NULL;
    int rc = bulk_of(to)->describe(&there, to, table->from->name);

    if (!rc && !there) {
        rc = make_table(copy, table->from->name);
        if (!rc)
            rc = bulk_of(to)->describe(&there, to, table->from->name);
    }
    if (rc)
        return rc;
    if (!there || !same_columns(table->from, there))
        return fail(to, E_CONFLICT, "store.copy_changed",
                    "the table %s is not the one that the copy began with; "
                    "empty the target and begin again",
                    table->from->name);
    table->to = there;
    return 0;
}

/* A table that the source has lost since an earlier attempt. */
static int check_extra(struct copy *copy)
{
    struct ctx *to = copy->to;
    struct vector names;
    size_t i, k;
    int rc;

    vector_init(&names, to->arena);
    rc = bulk_of(to)->tables(&names, to);
    for (i = 0; !rc && i < names.count; i++) {
        for (k = 0; k < copy->tables.count; k++) {
            const struct copy_table *table = copy->tables.items[k];

            if (text_equal(table->from->name, names.items[i]))
                break;
        }
        if (k == copy->tables.count)
            rc = fail(to, E_CONFLICT, "store.copy_changed",
                      "the table %s is not the one that the copy began with; "
                      "empty the target and begin again",
                      (const char *)names.items[i]);
    }
    return rc;
}

static int make_schema(struct copy *copy)
{
    size_t i;
    int rc = copy->options->schema(copy->to);

    for (i = 0; !rc && i < copy->tables.count; i++)
        rc = meet_table(copy, copy->tables.items[i]);
    if (!rc)
        rc = check_extra(copy);
    return rc ? rc : copy_state_put_off(copy);
}

/* ---- rows ---- */

static void note_cleaned(struct copy *copy, const struct copy_table *table)
{
    struct copy_report *report = copy->report;
    size_t i;

    for (i = 0; i < table->from->count; i++) {
        struct copy_cleaned *list;

        if (!table->cleaned[i])
            continue;
        list = arena_array(copy->to->arena, report->cleaned_count + 1,
                           sizeof *list);
        if (report->cleaned_count)
            memcpy(list, report->cleaned, report->cleaned_count * sizeof *list);
        list[report->cleaned_count++] = (struct copy_cleaned){
            table->from->name, table->from->columns[i]->name, table->cleaned[i]
        };
        report->cleaned = list;
    }
}

static int copy_tables(struct copy *copy)
{
    size_t i;
    int rc = 0;

    for (i = 0; !rc && i < copy->tables.count; i++) {
        struct copy_table *table = copy->tables.items[i];

        rc = copy_rows(copy, table);
        if (rc)
            break;
        copy->report->tables++;
        copy->report->rows += table->rows;
        note_cleaned(copy, table);
    }
    return rc;
}

static int compare_table(struct copy *copy, const struct copy_table *table)
{
    bool same = false;
    int rc = copy_compare(&same, copy, table);

    if (rc || same)
        return rc;
    read_end(copy->to);
    copy_state_forget(copy->to, table->to->name);
    rc = read_begin(copy->to);
    return rc ? rc
              : fail(copy->to, E_STORE, "store.copy_differs",
                     "the copy of the table %s is not what was copied; run "
                     "the command again",
                     table->to->name);
}

static int compare_tables(struct copy *copy)
{
    size_t i;
    int rc = read_begin(copy->to);

    if (rc)
        return rc;
    for (i = 0; !rc && i < copy->tables.count; i++)
        rc = compare_table(copy, copy->tables.items[i]);
    read_end(copy->to);
    return rc ? rc : bulk_of(copy->to)->check(copy->to);
}

/* ---- after ---- */

static int close_copy(struct copy *copy)
{
    struct ctx *to = copy->to;
    int rc = tx_begin(to, "copy");

    if (rc)
        return rc;
    if (copy->options->last)
        rc = copy->options->last(to);
    if (!rc)
        rc = copy_state_close(to);
    rc = tx_end(to, rc);
    return rc ? rc : bulk_of(to)->finish(to);
}

static int go(struct copy *copy)
{
    int64_t begun = clock_monotonic(), copied;
    int rc = list_tables(copy);

    if (!rc)
        rc = copy_state_open(copy);
    if (!rc)
        rc = make_schema(copy);
    if (!rc)
        rc = copy_tables(copy);
    if (!rc)
        rc = copy_state_make_up(copy->to);
    copied = clock_monotonic();
    if (!rc)
        rc = compare_tables(copy);
    copy->report->copy_ms = copied - begun;
    copy->report->check_ms = clock_monotonic() - copied;
    return rc ? rc : close_copy(copy);
}

int copy_site(struct copy_report *report, struct ctx *to, struct ctx *from,
              const struct copy_options *options)
{
    struct copy copy = {
        .to = to, .from = from, .options = options, .report = report
    };
    int rc;

    assert(options->identity && options->schema);
    *report = (struct copy_report){ 0 };
    vector_init(&copy.tables, to->arena);
    rc = take_both(&copy);
    if (rc)
        return rc;
    rc = read_begin(from);
    if (rc)
        return told(&copy, rc);
    rc = go(&copy);
    read_end(from);
    log_event(rc ? LOG_WARN : LOG_INFO, "store.copied", "rows",
              log_int(report->rows), "tables", log_int(report->tables),
              "copy_ms", log_int(report->copy_ms), "check_ms",
              log_int(report->check_ms), NULL);
    return rc;
}
