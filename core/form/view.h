/*
 * view.h - views of a form's records: a filter, an order, columns, a kind
 * (list, …), with a name. Some come with the definition ("views"), others are
 * saved by people, for themselves or for others.
 *
 * A view is a convenience, not a permission: whoever opens one sees those of
 * its records that grants show him (access/). A locked view's filter can't be
 * taken off while it is shown.
 */
#ifndef FORM_VIEW_H
#define FORM_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "form/form.h"

struct ctx;

enum { VIEWS_MAX = 100, VIEW_COLUMNS_MAX = 20 };

struct view {
    int64_t id;        /* 0: of the definition */
    const char *key;   /* of the definition; else the id's digits */
    const char *title; /* in the reader's language */
    const char *kind;  /* "list", "kanban", "chart" */
    /* {filter, search, sort, columns, and the members of the kind}; checked
     * when it was saved, not against a later version of the form. */
    const struct value *content;
    int64_t owner;           /* 0: of the definition */
    const char *shared_with; /* "nobody", "department", "everyone" */
    int64_t department;
    bool locked;
    bool editable;       /* ctx->person may change and delete it */
    bool my_default;     /* what he sees first */
    bool every_default;  /* what those see first who have no own */
    const char *columns; /* his own: "name:240,stage"; NULL */
};

/* A kind of view: its name, what its content may hold beyond the common
 * members (words between spaces), and a check of these (NULL: none), whose
 * problems stand at JSON pointers below `pointer`. */
struct view_kind {
    const char *name, *members;
    void (*check)(struct ctx *ctx, const struct form *form,
                  const struct value *content, const char *pointer);
};
const struct view_kind *view_kind_named(const char *name);

/* The property "views" of a definition. */
void view_check_all(struct ctx *ctx, const struct form *form,
                    const struct value *views);

/* The views of a form that ctx->person sees. */
struct views {
    struct view **items; /* in the order of his tabs */
    size_t count;
    struct view *first;  /* opens first; NULL: the list without a view */
    const char *columns; /* his own of the list without a view; NULL */
};
int view_list(struct views *out, struct ctx *ctx, const struct form *form);
/* The one of that key; NULL. */
struct view *view_named(const struct views *views, const char *key);
/* {id?, key, form, title, kind, filter, search, sort, columns, …, owner,
 * shared_with, locked, editable, default} for the REST API. */
struct value *view_value(struct ctx *ctx, const struct form *form,
                         const struct view *view);

/*
 * Saves a view. input: {title, kind, filter, search, sort, columns,
 * shared_with, locked} and the kind's members; what is absent of an existing
 * one stays. id 0: a new one of ctx->person.
 *
 * Returns 0; E_INVALID (at the member), E_FORBIDDEN (another's, or a form he
 * may not read), E_NOT_FOUND, E_LIMIT, a store error. Audited.
 */
int view_save(int64_t *out, struct ctx *ctx, const struct form *form,
              int64_t id, const struct value *input);
/* Away, and back again within 30 days. */
int view_delete(struct ctx *ctx, const struct form *form, int64_t id);
int view_restore(struct ctx *ctx, const struct form *form, int64_t id);

/* The own columns and widths of a view ("": the plain list); NULL: none. */
int view_set_columns(struct ctx *ctx, const struct form *form, const char *key,
                     const char *columns);
/* What opens first, for oneself or (RIGHT_DESIGN) for everybody; key "": the
 * plain list; NULL: what everybody sees, or no default. */
int view_set_default(struct ctx *ctx, const struct form *form, const char *key,
                     bool everybody);
/* Moves his tab by a step to the left (-1) or right (1). */
int view_move(struct ctx *ctx, const struct form *form, const char *key,
              int step);

/* Removes for good what was deleted before that moment. */
int view_purge(struct ctx *ctx, int64_t before);

#endif
