/*
 * import_plan.h - what the columns of a file are to a form, and how a cell
 * becomes input. Only for the files of the import.
 */
#ifndef FORM_IMPORT_PLAN_H
#define FORM_IMPORT_PLAN_H

#include "form/import_job.h"

enum { TABLE_KEYS_MAX = 8 };

struct import_column {
    const char *header;
    const struct field *field; /* NULL: left out, or the record's id */
    bool id;                   /* holds the record's id */
    bool key;                  /* part of what names the record */
    bool self;                 /* links to the form itself */
    const char *order;         /* of days: "ymd", "dmy", "mdy" */
    bool comma;                /* its numbers have decimal commas */
    bool workbook;             /* its numbers may be no texts */
    struct map *names;         /* text → id of what was looked up; NULL:
                                  its cells are no names */
    struct arena *arena;       /* of names */
};

struct import_plan {
    struct ctx *ctx; /* whose arena keeps it */
    const struct form *form;
    struct import_column *columns;
    size_t count, key_count;
    bool by_id;       /* the record's id is the key */
    bool clear;       /* empty cells empty the field */
    bool none_if_bad; /* all or none */
    bool self;        /* some column links to the form itself */
};

/* From the settings of the job, for a file with these headers; problems at
 * "columns", "keys", "dates.N". */
int import_plan_make(struct import_plan **out, struct ctx *ctx,
                     const struct form *form, const struct value *settings,
                     const char *const *header, size_t count);
/* The settings that a file with these headers begins with. */
struct value *import_plan_guess(struct ctx *ctx, const struct form *form,
                                const struct import_preview *preview);
/* Those that the person used last for such headers; NULL. */
struct value *import_plan_remembered(struct ctx *ctx, const struct form *form,
                                     const struct import_preview *preview);
/* Orders of days and a sign of decimals that this file contradicts are
 * guessed anew. */
void import_plan_fit(struct ctx *ctx, const struct form *form,
                     struct value *settings,
                     const struct import_preview *preview);
/* Which columns of numbers have decimal commas, "comma" or "": where the
 * settings leave it to what the file holds. */
void import_plan_decimals(struct ctx *ctx, const struct form *form,
                          struct value *settings,
                          const struct import_numbers *numbers, size_t count);
/* Whether a column is read with decimal commas, by what is said or found. */
bool import_plan_comma(const struct value *settings, size_t index);
/* Whether the field with this key holds numbers. */
bool import_plan_number(const struct form *form, const char *key);
/* Takes what these settings say of decimals. */
void import_plan_commas(struct import_plan *plan, const struct value *settings);
int import_plan_remember(struct ctx *ctx, const struct form *form,
                         const struct import_preview *preview,
                         const struct value *settings);
/* What the orders of day and month say of a text: sets what does not fit to
 * false. A text that begins with the year, or is no date, says nothing. */
void import_dates_look(struct import_dates *dates, const char *text);

/*
 * A row as input of record_save. creating: empty cells get defaults. lenient:
 * a name of this form that is not there yet is no problem. Problems stand at
 * their fields.
 */
int import_input(struct value **out, struct ctx *ctx, struct import_plan *plan,
                 const char *const *cells, bool creating, bool lenient);
/* A cell's stored value by its column's type, for comparing keys. */
int import_value(struct value **out, struct ctx *ctx,
                 struct import_column *column, const char *text, bool lenient);

/* Without spaces around, those of other scripts too. */
const char *import_trim(struct ctx *ctx, const char *text);

/* Whether a field may be read from a file. */
bool import_field_open(const struct field *field);
/* Whether it may name the record that a row changes. */
bool import_field_key(const struct field *field);

#endif
