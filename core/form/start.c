/*
 * start.c - what the room registers while a worker starts: jobs and outbox
 * subscribers.
 */
#include "base/banned.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "event/hook.h"
#include "event/job.h"
#include "event/outbox.h"
#include "event/progress.h"
#include "form/attachment.h"
#include "form/bulk.h"
#include "form/export.h"
#include "form/form.h"
#include "form/health_internal.h"
#include "form/import_job.h"
#include "form/preview.h"
#include "form/record_internal.h"
#include "form/search.h"
#include "form/view.h"
#include "store/blob.h"
#include "store/db.h"

/* Before a module's id: who is told of its hooks' changes. */
#define HEARERS "form.hooks"

enum { DAY_SECONDS = 24 * 3600, BIN_DAYS = 30, PURGE_BATCH = 200 };

/* Ends the life of one record in the bin: its rows, comments, files. The
 * trail stays. */
static int purge_record(struct ctx *ctx, const struct form *form, int64_t id)
{
    int rc =
        db_exec(ctx, "DELETE FROM record_comment WHERE record = ?1", "i", id);

    if (!rc)
        rc = db_exec(ctx, "DELETE FROM attachment WHERE record = ?1", "i", id);
    if (!rc)
        rc = db_exec(ctx, "DELETE FROM access_reader WHERE record = ?1", "i",
                     id);
    if (!rc)
        rc = db_exec(ctx,
                     /* sql: names from the definition */
                     arena_printf(ctx->arena,
                                  "DELETE FROM \"%s\" WHERE id = ?1"
                                  " AND deleted_at > 0",
                                  form->table),
                     "i", id);
    return rc;
}

/* Ids of records whose time in the bin is over; at most PURGE_BATCH. */
static int find_over(int64_t *ids, size_t *count, struct ctx *ctx,
                     const struct form *form, int64_t before)
{
    QUERY_AUTO *query = NULL;
    int rc = db_query(&query, ctx,
                      /* sql: names from the definition */
                      arena_printf(ctx->arena,
                                   "SELECT id FROM \"%s\" WHERE"
                                   " deleted_at > 0 AND deleted_at < ?1"
                                   " LIMIT ?2",
                                   form->table),
                      "ii", before, (int64_t)PURGE_BATCH);

    *count = 0;
    while (!rc && (rc = query_next(query)) == 1) {
        ids[(*count)++] = query_int(query, 0);
        rc = 0;
    }
    return rc;
}

/* One batch in a transaction of its own; *more says whether to go on. */
static int purge_batch(struct ctx *ctx, const struct form *form, int64_t before,
                       bool *more)
{
    int64_t ids[PURGE_BATCH];
    size_t count, i;
    int rc = find_over(ids, &count, ctx, form, before);

    *more = count == PURGE_BATCH;
    if (rc || !count)
        return rc;
    rc = tx_begin(ctx, "record.purge");
    if (rc)
        return rc;
    for (i = 0; !rc && i < count; i++)
        rc = purge_record(ctx, form, ids[i]);
    return tx_end(ctx, rc);
}

static int purge_job(struct ctx *ctx, const struct job *job)
{
    int64_t before = clock_now() - (int64_t)BIN_DAYS * DAY_SECONDS * 1000;
    const struct form **forms;
    size_t count, i;
    int rc = form_list(&forms, &count, ctx);

    (void)job;
    for (i = 0; !rc && i < count; i++) {
        bool more = true;

        while (!rc && more)
            rc = purge_batch(ctx, forms[i], before, &more);
    }
    if (!rc)
        rc = view_purge(ctx, before);
    return rc ? rc : bulk_purge(ctx, before);
}

int blob_is_used(struct ctx *ctx, const char *hash)
{
    int64_t found = 0;
    int rc = db_int(&found, ctx,
                    "SELECT 1 FROM attachment WHERE hash = ?1 UNION"
                    " SELECT 1 FROM attachment_page WHERE hash = ?1 LIMIT 1",
                    "s", hash);

    if (rc == E_NOT_FOUND)
        rc = job_file_used(ctx, hash);
    else
        return rc ? rc : 1;
    return rc ? rc : import_file_used(ctx, hash);
}

/* Uploads that no record took within a day, and blobs without a row. */
static int collect_job(struct ctx *ctx, const struct job *job)
{
    bool more;
    int rc = job_progress_purge(ctx);

    (void)job;
    if (!rc)
        rc = import_purge(ctx);
    if (!rc)
        rc = tx_begin(ctx, "attachment.collect");
    if (rc)
        return rc;
    rc = tx_end(ctx, db_exec(ctx,
                             "DELETE FROM attachment WHERE record = 0"
                             " AND created_at < ?1",
                             "i", clock_now() - (int64_t)DAY_SECONDS * 1000));
    if (rc || !ctx->site)
        return rc; /* a store in memory has no folder with files */
    rc = blob_collect_turn(&more, ctx, blob_is_used);
    if (!rc && more)
        job_continue();
    return rc;
}

/* ---- hooks after the commit, in the jobs lane ---- */

/* The payload is the module; NULL: all of them. */
static int run_committed(struct ctx *ctx, const char *key, const char *topic,
                         int64_t subject, const struct value *data,
                         void *payload)
{
    const char *name = value_get_text(data, "form");
    const struct form *form;
    struct record *record;
    int rc;

    (void)key;
    (void)topic;
    if (!name)
        return 0;
    rc = form_find(&form, ctx, name);
    if (!rc)
        rc = record_get_unchecked(&record, ctx, form, subject);
    if (rc == E_NOT_FOUND) {
        ctx_clear(ctx); /* the form or the record is gone meanwhile */
        return 0;
    }
    return rc ? rc : hook_run_of(ctx, payload, HOOK_COMMITTED, name, record);
}

static bool wants_committed(const struct value *data, void *payload)
{
    const char *form = value_get_text(data, "form");

    return form && hook_of(payload, HOOK_COMMITTED, form);
}

static bool wants_nothing(const struct value *data, void *payload)
{
    (void)data;
    (void)payload;
    return false;
}

static const char *hearer_name(struct ctx *ctx, const char *module)
{
    return arena_printf(ctx->arena, HEARERS "/%s", module);
}

void form_hears(struct ctx *ctx, const char *module, bool here)
{
    outbox_subscribe(
        &(struct outbox_subscriber){ .topic = RECORD_SAVED,
                                     .name = hearer_name(ctx, module),
                                     .call = here ? run_committed : NULL,
                                     .wants = wants_committed,
                                     .payload = (void *)module });
}

int form_held(int64_t *count, struct ctx *ctx, const char *module)
{
    return outbox_held(count, ctx, hearer_name(ctx, module));
}

int form_forget_hearer(struct ctx *ctx, const char *module)
{
    return outbox_forget(ctx, hearer_name(ctx, module));
}

void attachment_start(void)
{
    static const struct job_kind preview = {
        .kind = PREVIEW_JOB,
        .call = preview_job,
        .seconds = 60,
        .attempts = 3,
    };
    static const struct job_kind collect = {
        .kind = "form.collect_files",
        .call = collect_job,
        .seconds = 120,
        .priority = JOB_LAST,
    };

    job_register(&preview);
    job_register(&collect);
}

/* The first round of a jobs worker sees to the schedules. */
static int schedule_tick(struct ctx *ctx, int64_t *next_due)
{
    static const struct db *done;
    int rc;

    (void)next_due;
    if (done == ctx->db)
        return 0;
    rc = form_schedule(ctx);
    if (!rc)
        rc = search_follow_all(ctx);
    if (!rc)
        done = ctx->db;
    return rc;
}

void form_start(void)
{
    static const struct job_kind purge = {
        .kind = "form.purge_bin",
        .call = purge_job,
        .seconds = 120,
        .priority = JOB_LAST,
    };

    job_register(&purge);
    attachment_start();
    search_start();
    import_job_start();
    export_job_start();
    bulk_job_start();
    job_tick_register("form.schedule", schedule_tick);
    /* Deliveries of versions before 0006_held told all modules at once. */
    outbox_subscribe(&(struct outbox_subscriber){ .topic = RECORD_SAVED,
                                                  .name = HEARERS,
                                                  .call = run_committed,
                                                  .wants = wants_nothing });
}

int form_schedule(struct ctx *ctx)
{
    int rc = job_schedule(ctx, "form.purge_bin", 3600);

    return rc ? rc : job_schedule(ctx, "form.collect_files", DAY_SECONDS);
}
