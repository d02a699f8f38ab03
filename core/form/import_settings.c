/*
 * import_settings.c - what somebody says of an import: its settings, and that
 * it shall be checked, applied, undone.
 */
#include "base/banned.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/json.h"
#include "base/str.h"
#include "event/job.h"
#include "event/progress.h"
#include "form/field_type.h"
#include "form/import_steps.h"
#include "store/db.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)

static int is_idle(struct ctx *ctx, const struct import_job *job)
{
    if (strcmp(job->state, "new") == 0 || strcmp(job->state, "checked") == 0 ||
        strcmp(job->state, "failed") == 0)
        return 0;
    return fail(ctx, E_CONFLICT, "import.running",
                "this import runs just now, or is over");
}

static int check_words(struct ctx *ctx, const struct value *settings)
{
    static const struct {
        const char *name, *words;
    } known[] = {
        { "separator", " , ; \t " },
        { "decimal", " auto point comma " },
        { "empty", " keep clear " },
        { "bad", " skip none " },
    };
    size_t i;

    for (i = 0; i < sizeof known / sizeof known[0]; i++) {
        const struct value *value = value_get(settings, known[i].name);
        const char *word = value_as_text(value);

        if (value &&
            (!word || !*word || strlen(word) > 8 ||
             !strstr(known[i].words, arena_printf(ctx->arena, " %s ", word))))
            return fail_at(ctx, E_INVALID, known[i].name, "import.bad_setting",
                           "\"%s\" is not known here", word ? word : "?");
    }
    return 0;
}

/* Unknown names are refused (S14). */
static int check_names(struct ctx *ctx, const struct value *settings)
{
    static const char names[] =
        " encoding separator sheet columns keys dates decimal empty bad ";
    size_t i;

    for (i = 0; i < value_count(settings); i++) {
        const char *key = value_key_at(settings, i);

        if (!strstr(names, arena_printf(ctx->arena, " %s ", key)))
            return fail_at(ctx, E_INVALID, key, "form.unknown_field",
                           "there is no field %s", key);
    }
    return check_words(ctx, settings);
}

/* Other columns than before? What is said may be what was found anyway. */
static int reads_anew(bool *anew, struct ctx *ctx, const struct import_job *job,
                      const struct import_preview *now)
{
    struct import_preview before;
    int rc = import_preview(&before, ctx, job);

    *anew = before.columns != now->columns || before.sheet != now->sheet ||
            before.separator != now->separator ||
            !text_equal(before.encoding, now->encoding);
    return rc;
}

static int save_settings(struct ctx *ctx, const struct import_job *job)
{
    int rc = tx_begin(ctx, "import.settings");

    if (rc)
        return rc;
    rc = db_exec(ctx,
                 "UPDATE import_job SET settings = ?2, state = 'new',"
                 " problem = NULL, position = 0, rows_hash = NULL"
                 " WHERE id = ?1 AND state = ?3",
                 "iss", job->id, json_text(ctx->arena, job->settings),
                 job->kept);
    if (!rc && db_changes(ctx) == 0)
        rc = fail(ctx, E_CONFLICT, "import.running",
                  "this import runs just now, or is over");
    return tx_end(ctx, rc);
}

/* What was chosen together with the new way to read it stays. */
static void choose_anew(struct ctx *ctx, struct import_job *next,
                        const struct import_job *job,
                        const struct value *settings,
                        const struct import_preview *preview)
{
    static const char *const parts[] = { "decimal", "empty", "bad" };
    size_t i;

    import_settings_choose(ctx, next, preview);
    for (i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        const char *said = value_get_text(settings, parts[i]);

        if (said && !text_equal(said, value_get_text(job->settings, parts[i])))
            value_set_text(next->settings, parts[i], said);
    }
}

int import_settings(struct ctx *ctx, const struct import_job *job,
                    const struct value *settings)
{
    struct import_job next = *job;
    struct import_preview preview;
    struct import_plan *plan;
    bool anew = false;
    size_t i;
    int rc = is_idle(ctx, job);

    if (!rc)
        rc = check_names(ctx, settings);
    if (rc)
        return rc;
    next.settings = value_copy(ctx->arena, job->settings);
    for (i = 0; i < value_count(settings); i++)
        value_set(next.settings, value_key_at(settings, i),
                  value_copy(ctx->arena, value_item_at(settings, i)));
    rc = import_preview(&preview, ctx, &next);
    if (!rc && preview.problem)
        return fail(ctx, E_INVALID, "form.message", "%s", preview.problem);
    if (!rc)
        rc = reads_anew(&anew, ctx, job, &preview);
    if (!rc && anew)
        choose_anew(ctx, &next, job, settings, &preview);
    value_remove(next.settings, "decimals");
    if (!rc)
        rc = import_plan_make(&plan, ctx, job->form, next.settings,
                              preview.header, preview.columns);
    return rc ? rc : save_settings(ctx, &next);
}

/* ---- starting ---- */

/* E36: where day and month can't be told apart, somebody says. */
static int check_dates(struct ctx *ctx, const struct import_plan *plan,
                       const struct import_preview *preview)
{
    int rc = 0;
    size_t i;

    for (i = 0; i < plan->count; i++) {
        const struct import_column *column = &plan->columns[i];
        const struct import_dates *dates = &preview->dates[i];
        const char *type = column->field ? column->field->type->name : "";

        if ((strcmp(type, "date") == 0 || strcmp(type, "datetime") == 0) &&
            !column->order && dates->day_first && dates->month_first)
            rc = fail_at(
                ctx, E_INVALID, arena_printf(ctx->arena, "dates.%zu", i),
                "import.which_date", "\"%s\": day or month first? say which",
                column->header);
    }
    return rc;
}

static int add_job(struct ctx *ctx, struct import_job *job, const char *title)
{
    struct value *data = value_map(ctx->arena);
    struct value *arguments = value_map(ctx->arena);
    struct job_watch watch = { .person = job->person,
                               .title = title,
                               .arguments = arguments };

    value_set_id(data, "import", job->id);
    value_set_text(arguments, "file", job->name);
    return job_watch(&job->job, ctx, "form.import", data, &watch);
}

/* The state that was read must still be in force. */
static int claim(struct ctx *ctx, const struct import_job *job)
{
    int64_t found;
    int rc = db_int(&found, ctx,
                    "SELECT 1 FROM import_job WHERE id = ?1 AND state = ?2",
                    "is", job->id, job->kept);

    return rc == E_NOT_FOUND ? fail(ctx, E_CONFLICT, "import.running",
                                    "this import runs just now, or is over")
                             : rc;
}

static int begin(struct ctx *ctx, const struct import_job *job,
                 const struct import_preview *preview, bool apply)
{
    struct import_job next = *job;
    int rc = tx_begin(ctx, "import.start");

    if (rc)
        return rc;
    rc = claim(ctx, job);
    next.apply = apply;
    next.problem = NULL;
    if (strcmp(job->state, "checked") == 0) {
        next.state = apply ? "importing" : "checking";
        next.position = 0;
    } else {
        next.state = "checking";
        next.position = 0;
    }
    next.done = next.created = next.updated = 0;
    if (strcmp(next.state, "checking") == 0) {
        next.refused = next.unchanged = 0;
        next.rows = NULL;
    }
    if (!rc)
        rc = add_job(ctx, &next, "import.job_title");
    if (!rc)
        rc = import_job_write(ctx, &next);
    if (!rc)
        rc = import_plan_remember(ctx, job->form, preview, job->settings);
    return tx_end(ctx, rc);
}

int import_start(struct ctx *ctx, const struct import_job *job, bool apply)
{
    struct import_preview preview;
    struct import_plan *plan;
    int rc = is_idle(ctx, job);

    if (!rc)
        rc = import_may(ctx, job->form);
    if (!rc)
        rc = import_preview(&preview, ctx, job);
    if (!rc && preview.problem)
        return fail(ctx, E_INVALID, "form.message", "%s", preview.problem);
    if (!rc)
        rc = import_plan_make(&plan, ctx, job->form, job->settings,
                              preview.header, preview.columns);
    if (!rc)
        rc = check_dates(ctx, plan, &preview);
    if (!rc && apply && strcmp(job->state, "checked") == 0 && job->refused &&
        plan->none_if_bad)
        return fail(ctx, E_INVALID, "import.none",
                    "%lld rows are refused, so none was imported",
                    (long long)job->refused);
    return rc ? rc : begin(ctx, job, &preview, apply);
}

bool import_undoable(const struct import_job *job)
{
    return strcmp(job->state, "done") == 0 && job->created + job->updated > 0 &&
           clock_now() - job->finished < DAY_MS;
}

int import_undo(struct ctx *ctx, const struct import_job *job)
{
    struct import_job next = *job;
    int rc;

    if (!import_undoable(job))
        return fail(ctx, E_CONFLICT, "import.not_undoable",
                    "an import can be undone for a day after it is done");
    rc = tx_begin(ctx, "import.undo");
    if (rc)
        return rc;
    rc = claim(ctx, job);
    next.state = "undoing";
    next.position = INT64_MAX;
    next.done = next.undone = next.conflicts = 0;
    if (!rc)
        rc = add_job(ctx, &next, "import.undo_title");
    if (!rc)
        rc = import_job_write(ctx, &next);
    return tx_end(ctx, rc);
}
