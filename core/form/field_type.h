/*
 * field_type.h - types of fields: rows of one table.
 *
 * A type says how a value comes in (JSON or the text of a form), how it lies
 * in its SQL column, how it goes out as JSON and how people read it. Adding a
 * type is adding a row (field_type.c). form/README.md has the stored values.
 */
#ifndef FORM_FIELD_TYPE_H
#define FORM_FIELD_TYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "form/form.h"

struct ctx;
struct query;

/* How a field is shown; words of templates' names. */
enum field_mode {
    FIELD_EDIT,
    FIELD_READ,
    FIELD_CELL,
    FIELD_PRINT,
    FIELD_MODES
};

enum field_flags {
    FIELD_SORTABLE = 1,   /* may be sorted by */
    FIELD_SORT_KEY = 2,   /* its sort key lies in a second column, s_KEY */
    FIELD_SEARCHED = 4,   /* the list's search finds its text */
    FIELD_NUMBER = 8,     /* right-aligned; may be summed */
    FIELD_LIST = 16,      /* a JSON list of strings */
    FIELD_AUTOMATIC = 32, /* never written by people */
    FIELD_HEAD_ONLY = 64, /* not in a sub-table */
    FIELD_SCALED = 128,   /* a decimal with the field's scale */
    FIELD_RECORD = 256,   /* the id of another record */
};

/* A value that is about to be saved, for the type's check. */
struct field_check {
    const struct field *field;
    const char *path;           /* "price", "items.2.price" */
    const struct value *value;  /* stored form, not empty */
    const struct value *before; /* what the record holds now; may be NULL */
    /* All new values of the record (in a sub-table too), and those before
     * (NULL: a new one). */
    const struct value *record, *record_before;
    int64_t record_id;
};

struct field_type {
    const char *name;
    const char *sql;        /* type of the column; NULL: none of its own */
    const char *logic;      /* its name in form logic */
    const char *properties; /* what its definition may hold, beyond the
                               common ones; between spaces */
    int flags;
    /* Checks the definition; problems carry `pointer`. NULL: nothing more. */
    int (*define)(struct ctx *ctx, struct arena *arena, struct field *field,
                  const char *pointer);
    /* Text or JSON to the stored value; a null value where it is empty.
     * A problem stands at `path`. */
    int (*input)(struct value **out, struct ctx *ctx, const struct field *field,
                 const char *path, const struct value *in);
    /* Limits and foreign ids. NULL: nothing to check. */
    int (*check)(struct ctx *ctx, const struct field_check *check);
    /* Stored value to what is bound, and back. NULL: as it is. */
    struct value *(*to_column)(struct ctx *ctx, const struct field *field,
                               const struct value *value);
    struct value *(*from_column)(struct ctx *ctx, const struct field *field,
                                 struct query *query, int column);
    /* Stored value to JSON. NULL: as it is. */
    struct value *(*to_json)(struct ctx *ctx, const struct field *field,
                             const struct value *value);
    /* For people, in their language; never NULL. */
    const char *(*human)(struct ctx *ctx, const struct field *field,
                         const struct value *value);
    const char *documentation;
    /* Of a module's type: templates of the four modes ("crm/rating-edit";
     * NULL: the text type's), and what they get besides. */
    const char *templates[FIELD_MODES];
    int (*fill)(struct ctx *ctx, struct value *map, const struct field *field,
                const struct value *value);
    void *payload; /* of the row */
    bool missing;  /* its module is away: shown as it lies, never written */
};

/* What a definition of a module's type may hold besides, and its flags by
 * storage: sorted and filtered as the value lies. */
#define FIELD_MODULE_PROPERTIES " options "
enum {
    FIELD_MODULE_TEXT = FIELD_SORTABLE | FIELD_SEARCHED,
    FIELD_MODULE_INTEGER = FIELD_SORTABLE | FIELD_NUMBER,
};

/* The row of that name, or NULL. */
const struct field_type *field_type_find(const char *name);
/* The i-th row; NULL behind the last. */
const struct field_type *field_type_at(size_t index);

/*
 * Types of modules, "crm.rating". While a module is installed it declares them
 * (in the current write transaction; E_INVALID where one had another
 * storage, "TEXT" or "INTEGER"); while it starts it adds the rows, which are
 * copied. field_type_of() finds each type: of a module that is away a row
 * with `missing`; NULL where nobody ever declared it.
 */
int field_type_declare(struct ctx *ctx, const char *name, const char *storage);
void field_type_add(const struct field_type *type);
const struct field_type *field_type_of(struct ctx *ctx, const char *name);

/* The type's functions, with its defaults where a row leaves one out. */
int field_input(struct value **out, struct ctx *ctx, const struct field *field,
                const char *path, const struct value *in);
struct value *field_to_column(struct ctx *ctx, const struct field *field,
                              const struct value *value);
struct value *field_from_column(struct ctx *ctx, const struct field *field,
                                struct query *query, int column);
struct value *field_to_json(struct ctx *ctx, const struct field *field,
                            const struct value *value);
/* "" where the value is empty. */
const char *field_human(struct ctx *ctx, const struct field *field,
                        const struct value *value);

/* A property of the field's definition, or NULL. */
const struct value *field_property(const struct field *field, const char *name);
/* The code of an amount's currency: the field's own, or what the setting of the
 * module says that it names; NULL where there is none. */
const char *field_currency(struct ctx *ctx, const struct field *field);
/* Who knows the settings of modules; plugin/ says. */
typedef const char *(*field_setting_call)(struct ctx *ctx, const char *module,
                                          const char *name);
void field_setting_source(field_setting_call call);
/* An option of a choice by its key: its definition, or NULL. */
const struct value *field_option(const struct field *field, const char *key);
/* The key of an option, which is a text or {"key", "title", "colour"}. */
const char *option_key(const struct value *option);
const char *option_title(struct ctx *ctx, const struct value *option);

/* A definition's error: `pointer` (RFC 6901) and what was expected. */
int definition_error(struct ctx *ctx, const char *pointer, const char *format,
                     ...) __attribute__((format(printf, 3, 4)));

/* to_column and from_column of the types with FIELD_LIST. */
struct value *list_to_column(struct ctx *ctx, const struct field *field,
                             const struct value *value);
struct value *list_from_column(struct ctx *ctx, const struct field *field,
                               struct query *query, int column);

/* Rows that stand in files of their own. */
extern const struct field_type text_types[], number_types[], time_types[],
    reference_types[], special_types[];

#endif
