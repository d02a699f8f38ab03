/*
 * record_internal.h - what the files of records share; not for other rooms.
 */
#ifndef FORM_RECORD_INTERNAL_H
#define FORM_RECORD_INTERNAL_H

#include "form/record.h"

struct query;

/* A record that is about to be saved (record_save.c). */
struct record_change {
    const struct form *form;
    const struct value *input;
    const char *state;     /* asked for; NULL: kept */
    int64_t id, version;   /* 0: a new one; 0: not checked */
    struct record *record; /* as it will be */
    struct record *before; /* as it is; NULL: a new one */
    uint64_t counter;      /* of changes, when the hooks ran */
    bool hooked;           /* hooks did run */
    const char *held;      /* guards (record_guard.c) */
    bool again; /* the hooks run again under the lock: earlier rows of the
                   same transaction may matter to them */
    bool quiet; /* of a command's import: no outbox row each */
};

/* record.c: as record_get_to_change, of any record. */
int record_get_locked(struct record **out, struct ctx *ctx,
                      const struct form *form, int64_t id);
/* After an UPDATE of one version: E_CONFLICT where it found none. */
int record_changed_one(struct ctx *ctx);

/*
 * record_guard.c: waits for others who change what the hooks of the form
 * look at (away: when it is deleted). *held: what this change holds already,
 * NULL at first. 1: it had to take more; 0; negative.
 */
int record_guard(const char **held, struct ctx *ctx,
                 const struct record *record, bool away);
/* The same for the value of one unique field. */
int record_guard_value(struct ctx *ctx, const struct record *record,
                       const struct field *field);

/* Whether a prepared update changes any field. */
bool record_change_any(const struct record_change *change);
/* Field → {from, to} of what it changes. */
struct value *record_changes(struct ctx *ctx,
                             const struct record_change *change);

/* A row of SELECT form->sql->columns; sub-tables are not in it. */
struct record *record_from_row(struct ctx *ctx, const struct form *form,
                               struct query *query);
/* Reads the rows of all sub-tables. */
int record_read_rows(struct ctx *ctx, struct record *record);

/*
 * record_check.c: computed fields, logic, limits, required fields, rules, on
 * change->record->values. Each problem stands at its field.
 */
int record_validate(struct ctx *ctx, struct record_change *change);

/* record_input.c: input and defaults into change->record->values. */
int record_apply(struct ctx *ctx, struct record_change *change);

/* record_store.c: the row, its sub-tables, files and numbers. */
int record_insert(struct ctx *ctx, struct record *record);
int record_change_row(struct ctx *ctx, struct record *record,
                      const struct record *before);
/* Gives automatic numbers where they are due. */
int record_number(struct ctx *ctx, struct record *record);
/* E_CONFLICT at the field whose value another record has. */
int record_check_unique(struct ctx *ctx, const struct record *record,
                        const struct record *before);

/* The outbox's topic. */
#define RECORD_SAVED "record.saved"

/* Tells open lists, and the outbox where somebody hears. action: "create",
 * "update", "delete", "restore", "state". */
int record_announce(struct ctx *ctx, const struct record *record,
                    const char *action);
/* The same without the outbox. */
void record_announce_quietly(struct ctx *ctx, const struct record *record);
const char *record_subject(struct ctx *ctx, const struct form *form);

/* The value of a field's sort column: sort keys are texts that compare as
 * bytes. NULL where the value is empty. */
struct value *record_sort_value(struct ctx *ctx, const struct field *field,
                                const struct value *value);

#endif
