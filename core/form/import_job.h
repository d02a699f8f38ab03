/*
 * import_job.h - imports by people: a file that somebody uploads becomes
 * records of a form, checked first, reported, undone by one click.
 *
 *   new → checking → checked → importing → done → undoing → undone
 *
 * or failed, with the reason. Everything between is a job's work (job.h) in
 * small pieces: rows are staged and checked, then applied in batches that
 * hold the writer lock for at most 50 ms, each row through the same checks,
 * hooks, rights and trail as a save by that person (E33). Who may add records
 * may import them; nothing else comes with it.
 */
#ifndef FORM_IMPORT_JOB_H
#define FORM_IMPORT_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "form/form.h"
#include "form/import_number.h"

struct ctx;

/* What became of a row; as stored. */
enum import_row_state {
    IMPORT_ROW_READY,
    IMPORT_ROW_REFUSED,
    IMPORT_ROW_CREATED,
    IMPORT_ROW_UPDATED,
    IMPORT_ROW_UNCHANGED,
    IMPORT_ROW_UNDONE,
    IMPORT_ROW_CONFLICT, /* changed later by somebody: not undone */
};

struct import_job {
    int64_t id, person;
    const struct form *form;
    const char *name;    /* of the file */
    const char *hash;    /* of its bytes; NULL: let go */
    const char *rows;    /* of its rows as text; NULL: not made yet */
    const char *state;   /* "new" … */
    const char *kept;    /* as stored: a job that is gone leaves "importing" */
    const char *problem; /* why it failed, in the reader's language; NULL */
    struct value *settings;
    bool apply; /* goes on to be applied when it is checked */
    int64_t size, position, total, done;
    int64_t created, updated, unchanged, refused, undone, conflicts;
    int64_t job; /* of event/progress.h */
    int64_t at, finished;
};

/*
 * Takes what `fd` holds as a new import of ctx->person: asks for the right,
 * looks at the file, guesses the settings or takes those that the person had
 * for the same headers (E34). E_INVALID where it is no table.
 */
int import_create(int64_t *id, struct ctx *ctx, const struct form *form,
                  const char *name, int fd);
/* One's own; an administrator's look at another's is not this room's. */
int import_find(struct import_job **out, struct ctx *ctx, int64_t id);
/* Whether it is at work: checking, importing or undoing. */
bool import_runs(const struct import_job *job);

/* What the page of the mapping shows. */
struct import_preview {
    const char *kind;     /* "csv", "xlsx" */
    const char *encoding; /* found, or asked for */
    char separator;
    const char *const *sheets;
    size_t sheet_count, sheet;
    const char **header;
    size_t columns;
    const char ***rows; /* the first ones, each with `columns` cells */
    size_t row_count;
    /* Of each column: does it hold days in an order that can be told? */
    struct import_dates {
        bool day_first, month_first; /* both: it must be asked (E36) */
        bool seen;                   /* some day has its year behind */
    } * dates;
    struct import_numbers *numbers; /* and numbers with which sign? */
    const char *problem;            /* the file can't be read so; NULL */
};
int import_preview(struct import_preview *out, struct ctx *ctx,
                   const struct import_job *job);

/*
 * Settings: {"encoding", "separator", "sheet", "columns": [field key, "id" or
 * "" of each column], "keys": [field keys or "id"], "dates": ["ymd", "dmy",
 * "mdy" or "" of each column], "decimal": "auto" | "point" | "comma", "empty":
 * "keep" | "clear", "bad": "skip" | "none"}; parts that are missing stay. A
 * new encoding, separator or sheet makes the mapping anew. E_CONFLICT while a
 * job runs.
 */
int import_settings(struct ctx *ctx, const struct import_job *job,
                    const struct value *settings);

/* Checks the file, then applies it where `apply`. Missing answers (an
 * ambiguous date, no column) are problems at "dates.N", "columns". */
int import_start(struct ctx *ctx, const struct import_job *job, bool apply);
/* Takes back what the import did, within a day (E39). */
int import_undo(struct ctx *ctx, const struct import_job *job);
bool import_undoable(const struct import_job *job);

/* A page of the rows with this state behind line `after`: list of {line,
 * cells[] {text, problem?}, record?, problems[]}. */
int import_rows(struct value **out, struct ctx *ctx,
                const struct import_job *job, enum import_row_state state,
                int64_t after, int most);
/* The refused rows as CSV with a column of reasons, which can be mended and
 * sent again (E38). */
int import_refused(struct ctx *ctx, const struct import_job *job, int fd);

/* The person's imports of a form, newest first, at most ten. */
int import_list(struct import_job ***out, size_t *count, struct ctx *ctx,
                const struct form *form);

/* 1 where a file of an import is this blob; for the collector of files. */
int import_file_used(struct ctx *ctx, const char *hash);
/* Forgets rows after two days, imports after thirty. */
int import_purge(struct ctx *ctx);
/* Registers the job; while a worker starts. */
void import_job_start(void);

#endif
