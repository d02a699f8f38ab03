/*
 * records_fields.h - fields of records as templates want them
 * (themes/default/README.md, "Field types").
 */
#ifndef PORTAL_RECORDS_FIELDS_H
#define PORTAL_RECORDS_FIELDS_H

#include "form/record.h"

struct ctx;
struct value;

/* What a form shows: a record's values, and over them what was typed. */
struct fill {
    const struct record *record; /* NULL: an empty form */
    const struct value *typed;   /* raw input after a refused POST; NULL */
    struct value *problems;      /* problems_value(); gets ids of fields */
    int blank_rows;              /* empty rows of a sub-table, 0: none */
    bool is_new;                 /* `record` holds the defaults */
};

/* Sections of the form with fields in mode "edit"; fields that nobody writes
 * are shown read-only. *sent receives the comma list of keys. */
struct value *records_edit_sections(struct ctx *ctx, const struct form *form,
                                    const struct fill *fill, const char **sent);
/* Sections in mode "read" or "print"; empty fields are left out. */
struct value *records_read_sections(struct ctx *ctx,
                                    const struct record *record,
                                    const char *mode);
/* Whether one of a definition's sections names the field. */
bool records_in_sections(const struct value *sections, const char *key);
/* Appends {title?, fields} to `list`; nothing where there are no fields. */
void records_add_section(struct ctx *ctx, struct value *list,
                         const struct value *title, struct value *fields);
/* A value as a table's cell, its key facts only. */
struct value *records_cell(struct ctx *ctx, const struct field *field,
                           const struct value *value);
/* {text, color} of a state. */
struct value *records_state(struct ctx *ctx, const char *state);
/* "field/TYPE.MODE"; computed fields show as "computed". */
const char *records_control(struct ctx *ctx, const struct field *field,
                            const char *mode);
/* Of a module ("crm.rating"): it brings templates and their data. */
bool records_is_module_type(const struct field *field);
void records_fill(struct ctx *ctx, struct value *map, const struct field *field,
                  const struct value *value);
/* What stands in the fields of the form that a link goes with (form/match.h):
 * typed, else stored; own key → stored value. */
struct value *records_goes_with(struct ctx *ctx, const struct field *link,
                                const struct fill *fill);
/* The type as templates and the browser's code know it. */
const char *records_shown_type(const struct field *field);
/* Adds what people see of a value: text, url, items, iso … */
void records_show(struct ctx *ctx, struct value *map, const struct field *field,
                  const struct value *value);
/* The name of a field or system column in the reader's language. */
const char *records_title(struct ctx *ctx, const struct form *form,
                          const char *key);

#endif
