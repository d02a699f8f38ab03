/*
 * search_build.c - records that are there already go into the index.
 *
 * From the newest on, a batch in a transaction of its own; the cursor says
 * how far it is, so that it goes on where it was cut off. The column "search"
 * is written anew beside it.
 */
#include "base/banned.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/log.h"
#include "base/map.h"
#include "base/str.h"
#include "event/job.h"
#include "form/record_internal.h"
#include "form/search.h"
#include "form/sql.h"
#include "store/db.h"

enum { BATCH = 250, JOB_SECONDS = 60, WORK_MS = 20000 };

struct batch {
    struct record *records[BATCH];
    const char *texts[BATCH]; /* the column "search" as it is */
    size_t count;
};

/* The next ones below the cursor, newest first. */
static int read_batch(struct batch *batch, struct ctx *ctx,
                      const struct form *form, int64_t cursor)
{
    int column = SYSTEM_COLUMNS;
    QUERY_AUTO *query = NULL;
    size_t i;
    int rc = db_query(&query, ctx,
                      /* sql: names from the definition */
                      arena_printf(ctx->arena,
                                   "SELECT %s, t.search FROM \"%s\" t"
                                   " WHERE t.id <= ?1 ORDER BY t.id DESC"
                                   " LIMIT ?2",
                                   form->sql->columns, form->table),
                      "ii", cursor, (int64_t)BATCH);

    for (i = 0; i < form->field_count; i++)
        column += form->fields[i]->column != NULL;
    batch->count = 0;
    while (!rc && (rc = query_next(query)) == 1) {
        batch->records[batch->count] = record_from_row(ctx, form, query);
        batch->texts[batch->count++] = query_copy(query, column);
        rc = 0;
    }
    return rc;
}

static int write_text(struct ctx *ctx, const struct record *record,
                      const char *text)
{
    return db_exec(ctx,
                   /* sql: names from the definition */
                   arena_printf(ctx->arena,
                                "UPDATE \"%s\" SET search = ?2 WHERE id = ?1",
                                record->form->table),
                   "is", record->id, text);
}

/* In the order of their ids: FTS5 then writes the batch as one piece. */
static int write_batch(struct ctx *ctx, const struct batch *batch)
{
    size_t i;
    int rc = 0;

    for (i = batch->count; !rc && i > 0; i--) {
        struct record *record = batch->records[i - 1];
        const char *text = record_search_text(ctx, record);

        if (!text_equal(text, batch->texts[i - 1]))
            rc = write_text(ctx, record, text);
        if (!rc && !record->deleted_at)
            rc = search_put(ctx, record, NULL);
    }
    return rc;
}

static int set_cursor(struct ctx *ctx, const struct form *form, int64_t cursor)
{
    return db_exec(ctx,
                   "UPDATE search_form SET cursor = ?2,"
                   " stale = CASE WHEN ?2 = 0 THEN 0 ELSE stale END"
                   " WHERE form = ?1",
                   "ii", form->id, cursor);
}

static int build_batch(struct ctx *ctx, const struct form *form, bool *more)
{
    struct batch *batch = arena_alloc(ctx->arena, sizeof *batch);
    struct search_state state;
    int rc = search_state(&state, ctx, form);

    *more = false;
    if (rc || !state.cursor)
        return rc;
    rc = read_batch(batch, ctx, form, state.cursor);
    /* The cursor first: search_put() asks whether a record is above it. */
    if (!rc && batch->count)
        rc = set_cursor(ctx, form, batch->records[batch->count - 1]->id - 1);
    if (!rc)
        rc = write_batch(ctx, batch);
    *more = batch->count == BATCH;
    if (!rc && !*more)
        rc = set_cursor(ctx, form, 0);
    return rc;
}

static int build_form(struct ctx *ctx, const struct form *form, bool *more)
{
    int64_t end = clock_monotonic() + WORK_MS;
    struct arena *arena = arena_new(0);
    int rc = 0;

    *more = true;
    while (!rc && *more && clock_monotonic() < end) {
        struct ctx own = *ctx;

        arena_reset(arena);
        own.arena = arena;
        rc = tx_begin(&own, "search.build");
        if (!rc)
            rc = tx_end(&own, build_batch(&own, form, more));
    }
    arena_free(arena);
    return rc ? fail(ctx, rc, "form.search_build",
                     "the index of %s could not be built", form->name)
              : 0;
}

static int build_job(struct ctx *ctx, const struct job *job)
{
    const char *name = value_get_text(job->data, "form");
    const struct form *form;
    bool more;
    int rc = form_find(&form, ctx, name);

    if (rc == E_NOT_FOUND) {
        ctx_clear(ctx);
        return 0;
    }
    if (!rc)
        rc = build_form(ctx, form, &more);
    if (rc)
        return rc;
    if (!more) {
        log_ctx(ctx, LOG_INFO, "search.built", "form", name, NULL);
        return 0;
    }
    rc = tx_begin(ctx, "search.go_on");
    return rc ? rc
              : tx_end(ctx, job_add(ctx, SEARCH_JOB, job->data, 0, form->name));
}

static int form_names(struct vector *names, struct ctx *ctx)
{
    QUERY_AUTO *query = NULL;
    int rc = db_query(&query, ctx, "SELECT name FROM form ORDER BY name", "");

    vector_init(names, ctx->arena);
    while (!rc && (rc = query_next(query)) == 1) {
        vector_add(names, (void *)query_copy(query, 0));
        rc = 0;
    }
    return rc;
}

int search_follow_all(struct ctx *ctx)
{
    struct vector names;
    size_t i;
    int rc = tx_begin(ctx, "search.follow");

    if (rc)
        return rc;
    rc = form_names(&names, ctx);
    for (i = 0; !rc && i < names.count; i++) {
        const struct form *form;

        /* One that can't be read is told of where it is loaded. */
        if (form_find(&form, ctx, names.items[i]))
            ctx_clear(ctx);
        else
            rc = search_follow(ctx, form);
    }
    return tx_end(ctx, rc);
}

int search_forget(struct ctx *ctx)
{
    return db_exec(ctx, "UPDATE search_form SET cursor = ?1", "i", INT64_MAX);
}

void search_start(void)
{
    static const struct job_kind kind = {
        .kind = SEARCH_JOB,
        .call = build_job,
        .seconds = JOB_SECONDS,
        .priority = 7,
        .stays = true,
    };

    job_register(&kind);
}
