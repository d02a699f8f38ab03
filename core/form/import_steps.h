/*
 * import_steps.h - what the files of the import job share: its rows in the
 * store, its steps.
 */
#ifndef FORM_IMPORT_STEPS_H
#define FORM_IMPORT_STEPS_H

#include "form/import_job.h"
#include "form/import_plan.h"

struct table;

/* A job's handling as it goes on: the person acts, batches have arenas of
 * their own. */
struct import_run {
    struct ctx *ctx; /* as the person, for the whole piece of work */
    struct import_job *job;
    struct import_plan *plan;
    struct table *rows; /* their text, while they are staged */
    int64_t until;      /* clock_monotonic() ms: give way to others then */
};

/* Cells stand in the store with this sign between. */
#define IMPORT_CELL_END '\x1f'
const char **import_cells_split(struct ctx *ctx, const char *text,
                                size_t count);

/* Problems of the context as JSON, to be told in the reader's language. */
const char *import_problems_json(struct ctx *ctx);
/* And back: list of {field?, message}. */
struct value *import_problems_read(struct ctx *ctx, const char *json);

/* import_job.c: writes state, counts and position. In a transaction. */
int import_job_write(struct ctx *ctx, const struct import_job *job);
int import_job_load(struct import_job **out, struct ctx *ctx, int64_t id);
int import_table_open(struct table *out, struct ctx *ctx,
                      const struct import_job *job);

/* Whether the person may import into the form at all. */
int import_may(struct ctx *ctx, const struct form *form);
/* Settings for what the preview shows: remembered, else guessed; encoding,
 * separator and sheet stay. */
void import_settings_choose(struct ctx *ctx, struct import_job *job,
                            const struct import_preview *preview);
/* import_look.c */
int import_look(struct import_preview *out, struct ctx *ctx,
                struct table *table);

/* import_stage.c: the file's rows as text in one encoding; then they are
 * checked, one batch. *more: there is more of that. */
int import_rows_make(struct import_run *run);
int import_rows_open(struct import_run *run);
int import_stage_batch(struct import_run *run, bool *more);
/* import_apply.c: one batch under the writer lock. */
int import_apply_batch(struct import_run *run, bool *more);
/* import_undo.c: one batch of taking back. */
int import_undo_batch(struct import_run *run, bool *more);

/* import_match.c: records that rows name by their keys. */
struct import_row_now {
    int64_t line;
    const char **cells;
    int64_t record;  /* found: to be changed; 0: to be made */
    bool ambiguous;  /* more than one is called so */
    bool bad_key;    /* it can't be read, or is missing */
    const char *key; /* as text; NULL: none */
};
int import_match(struct ctx *ctx, struct import_plan *plan,
                 struct import_row_now *rows, size_t count);

/* import_row.c: prepares one row; *change NULL where nothing would change.
 * Problems in ctx where it is refused. */
struct record_change;
int import_prepare(struct record_change **change, struct ctx *ctx,
                   struct import_plan *plan, struct import_row_now *row,
                   bool lenient);
/* A row that breaks a rule is refused; anything else ends the import. */
bool import_is_refusal(int rc);

#endif
