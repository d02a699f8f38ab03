/*
 * form.h - form definitions: what a record type is.
 *
 * A definition is JSON (docs/customizer/forms.md): forms/NAME.json of the
 * site or a module. Publishing a version only adds (architecture 3, "record").
 * Loaded forms belong to the process and are cached by the epoch "form".
 */
#ifndef FORM_FORM_H
#define FORM_FORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/value.h"

struct ctx;
struct field;
struct form;

struct field_type; /* form/field_type.h: a row of the table of types */
struct form_sql;   /* form/sql.h: the statements made for it */

struct field {
    const char *key;    /* [a-z][a-z0-9_]{0,39} */
    const char *column; /* "f_amount"; NULL for sub_table */
    const struct field_type *type;
    const struct value *title; /* for locale_pick */
    const struct value *hint;
    bool required, read_only, hidden, unique, sortable;
    int scale;                   /* decimal, money, percent */
    int64_t max_length;          /* of text, in characters */
    const struct value *options; /* the definition of this field, whole */
    bool similar;                /* what is like it shows while one types */
    bool indexed;                /* has indexes for sorted lists */
    const char *sort_column;     /* "s_name", else its column; NULL: none */
    const char *target;          /* link, cascade: form name */
    const char *computed;        /* Lua expression; NULL */
    struct field **fields;       /* of a sub_table */
    size_t field_count;
    const char *table; /* of a sub_table: "r_budget__items" */
    const struct form *form;
};

struct form {
    int64_t id;
    const char *name;   /* "budget", "vehicle.booking" */
    const char *module; /* NULL: the site's or the core's */
    int version;
    const char *table; /* "r_budget" */
    const struct value *title, *definition, *category, *icon;
    struct field **fields;
    size_t field_count;
    const char *label_field; /* names a record: first text field by default */
    const char *logic;       /* Lua source of the form's logic; NULL */
    const char *flow; /* key of its process; NULL: records are just saved */
    bool enabled;     /* its module is on */
    bool closed;      /* only who may design it writes its records */
    const char *page; /* of its module, for a record: "/m/crm/{id}"; NULL */
    bool anonymous;   /* nothing is kept of who saved a record (anonymous.h) */
    bool undated;     /* nor of the day */
    const struct value *logic_definition; /* for logic_open and the browser */
    bool logic_useful;                    /* it has anything to run */
    const char *owner_field;  /* a user field: who stands there owns it */
    const char *parent_field; /* of a tree (cascade): the link to itself */
    const struct form_sql *sql;
};

int form_find(const struct form **out, struct ctx *ctx, const char *name);
/* All enabled forms, by name. */
int form_list(const struct form ***out, size_t *count, struct ctx *ctx);
const struct field *form_field(const struct form *form, const char *key);
const struct field *form_cell(const struct field *table, const char *key);
/* Registers the room's jobs and outbox subscribers; while a worker starts. */
void form_start(void);

/* A module (its id lives as long as the process) with hooks after the commit
 * (hook_add or hook_missing with HOOK_COMMITTED): it is told by itself. here:
 * it is loaded; otherwise what it would be told is held. */
void form_hears(struct ctx *ctx, const char *module, bool here);
/* How many changes are held for it. */
int form_held(int64_t *count, struct ctx *ctx, const char *module);
/* It is switched off: what was to be told to it is dropped. In a write
 * transaction. */
int form_forget_hearer(struct ctx *ctx, const char *module);
/* Its schedules: the bin's end after 30 days, unbound files. The first round
 * of a jobs worker calls it. */
int form_schedule(struct ctx *ctx);

/*
 * Publishes a definition (create or new version) in its own transaction:
 * checks all of it (JSON pointer of each error), makes or extends the tables
 * and indexes. Unchanged text does nothing.
 */
int form_publish(struct ctx *ctx, const char *name, const char *module,
                 const struct value *definition, const char *logic);

/* Reads all NAME.json of FOLDER (and NAME.lua beside) and publishes each; a bad
 * one is refused with file and pointer, its old version stays in force. Returns
 * the number of refused ones, or negative. */
int form_publish_folder(struct ctx *ctx, const char *folder,
                        const char *module);
/* Checks a definition as form_publish does, but makes nothing. `out` (may be
 * NULL) receives the form, in ctx's arena. */
int form_check(struct form **out, struct ctx *ctx, const char *name,
               const struct value *definition, const char *logic);

/* Forms of a module that is off are hidden, their data stays. */
int form_enable_module(struct ctx *ctx, const char *module, bool enabled);

#endif
