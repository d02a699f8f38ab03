/*
 * fields.h - the data of a plain form (themes/default/README.md, "Forms")
 * for the portal's own pages, where no form definition stands behind it.
 */
#ifndef PORTAL_FIELDS_H
#define PORTAL_FIELDS_H

#include <stdbool.h>
#include <stdint.h>

struct ctx;
struct request;
struct value;

/* A form that is sent to `action`; `name` keeps drafts apart, `record` is
 * the id of what is changed (0: new). */
struct value *fields_form(struct ctx *ctx, const char *name, const char *action,
                          int64_t record);
void fields_section(struct ctx *ctx, struct value *form, const char *title);

/* Each adds a field to the last section and returns it. label: finished
 * text. What was sent before (after a refused POST) wins over `value`. */
struct value *fields_text(struct ctx *ctx, struct value *form,
                          const struct request *request, const char *name,
                          const char *label, const char *value, int max_length);
struct value *fields_user(struct ctx *ctx, struct value *form,
                          const struct request *request, const char *name,
                          const char *label, int64_t value);
struct value *fields_department(struct ctx *ctx, struct value *form,
                                const struct request *request, const char *name,
                                const char *label, int64_t value,
                                int64_t but_below);
/* Several departments; `ids` is what is chosen now. */
struct value *fields_departments(struct ctx *ctx, struct value *form,
                                 const char *name, const char *label,
                                 const struct value *ids);
/* An empty choice or multi_choice; fill it by fields_option. */
struct value *fields_choice(struct ctx *ctx, struct value *form,
                            const char *name, const char *label, bool multi);
void fields_option(struct ctx *ctx, struct value *field, const char *value,
                   const char *label, bool selected);
void fields_required(struct value *field);
void fields_help(struct value *field, const char *help);

/* The buttons; puts the form, the problems of the context, and each at its
 * field, into `data`. */
void fields_finish(struct ctx *ctx, struct value *data, struct value *form,
                   const char *submit, const char *cancel_url);

/* The problems for the partial `problems`, each linked to "f-FIELD". */
struct value *fields_problems(struct ctx *ctx);

/* Names that such a form sends besides its fields, for request_only. */
#define FIELDS_SENT "_fields", "_version"

/* An id out of a sent field; 0 where empty. E_INVALID at the field. */
int fields_read_id(int64_t *out, struct ctx *ctx, const struct request *request,
                   const char *name);

#endif
