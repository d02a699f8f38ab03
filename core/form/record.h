/*
 * record.h - records: rows of a form, with their sub-tables and files.
 *
 * All of them obey access/, run hooks, write the trail and the outbox. Ids of
 * other records in the input are checked too (S13).
 */
#ifndef FORM_RECORD_H
#define FORM_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "access/access.h"
#include "form/form.h"

struct condition;
struct record;

struct record {
    const struct form *form;
    int64_t id;
    int64_t version; /* optimistic lock, from 1 */
    int64_t owner, department;
    const char *state; /* "saved", "draft", or the flow's state */
    int64_t created_at, created_by, updated_at, updated_by;
    int64_t deleted_at;   /* 0: not in the bin */
    struct value *values; /* field key → stored value (form/values in
                             form/README.md says how each type is held) */
    struct value *before; /* in hooks of an update: the old values */
};

/* One record with sub-tables; checks RIGHT_READ. */
int record_get(struct record **out, struct ctx *ctx, const struct form *form,
               int64_t id);
/* The same in a transaction that may change it, or builds on it: nobody else
 * changes it until that ends. */
int record_get_to_change(struct record **out, struct ctx *ctx,
                         const struct form *form, int64_t id);
/* As record_get without asking access/: for rooms that have asked themselves
 * (flow at a task). */
int record_get_unchecked(struct record **out, struct ctx *ctx,
                         const struct form *form, int64_t id);

/*
 * Creates. `input`: field key → value as JSON has it; unknown, read-only,
 * computed and system fields are refused (S14, S17). state: NULL "saved".
 * All problems are reported, each at its field.
 */
int record_create(struct record **out, struct ctx *ctx, const struct form *form,
                  const struct value *input, const char *state);
/*
 * Changes the fields in `input`. version: the one that was read; another one
 * in the store is E_CONFLICT "form.conflict", and the problem's fields say who
 * changed what. 0: not checked (system only).
 */
int record_update(struct record **out, struct ctx *ctx, const struct form *form,
                  int64_t id, int64_t version, const struct value *input);
/*
 * Both in one, with the state: id 0 creates. state NULL keeps it ("saved" for
 * a new one). A draft may lack required fields, any other state is checked
 * whole: who submits a draft calls this with the state that follows.
 */
int record_save(struct record **out, struct ctx *ctx, const struct form *form,
                int64_t id, int64_t version, const struct value *input,
                const char *state);
/*
 * The same in two steps, for rooms with a transaction of their own: prepare
 * runs computed fields, checks and before-hooks in a read snapshot, without
 * the writer lock; write, inside the transaction, repeats them only where a
 * form has changed meanwhile (architecture 3, "hook").
 */
struct record_change;
int record_prepare(struct record_change **out, struct ctx *ctx,
                   const struct form *form, int64_t id, int64_t version,
                   const struct value *input, const char *state);
int record_write(struct record **out, struct ctx *ctx,
                 struct record_change *change);

/* Into the bin, and back. */
int record_delete(struct ctx *ctx, const struct form *form, int64_t id,
                  int64_t version);
int record_restore(struct ctx *ctx, const struct form *form, int64_t id);
/* The flow's business: changes the state, no field. In a transaction. */
int record_set_state(struct ctx *ctx, const struct form *form, int64_t id,
                     const char *state);

/* Runs conversion, computed fields, logic and validation, writes nothing.
 * For previews and the browser's partner. */
int record_check(struct record **out, struct ctx *ctx, const struct form *form,
                 const struct value *input);

struct record_query {
    const struct condition *where; /* NULL: all */
    const char *search;            /* text in any text field; NULL */
    bool words; /* of the search: only what begins a word, by the index alone:
                   for searches over all forms */
    const char *sort; /* field key or "created_at", …; NULL */
    bool descending;
    int limit, offset;  /* limit ≤ 200 */
    bool bin;           /* those in the bin instead */
    const char *cursor; /* of record_cursor: what follows that record */
    const struct field *const *fields; /* only these values; NULL: all */
    size_t field_count;
};

/* Filters of a list by field keys and system names (id, owner, department,
 * state, created_at, created_by, updated_at, updated_by); checks all names
 * and values. */
int record_condition(struct condition **out, struct ctx *ctx,
                     const struct form *form, const struct value *json);
/* Whether a list may be sorted by this name. */
bool record_sort_known(const struct form *form, const char *name);
/* Where the page after `last` starts; opaque text for `query.cursor`. */
const char *record_cursor(struct ctx *ctx, const struct record_query *query,
                          const struct record *last);
/* The visible records of a page, without sub-tables. */
int record_list(struct record ***out, size_t *count, struct ctx *ctx,
                const struct form *form, const struct record_query *query);
/* Exact up to `cap`, then cap + 1. */
int record_count(int64_t *out, struct ctx *ctx, const struct form *form,
                 const struct record_query *query, int64_t cap);

/* Facts for access/ of a loaded record. */
int record_may(struct ctx *ctx, const struct record *record, enum right right);

/* The name of a record for links and titles; arena text, never NULL. */
const char *record_label(struct ctx *ctx, const struct record *record);
/* {id, version, state, …, values} as the REST API and modules have it. */
struct value *record_value(struct ctx *ctx, const struct record *record);

/* Comments; listing is oldest first: {id, by, name, at, text}. */
int record_comment(struct ctx *ctx, const struct form *form, int64_t id,
                   const char *text);
int record_comments(struct value **out, struct ctx *ctx,
                    const struct form *form, int64_t id);

#endif
