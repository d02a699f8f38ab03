/*
 * view_save.c - saving views, sharing them, and what a person chooses of them.
 *
 * Each change is one transaction with its audit row. Choices (columns, order,
 * what opens first) are marks of a person's own and leave no trail, but for
 * everybody's default.
 */
#include "base/banned.h"

#include "access/access.h"
#include "audit/audit.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/json.h"
#include "base/str.h"
#include "base/unicode.h"
#include "form/definition.h"
#include "form/view_check.h"
#include "org/person.h"
#include "store/db.h"

enum { TITLE_MAX = 60, CONTENT_MAX = 16384 };

static const char INPUT[] = " title kind filter search sort columns shared_with"
                            " locked ";
static const char SHARES[] = " nobody department everyone ";

static int not_there(struct ctx *ctx)
{
    return fail(ctx, E_NOT_FOUND, "form.no_view", "there is no such view");
}

/* ---- what is sent ---- */

/* What a view will be: what is there, and over it what was sent. */
struct change {
    const struct view *old; /* NULL: a new one */
    const char *title, *kind, *shared_with;
    struct value *content;
    bool locked;
};

static int read_title(struct change *change, struct ctx *ctx,
                      const struct value *input)
{
    const char *title = value_get_text(input, "title");
    size_t length;

    if (!value_get(input, "title") && change->old) {
        change->title = change->old->title;
        return 0;
    }
    title = text_clean(ctx->arena, text_nfc(ctx->arena, title ? title : ""));
    length = utf8_length(title, strlen(title));
    if (strspn(title, " \t") == strlen(title))
        return fail_at(ctx, E_INVALID, "title", "form.required",
                       "please fill this in");
    if (length > TITLE_MAX)
        return fail_at(ctx, E_INVALID, "title", "form.too_long",
                       "at most %lld characters, these are %lld",
                       (long long)TITLE_MAX, (long long)length);
    change->title = title;
    return 0;
}

static int read_names(struct ctx *ctx, const struct value *input,
                      const struct view_kind *kind)
{
    size_t i;

    for (i = 0; i < value_count(input); i++) {
        const char *name = value_key_at(input, i);

        if (!definition_word_in(INPUT, name) &&
            !definition_word_in(kind->members, name))
            return fail_at(ctx, E_INVALID, name, "form.unknown_field",
                           "there is no field %s", name);
    }
    return 0;
}

/* The members of the content: those sent, else the old ones; null takes one
 * away. */
static void read_content(struct change *change, struct ctx *ctx,
                         const struct value *input)
{
    static const char NOT_CONTENT[] = " title kind shared_with locked ";
    const struct value *old = change->old ? change->old->content : NULL;
    size_t i;

    change->content = value_map(ctx->arena);
    for (i = 0; i < value_count(old); i++)
        value_set(change->content, value_key_at(old, i),
                  value_copy(ctx->arena, value_item_at(old, i)));
    for (i = 0; i < value_count(input); i++) {
        const char *name = value_key_at(input, i);
        const struct value *item = value_item_at(input, i);

        if (definition_word_in(NOT_CONTENT, name))
            continue;
        if (value_is_empty(item))
            value_remove(change->content, name);
        else
            value_set(change->content, name, value_copy(ctx->arena, item));
    }
}

static int read_change(struct change *change, struct ctx *ctx,
                       const struct form *form, const struct value *input)
{
    const struct view *old = change->old;
    const struct value *locked = value_get(input, "locked");
    const struct value *search;
    const struct view_kind *kind;
    int before = ctx->problem_count, rc;

    if (value_kind(input) != VALUE_MAP)
        return fail(ctx, E_INVALID, "form.expected_map",
                    "expected an object with the view's members");
    change->kind = value_get_text(input, "kind");
    if (!change->kind)
        change->kind = old ? old->kind : "list";
    kind = view_kind_named(change->kind);
    if (!kind)
        return fail_at(ctx, E_INVALID, "kind", "form.view_kind",
                       "there is no kind of view called %s", change->kind);
    rc = read_names(ctx, input, kind);
    if (!rc)
        rc = read_title(change, ctx, input);
    change->shared_with = value_get_text(input, "shared_with");
    if (!change->shared_with)
        change->shared_with = old ? old->shared_with : "nobody";
    if (!rc && !definition_word_in(SHARES, change->shared_with))
        rc = fail_at(ctx, E_INVALID, "shared_with", "form.view_share",
                     "a view is shared with nobody, department or everyone");
    if (!rc && locked && value_kind(locked) != VALUE_BOOL)
        rc = fail_at(ctx, E_INVALID, "locked", "form.expected_boolean",
                     "expected true or false");
    change->locked = locked ? value_as_bool(locked) : old && old->locked;
    if (rc)
        return rc;
    read_content(change, ctx, input);
    search = value_get(change->content, "search");
    if (search &&
        (!value_as_text(search) || strlen(value_as_text(search)) > 800))
        return fail_at(ctx, E_INVALID, "search", "form.expected_text",
                       "please enter a text");
    view_check_content(ctx, form, kind, change->content, "");
    return ctx->problem_count > before ? E_INVALID : 0;
}

/* ---- the row ---- */

static int check_room(struct ctx *ctx, const struct form *form)
{
    int64_t count = 0;
    int rc = db_int(&count, ctx,
                    "SELECT count(*) FROM form_view WHERE form = ?1"
                    " AND owner = ?2 AND deleted_at = 0",
                    "ii", form->id, ctx->person->id);

    if (!rc && count >= VIEWS_MAX)
        rc = fail(ctx, E_LIMIT, "form.too_many_views",
                  "at most %d views of a form; delete one first", VIEWS_MAX);
    return rc;
}

static int insert(int64_t *id, struct ctx *ctx, const struct form *form,
                  const struct change *change, const char *content)
{
    int rc = check_room(ctx, form);

    *id = id_next();
    return rc ? rc
              : db_exec(ctx,
                        "INSERT INTO form_view (id, form, title, kind, content,"
                        " owner, shared_with, department, locked, created_at,"
                        " updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8,"
                        " ?9, ?10, ?10)",
                        "iisssisiii", *id, form->id, change->title,
                        change->kind, content, ctx->person->id,
                        change->shared_with, ctx->person->department,
                        (int64_t)change->locked, clock_now());
}

static int save(int64_t *out, struct ctx *ctx, const struct form *form,
                const struct change *change)
{
    const char *content = json_text(ctx->arena, change->content);
    struct value *changes = value_map(ctx->arena);
    struct value *title = value_map(ctx->arena);
    int rc;

    if (strlen(content) > CONTENT_MAX)
        return fail(ctx, E_LIMIT, "form.view_too_long",
                    "this view is too long to be saved");
    value_set_text(title, "to", change->title);
    value_set(changes, "title", title);
    if (change->old) {
        *out = change->old->id;
        value_set_text(title, "from", change->old->title);
        rc = db_exec(ctx,
                     "UPDATE form_view SET title = ?2, kind = ?3, content = ?4,"
                     " shared_with = ?5, locked = ?6, updated_at = ?7"
                     " WHERE id = ?1",
                     "issssii", *out, change->title, change->kind, content,
                     change->shared_with, (int64_t)change->locked, clock_now());
    } else {
        rc = insert(out, ctx, form, change, content);
    }
    if (rc)
        return rc;
    return audit_add(ctx, "view", *out, change->old ? "update" : "create",
                     changes);
}

/* A saved view that ctx->person may change. */
static int editable(struct view **out, struct ctx *ctx, const struct form *form,
                    int64_t id)
{
    struct views views;
    int rc = view_list(&views, ctx, form);

    if (rc)
        return rc;
    *out = view_named(&views, arena_printf(ctx->arena, "%lld", (long long)id));
    if (!*out)
        return not_there(ctx);
    if (!(*out)->editable)
        return fail(ctx, E_FORBIDDEN, "form.not_your_view",
                    "this view belongs to somebody else; save one of your own");
    return 0;
}

int view_save(int64_t *out, struct ctx *ctx, const struct form *form,
              int64_t id, const struct value *input)
{
    struct change change = { 0 };
    struct view *old = NULL;
    int rc = 0;

    if (!ctx->person || !access_form(ctx, form->name, RIGHT_READ))
        return fail(ctx, E_FORBIDDEN, "form.view_forbidden",
                    "you may not list the records of this form");
    if (id)
        rc = editable(&old, ctx, form, id);
    change.old = old;
    if (!rc)
        rc = read_change(&change, ctx, form, input);
    if (!rc)
        rc = tx_begin(ctx, "form.view");
    return rc ? rc : tx_end(ctx, save(out, ctx, form, &change));
}

static int mark_deleted(struct ctx *ctx, int64_t id, int64_t at,
                        const char *action)
{
    int rc = tx_begin(ctx, "form.view");

    if (rc)
        return rc;
    rc = db_exec(ctx, "UPDATE form_view SET deleted_at = ?2 WHERE id = ?1",
                 "ii", id, at);
    if (!rc)
        rc = audit_add(ctx, "view", id, action, NULL);
    return tx_end(ctx, rc);
}

int view_delete(struct ctx *ctx, const struct form *form, int64_t id)
{
    struct view *view;
    int rc = editable(&view, ctx, form, id);

    return rc ? rc : mark_deleted(ctx, id, clock_now(), "delete");
}

int view_restore(struct ctx *ctx, const struct form *form, int64_t id)
{
    int64_t owner = 0;
    int rc = db_int(&owner, ctx,
                    "SELECT owner FROM form_view WHERE id = ?1 AND form = ?2"
                    " AND deleted_at > 0",
                    "ii", id, form->id);

    if (rc == E_NOT_FOUND ||
        (!rc &&
         (!ctx->person || (owner != ctx->person->id &&
                           !access_form(ctx, form->name, RIGHT_DESIGN)))))
        return not_there(ctx);
    return rc ? rc : mark_deleted(ctx, id, 0, "restore");
}

int view_purge(struct ctx *ctx, int64_t before)
{
    int rc = tx_begin(ctx, "form.view");

    if (rc)
        return rc;
    rc = db_exec(ctx,
                 "DELETE FROM form_view WHERE deleted_at > 0"
                 " AND deleted_at < ?1",
                 "i", before);
    return tx_end(ctx, rc);
}

/* ---- choices ---- */

/* "" is the list without a view; another key must be one that he sees. */
static int known_key(struct views *views, struct ctx *ctx,
                     const struct form *form, const char *key)
{
    int rc = ctx->person ? view_list(views, ctx, form) : not_there(ctx);

    if (!rc && *key && !view_named(views, key))
        rc = not_there(ctx);
    return rc;
}

int view_set_columns(struct ctx *ctx, const struct form *form, const char *key,
                     const char *columns)
{
    struct views views;
    int rc = known_key(&views, ctx, form, key);

    if (!rc)
        rc = tx_begin(ctx, "form.columns");
    if (rc)
        return rc;
    rc = db_exec(ctx,
                 "INSERT INTO form_view_choice (person, form, view_key,"
                 " columns) VALUES (?1, ?2, ?3, ?4)"
                 " ON CONFLICT (person, form, view_key)"
                 " DO UPDATE SET columns = ?4",
                 "iiss", ctx->person->id, form->id, key, columns);
    return tx_end(ctx, rc);
}

static int set_default(struct ctx *ctx, const struct form *form,
                       const char *key, int64_t person)
{
    struct value *changes = value_map(ctx->arena);
    struct value *pair = value_map(ctx->arena);
    int rc = db_exec(ctx,
                     "UPDATE form_view_choice SET is_default = 0"
                     " WHERE person = ?1 AND form = ?2",
                     "ii", person, form->id);

    if (!rc && key)
        rc = db_exec(ctx,
                     "INSERT INTO form_view_choice (person, form, view_key,"
                     " is_default) VALUES (?1, ?2, ?3, 1)"
                     " ON CONFLICT (person, form, view_key)"
                     " DO UPDATE SET is_default = 1",
                     "iis", person, form->id, key);
    if (rc || person)
        return rc;
    value_set_text(pair, "to", key ? key : "");
    value_set(changes, "default_view", pair);
    return audit_add(ctx, "form", form->id, "update", changes);
}

int view_set_default(struct ctx *ctx, const struct form *form, const char *key,
                     bool everybody)
{
    struct view *view;
    struct views views;
    int rc = known_key(&views, ctx, form, key ? key : "");

    if (!rc && everybody && !access_form(ctx, form->name, RIGHT_DESIGN))
        rc = fail(ctx, E_FORBIDDEN, "form.default_forbidden",
                  "only who may design this form says what everybody sees"
                  " first");
    view = !rc && key ? view_named(&views, key) : NULL;
    if (view && everybody && strcmp(view->shared_with, "everyone") != 0)
        rc = fail(ctx, E_INVALID, "form.default_private",
                  "share the view with everyone first");
    if (!rc)
        rc = tx_begin(ctx, "form.view");
    if (rc)
        return rc;
    return tx_end(ctx,
                  set_default(ctx, form, key, everybody ? 0 : ctx->person->id));
}

static int place(struct ctx *ctx, const struct form *form,
                 struct view *const *items, size_t count)
{
    size_t i;
    int rc = 0;

    for (i = 0; !rc && i < count; i++)
        rc = db_exec(ctx,
                     "INSERT INTO form_view_choice (person, form, view_key,"
                     " place) VALUES (?1, ?2, ?3, ?4)"
                     " ON CONFLICT (person, form, view_key)"
                     " DO UPDATE SET place = ?4",
                     "iisi", ctx->person->id, form->id, items[i]->key,
                     (int64_t)i);
    return rc;
}

int view_move(struct ctx *ctx, const struct form *form, const char *key,
              int step)
{
    struct view *moved;
    struct views views;
    size_t i, to;
    int rc = known_key(&views, ctx, form, key);

    if (rc)
        return rc;
    for (i = 0; i < views.count && strcmp(views.items[i]->key, key) != 0; i++)
        ;
    to = step < 0 ? i - 1 : i + 1;
    if (i == views.count || to >= views.count)
        return 0; /* at the end already */
    moved = views.items[i];
    views.items[i] = views.items[to];
    views.items[to] = moved;
    rc = tx_begin(ctx, "form.view");
    return rc ? rc : tx_end(ctx, place(ctx, form, views.items, views.count));
}
