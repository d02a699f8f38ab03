/*
 * import_job.c - imports in the store: taking a file, its settings, starting
 * and undoing, what the report shows.
 */
#include "base/banned.h"

#include "form/import_job.h"

#include "access/access.h"
#include "audit/audit.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/json.h"
#include "base/str.h"
#include "base/unicode.h"
#include "event/job.h"
#include "event/progress.h"
#include "form/field_type.h"
#include "form/import_steps.h"
#include "form/record.h"
#include "form/table.h"
#include "org/person.h"
#include "store/blob.h"
#include "store/db.h"

enum { NAME_MAX_CHARS = 120, OPEN_MAX = 20, LIST_MAX = 10 };

#define DAY_MS (INT64_C(24) * 3600 * 1000)

#define JOB_COLUMNS                                                            \
    "id, form, person, name, hash, rows_hash, size, state, apply, settings,"   \
    " problem, position, total, done, created, updated, unchanged, refused,"   \
    " undone, conflicts, job, at, finished"

/* ---- rows of import_job ---- */

static int find_form(const struct form **out, struct ctx *ctx, int64_t id)
{
    const char *name;
    int rc =
        db_text(&name, ctx, "SELECT name FROM form WHERE id = ?1", "i", id);

    if (rc == E_NOT_FOUND)
        return fail(ctx, rc, "import.no_form",
                    "the form of this import is gone");
    return rc ? rc : form_find(out, ctx, name);
}

static struct import_job *from_row(struct ctx *ctx, struct query *query)
{
    struct import_job *job = arena_alloc(ctx->arena, sizeof *job);
    const char *settings = query_text(query, 9);

    job->id = query_int(query, 0);
    job->person = query_int(query, 2);
    job->name = query_copy(query, 3);
    job->hash = query_copy(query, 4);
    job->rows = query_copy(query, 5);
    job->size = query_int(query, 6);
    job->state = job->kept = query_copy(query, 7);
    job->apply = query_int(query, 8) != 0;
    if (json_parse(&job->settings, ctx, settings, strlen(settings)))
        job->settings = value_map(ctx->arena);
    job->problem = query_copy(query, 10);
    job->position = query_int(query, 11);
    job->total = query_int(query, 12);
    job->done = query_int(query, 13);
    job->created = query_int(query, 14);
    job->updated = query_int(query, 15);
    job->unchanged = query_int(query, 16);
    job->refused = query_int(query, 17);
    job->undone = query_int(query, 18);
    job->conflicts = query_int(query, 19);
    job->job = query_int(query, 20);
    job->at = query_int(query, 21);
    job->finished = query_int(query, 22);
    return job;
}

static int absent(struct ctx *ctx)
{
    return fail(ctx, E_NOT_FOUND, "import.no_import",
                "there is no such import, or it was more than a month ago");
}

int import_job_load(struct import_job **out, struct ctx *ctx, int64_t id)
{
    QUERY_AUTO *query = NULL;
    int64_t form;
    int rc = db_query(&query, ctx,
                      "SELECT " JOB_COLUMNS " FROM import_job WHERE id = ?1",
                      "i", id);

    if (!rc)
        rc = query_next(query);
    if (rc <= 0)
        return rc ? rc : absent(ctx);
    *out = from_row(ctx, query);
    form = query_int(query, 1);
    return find_form(&(*out)->form, ctx, form);
}

bool import_runs(const struct import_job *job)
{
    return strcmp(job->state, "checking") == 0 ||
           strcmp(job->state, "importing") == 0 ||
           strcmp(job->state, "undoing") == 0;
}

/* A job that failed for good, or was discarded, leaves its import where it
 * was: that is then over, and what is in can be undone. One that has ended
 * since the import was read has changed it before. */
static int see_to_job(struct import_job **out, struct ctx *ctx)
{
    struct import_job *job = *out;
    int64_t found;
    int rc;

    if (!import_runs(job))
        return 0;
    rc = db_int(&found, ctx,
                "SELECT 1 FROM event_job WHERE id = ?1 AND state < 2", "i",
                job->job);
    if (rc != E_NOT_FOUND)
        return rc;
    rc = import_job_load(out, ctx, job->id);
    if (rc || !import_runs(*out) || (*out)->job != job->job)
        return rc;
    job = *out;
    job->state = strcmp(job->state, "checking") == 0 ? "failed" : "done";
    if (!job->finished)
        job->finished = clock_now();
    return 0;
}

int import_find(struct import_job **out, struct ctx *ctx, int64_t id)
{
    int rc = import_job_load(out, ctx, id);
    const struct value *problems;

    if (!rc && !ctx->system && (*out)->person != ctx->person->id)
        rc = absent(ctx);
    if (!rc)
        rc = see_to_job(out, ctx);
    if (rc || !(*out)->problem)
        return rc;
    problems = import_problems_read(ctx, (*out)->problem);
    (*out)->problem = value_get_text(value_at(problems, 0), "message");
    return 0;
}

int import_job_write(struct ctx *ctx, const struct import_job *job)
{
    return db_exec(ctx,
                   "UPDATE import_job SET state = ?2, apply = ?3,"
                   " settings = ?4, problem = ?5, position = ?6, total = ?7,"
                   " done = ?8, created = ?9, updated = ?10, unchanged = ?11,"
                   " refused = ?12, undone = ?13, conflicts = ?14, job = ?15,"
                   " finished = ?16, rows_hash = ?17 WHERE id = ?1",
                   "isissiiiiiiiiiiis", job->id, job->state,
                   (int64_t)job->apply, json_text(ctx->arena, job->settings),
                   job->problem, job->position, job->total, job->done,
                   job->created, job->updated, job->unchanged, job->refused,
                   job->undone, job->conflicts, job->job, job->finished,
                   job->rows);
}

int import_list(struct import_job ***out, size_t *count, struct ctx *ctx,
                const struct form *form)
{
    QUERY_AUTO *query = NULL;
    int rc;

    *out = arena_array(ctx->arena, LIST_MAX, sizeof **out);
    *count = 0;
    rc = db_query(&query, ctx,
                  "SELECT " JOB_COLUMNS " FROM import_job WHERE person = ?1"
                  " AND form = ?2 ORDER BY id DESC LIMIT ?3",
                  "iii", ctx->person->id, form->id, (int64_t)LIST_MAX);
    while (!rc && (rc = query_next(query)) == 1) {
        struct import_job *job = from_row(ctx, query);

        job->form = form;
        (*out)[(*count)++] = job;
        rc = 0;
    }
    return rc;
}

/* ---- taking a file ---- */

/* S15: what goes through a process is not made beside it; an anonymous form
 * keeps nothing of who saved a record, an import would. */
int import_may(struct ctx *ctx, const struct form *form)
{
    if (!access_form(ctx, form->name, RIGHT_CREATE) ||
        (form->closed && !access_form(ctx, form->name, RIGHT_DESIGN)))
        return fail(ctx, E_FORBIDDEN, "form.may_not_create",
                    "you may not add records here");
    if (form->flow)
        return fail(ctx, E_FORBIDDEN, "import.has_flow",
                    "records of this form are applied for one by one");
    if (form->anonymous)
        return fail(ctx, E_FORBIDDEN, "import.anonymous",
                    "records of an anonymous form can't be imported");
    return 0;
}

/* The last part of what the browser calls the file. */
static const char *plain_name(struct ctx *ctx, const char *name)
{
    const char *slash = strrchr(name, '/'), *back = strrchr(name, '\\');
    const char *text;
    size_t length;

    if (back > slash)
        slash = back;
    text = text_clean(ctx->arena, slash ? slash + 1 : name);
    if (!utf8_valid(text, strlen(text)) || !*text)
        return "table";
    length = strlen(text);
    return arena_strndup(ctx->arena, text,
                         utf8_length(text, length) > NAME_MAX_CHARS
                             ? utf8_prefix(text, length, NAME_MAX_CHARS)
                             : length);
}

/* A person keeps so many imports that are not done. */
static int check_quota(struct ctx *ctx)
{
    int64_t count = 0;
    int rc = db_int(&count, ctx,
                    "SELECT count(*) FROM import_job WHERE person = ?1 AND"
                    " at > ?2",
                    "ii", ctx->person->id, clock_now() - DAY_MS);

    if (!rc && count >= OPEN_MAX * 10)
        return fail(ctx, E_TOO_MANY, "import.too_many",
                    "too many imports in a day; wait a while");
    return rc;
}

static int insert(struct ctx *ctx, const struct import_job *job)
{
    int rc = tx_begin(ctx, "import.create");

    if (rc)
        return rc;
    rc = check_quota(ctx);
    if (!rc)
        rc = db_exec(ctx,
                     "INSERT INTO import_job (id, form, person, name, hash,"
                     " size, state, settings, at)"
                     " VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'new', ?7, ?8)",
                     "iiissisi", job->id, job->form->id, job->person, job->name,
                     job->hash, job->size, json_text(ctx->arena, job->settings),
                     clock_now());
    return tx_end(ctx, rc);
}

/* Guessed, or as the person had it for the same headers. */
void import_settings_choose(struct ctx *ctx, struct import_job *job,
                            const struct import_preview *preview)
{
    static const char *const parts[] = { "encoding", "separator", "sheet" };
    struct value *settings = import_plan_remembered(ctx, job->form, preview);
    size_t i;

    if (!settings)
        settings = import_plan_guess(ctx, job->form, preview);
    import_plan_fit(ctx, job->form, settings, preview);
    for (i = 0; i < 3; i++)
        if (value_get(job->settings, parts[i]))
            value_set(settings, parts[i], value_get(job->settings, parts[i]));
    job->settings = settings;
}

int import_create(int64_t *id, struct ctx *ctx, const struct form *form,
                  const char *name, int fd)
{
    struct import_job job = { .id = id_next(),
                              .form = form,
                              .person = ctx->person->id,
                              .name = plain_name(ctx, name),
                              .settings = value_map(ctx->arena) };
    struct import_preview preview = { 0 };
    struct table table;
    int rc = import_may(ctx, form);

    if (!rc)
        rc = table_open(&table, ctx, job.name, fd, NULL, '\0', 0);
    /* What can't be read in this encoding may in another: the page asks. A
     * quote that never ends, say, is told at once. */
    if (!rc)
        rc = import_look(&preview, ctx, &table);
    if (!rc)
        rc = blob_put_fd(&job.hash, &job.size, ctx, fd);
    if (rc)
        return rc;
    import_settings_choose(ctx, &job, &preview);
    *id = job.id;
    return insert(ctx, &job);
}

/* ---- letting go ---- */

int import_file_used(struct ctx *ctx, const char *hash)
{
    int64_t found;
    int rc = db_int(&found, ctx,
                    "SELECT 1 FROM import_job WHERE hash = ?1"
                    " UNION SELECT 1 FROM import_job WHERE rows_hash = ?1",
                    "s", hash);

    return rc == E_NOT_FOUND ? 0 : rc ? rc : 1;
}

static int purge_rows(struct ctx *ctx, bool *more)
{
    int rc = tx_begin(ctx, "import.purge");

    if (rc)
        return rc;
    rc = db_exec(ctx,
                 "DELETE FROM import_row WHERE (import, line) IN (SELECT"
                 " r.import, r.line FROM import_row r JOIN import_job j ON"
                 " j.id = r.import WHERE j.at < ?1 AND (j.finished = 0 OR"
                 " j.finished < ?1) AND j.state NOT IN ('checking',"
                 " 'importing', 'undoing') LIMIT 2000)",
                 "i", clock_now() - 2 * DAY_MS);
    *more = !rc && db_changes(ctx) > 0;
    return tx_end(ctx, rc);
}

int import_purge(struct ctx *ctx)
{
    bool more = true;
    int rc = 0;

    while (!rc && more)
        rc = purge_rows(ctx, &more);
    if (!rc)
        rc = tx_begin(ctx, "import.purge");
    if (rc)
        return rc;
    rc = db_exec(ctx,
                 "UPDATE import_job SET hash = NULL, rows_hash = NULL"
                 " WHERE at < ?1 AND hash IS NOT NULL",
                 "i", clock_now() - 2 * DAY_MS);
    if (!rc)
        rc = db_exec(ctx, "DELETE FROM import_job WHERE at < ?1", "i",
                     clock_now() - 30 * DAY_MS);
    return tx_end(ctx, rc);
}
