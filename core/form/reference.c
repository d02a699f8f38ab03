/*
 * reference.c - looking up the records that links and cascades name.
 *
 * Reads single rows of the target's table; who may see them, access/ says.
 */
#include "base/banned.h"

#include "form/reference.h"

#include "access/access.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/json.h"
#include "base/map.h"
#include "base/str.h"
#include "base/unicode.h"
#include "form/field_type.h"
#include "form/match.h"
#include "form/record.h"
#include "org/org.h"
#include "store/condition.h"
#include "store/dialect.h"

enum { OPTIONS_MOST = 50, LEVEL_MOST = 1000 };

/* form_find without a problem where the form is gone. */
static const struct form *find_target(struct ctx *ctx, const char *target)
{
    const struct form *form = NULL;
    struct ctx quiet = ctx_apart(ctx);

    return form_find(&form, &quiet, target) ? NULL : form;
}

int reference_visible(struct ctx *ctx, const char *target, int64_t id)
{
    const struct form *form = find_target(ctx, target);
    struct record_facts facts = { .form = target, .id = id };
    struct ctx quiet = ctx_apart(ctx);
    QUERY_AUTO *query = NULL;
    int rc;

    if (!form)
        return E_NOT_FOUND;
    /* +deleted_at: by its id. While a table is new a planner takes another
     * index for as good, and keeps to that when it has grown. */
    rc = db_query(&query, ctx,
                  /* sql: names from the definition */
                  arena_printf(ctx->arena,
                               "SELECT owner, department FROM \"%s\""
                               " WHERE id = ?1 AND +deleted_at = 0",
                               form->table),
                  "i", id);
    if (rc)
        return rc;
    rc = query_next(query);
    if (rc <= 0)
        return rc ? rc : E_NOT_FOUND;
    facts.owner = query_int(query, 0);
    facts.department = query_int(query, 1);
    rc = access_record(&quiet, &facts, RIGHT_READ);
    return rc == E_FORBIDDEN ? E_NOT_FOUND : rc;
}

/* "id, parent, label": the columns that read_label reads. */
static const char *label_columns(struct ctx *ctx, const struct form *form)
{
    const struct field *field =
        form->label_field ? form_field(form, form->label_field) : NULL;

    return arena_printf(
        ctx->arena, "id, %s, %s",
        form->parent_field
            ? arena_printf(ctx->arena, "\"f_%s\"", form->parent_field)
            : "0",
        field ? arena_printf(ctx->arena, "\"%s\"", field->column) : "NULL");
}

static const char *read_label(struct ctx *ctx, const struct form *form,
                              struct query *row)
{
    const struct field *field =
        form->label_field ? form_field(form, form->label_field) : NULL;
    struct value *value = field ? field_from_column(ctx, field, row, 2) : NULL;
    const char *label = NULL;

    if (!value_is_empty(value))
        label = field->type->flags & FIELD_RECORD
                    ? arena_printf(ctx->arena, "%lld",
                                   (long long)value_as_int(value, 0))
                    : field_human(ctx, field, value);
    if (text_empty(label))
        label = arena_printf(ctx->arena, "#%lld", (long long)query_int(row, 0));
    return label;
}

/* Name and parent of one row. 1: found. */
static int read_row(struct ctx *ctx, const struct form *form, int64_t id,
                    const char **label, int64_t *parent)
{
    QUERY_AUTO *query = NULL;
    int rc =
        db_query(&query, ctx,
                 /* sql: names from the definition */
                 arena_printf(ctx->arena, "SELECT %s FROM \"%s\" WHERE id = ?1",
                              label_columns(ctx, form), form->table),
                 "i", id);

    if (!rc)
        rc = query_next(query);
    if (rc <= 0)
        return rc;
    *parent = query_int(query, 1);
    *label = read_label(ctx, form, query);
    return 1;
}

/* ---- names that were asked for lately ---- */

enum { KNOWN = 256, KNOWN_TEXT = 120, KNOWN_MS = 1000 };

/* What a page of a list asks for again and again: the same few rows. Good
 * until a record of the form changes; and no longer than KNOWN_MS, for the
 * snapshot that was read may be older than that change. */
struct known_label {
    const struct form *form; /* never freed, so it names a version */
    const struct db *db;
    const struct zone *zone;
    int64_t id, made;
    uint64_t records;
    char locale[16], label[KNOWN_TEXT];
};

static struct known_label known_labels[KNOWN];

/* The place of this name, which *fresh says to be there; NULL: not kept. */
static struct known_label *known_label(struct ctx *ctx, const struct form *form,
                                       int64_t id, bool *fresh)
{
    /* An id ends in a counter and the node; above stands the time. */
    struct known_label *known =
        &known_labels[((uint64_t)id ^ (uint64_t)id >> 22) % KNOWN];
    uint64_t records;

    *fresh = false;
    if (tx_active(ctx) || strlen(ctx->locale) >= sizeof known->locale)
        return NULL;
    records = change_counter_get(ctx, form->name);
    *fresh = known->id == id && known->form == form && known->db == ctx->db &&
             known->zone == ctx->zone && known->records == records &&
             strcmp(known->locale, ctx->locale) == 0 &&
             clock_monotonic() - known->made < KNOWN_MS;
    if (*fresh)
        return known;
    *known = (struct known_label){ .form = form,
                                   .db = ctx->db,
                                   .zone = ctx->zone,
                                   .made = clock_monotonic(),
                                   .records = records };
    memcpy(known->locale, ctx->locale, strlen(ctx->locale) + 1);
    return known;
}

const char *reference_label(struct ctx *ctx, const char *target, int64_t id)
{
    const struct form *form = find_target(ctx, target);
    struct known_label *known = NULL;
    const char *label, *all = "";
    int64_t parent, first = id;
    bool fresh = false;
    int depth;

    if (form && id)
        known = known_label(ctx, form, id, &fresh);
    if (fresh)
        return arena_strdup(ctx->arena, known->label);
    for (depth = 0; form && id && depth < TREE_DEPTH_MAX; depth++) {
        if (read_row(ctx, form, id, &label, &parent) <= 0)
            break;
        all = *all ? arena_printf(ctx->arena, "%s / %s", label, all) : label;
        id = form->parent_field ? parent : 0;
    }
    if (known && *all && strlen(all) < sizeof known->label) {
        memcpy(known->label, all, strlen(all) + 1);
        known->id = first;
    }
    return all;
}

/* A row that was read: its name, and the row above. */
struct named {
    const char *label;
    int64_t parent;
};

static const char *id_text(struct ctx *ctx, int64_t id)
{
    return arena_printf(ctx->arena, "%lld", (long long)id);
}

/* Reads the rows of `wanted` into `rows`, by id. */
static int read_named(struct map *rows, struct ctx *ctx,
                      const struct form *form, const struct value *wanted)
{
    QUERY_AUTO *query = NULL;
    int rc = db_query(&query, ctx,
                      /* sql: names from the definition */
                      arena_printf(ctx->arena,
                                   "SELECT %s FROM \"%s\" WHERE id IN"
                                   " (SELECT CAST(value AS BIGINT)"
                                   " FROM %s AS j)",
                                   label_columns(ctx, form), form->table,
                                   db_json_items(ctx, "?1")),
                      "s", json_text(ctx->arena, wanted));

    while (!rc && (rc = query_next(query)) == 1) {
        struct named *row = arena_alloc(ctx->arena, sizeof *row);

        row->label = read_label(ctx, form, query);
        row->parent = query_int(query, 1);
        map_set(rows, id_text(ctx, query_int(query, 0)), row);
        rc = 0;
    }
    return rc;
}

/* Of a tree the rows above too, level by level. */
static int read_all_named(struct map *rows, struct ctx *ctx,
                          const struct form *form, const int64_t *ids,
                          size_t count)
{
    struct value *wanted = value_list(ctx->arena);
    size_t first = 0, last, i;
    int depth, rc = 0;

    for (i = 0; i < count; i++)
        if (ids[i])
            value_append(wanted, value_int(ctx->arena, ids[i]));
    for (depth = 0; !rc && value_count(wanted) && depth < TREE_DEPTH_MAX;
         depth++) {
        rc = read_named(rows, ctx, form, wanted);
        wanted = value_list(ctx->arena);
        last = map_count(rows);
        for (i = first; form->parent_field && i < last; i++) {
            const struct named *row = map_value_at(rows, i);

            if (row->parent && !map_get(rows, id_text(ctx, row->parent)))
                value_append(wanted, value_int(ctx->arena, row->parent));
        }
        first = last;
    }
    return rc;
}

int reference_labels(const char **labels, struct ctx *ctx, const char *target,
                     const int64_t *ids, size_t count)
{
    const struct form *form = find_target(ctx, target);
    struct map *rows = map_new(ctx->arena);
    size_t i;
    int rc = form ? read_all_named(rows, ctx, form, ids, count) : 0;

    for (i = 0; i < count; i++) {
        int64_t id = ids[i];
        int depth;

        labels[i] = "";
        for (depth = 0; !rc && id && depth < TREE_DEPTH_MAX; depth++) {
            const struct named *row = map_get(rows, id_text(ctx, id));

            if (!row)
                break;
            labels[i] = *labels[i] ? arena_printf(ctx->arena, "%s / %s",
                                                  row->label, labels[i])
                                   : row->label;
            id = row->parent;
        }
    }
    return rc;
}

bool reference_has_children(struct ctx *ctx, const struct form *tree,
                            int64_t id)
{
    int64_t found = 0;

    if (!tree->parent_field)
        return false;
    return db_int(&found, ctx,
                  /* sql: names from the definition */
                  arena_printf(ctx->arena,
                               "SELECT 1 FROM \"%s\" WHERE \"f_%s\" = ?1"
                               " AND deleted_at = 0 LIMIT 1",
                               tree->table, tree->parent_field),
                  "i", id) == 0 &&
           found == 1;
}

size_t reference_path(int64_t path[TREE_DEPTH_MAX], struct ctx *ctx,
                      const struct form *tree, int64_t id)
{
    int64_t up[TREE_DEPTH_MAX], parent;
    size_t count = 0, i;
    const char *label;

    while (id && count < TREE_DEPTH_MAX &&
           read_row(ctx, tree, id, &label, &parent) == 1) {
        up[count++] = id;
        id = tree->parent_field ? parent : 0;
    }
    for (i = 0; i < count; i++)
        path[i] = up[count - 1 - i];
    return count;
}

/* The child of `parent` (0: a root) with this name. */
static int find_child(int64_t *id, struct ctx *ctx, const struct form *tree,
                      int64_t parent, const char *name)
{
    struct condition up = { .kind = CONDITION_TEST,
                            .field = tree->parent_field,
                            .op = "eq" };
    struct condition is = { .kind = CONDITION_TEST,
                            .field = tree->label_field,
                            .op = "eq",
                            .value = value_text(ctx->arena, name) };
    struct condition *parts[] = { &up, &is };
    struct condition both = { .kind = CONDITION_AND,
                              .parts = parts,
                              .part_count = 2 };
    struct record_query query = { .where = &both, .limit = 1 };
    struct record **records;
    size_t count;
    int rc;

    up.value = parent ? value_int(ctx->arena, parent) : value_null(ctx->arena);
    rc = record_list(&records, &count, ctx, tree, &query);
    *id = !rc && count ? records[0]->id : 0;
    return rc;
}

int reference_find_path(int64_t *id, struct ctx *ctx, const char *target,
                        const char *path)
{
    const struct form *tree = find_target(ctx, target);
    char *rest = arena_strdup(ctx->arena, path);
    int64_t parent = 0;
    int rc = 0;

    *id = 0;
    if (!tree || !tree->parent_field || !tree->label_field)
        return 0;
    while (!rc && rest) {
        char *name = rest, *next = strstr(rest, " / ");
        size_t length;

        rest = next ? next + 3 : NULL;
        if (next)
            *next = '\0';
        name += strspn(name, " /");
        length = strlen(name);
        while (length && strchr(" /", name[length - 1]))
            name[--length] = '\0';
        rc = find_child(&parent, ctx, tree, parent, name);
        if (!parent)
            return rc;
    }
    *id = parent;
    return rc;
}

static int user_named(int64_t *id, struct ctx *ctx, const char *text)
{
    const char *wanted = text_fold(ctx->arena, text);
    struct value *found;
    size_t i, same = 0;
    int rc = org_search_users(&found, ctx, text, OPTIONS_MOST);

    for (i = 0; !rc && i < value_count(found); i++) {
        const struct value *user = value_at(found, i);
        const char *name = value_get_text(user, "name");

        if (name && strcmp(text_fold(ctx->arena, name), wanted) == 0) {
            *id = value_get_id(user, "id");
            same++;
        }
    }
    if (!rc && !same && value_count(found) == 1)
        *id = value_get_id(value_at(found, 0), "id");
    if (same > 1)
        *id = 0;
    return rc;
}

static int department_named(int64_t *id, struct ctx *ctx, const char *text)
{
    const char *wanted = text_fold(ctx->arena, text);
    const struct department **all;
    size_t count, i, same = 0;
    int rc = department_list(&all, &count, ctx);

    for (i = 0; !rc && i < count; i++)
        if (strcmp(text_fold(ctx->arena, all[i]->name), wanted) == 0) {
            *id = all[i]->id;
            same++;
        }
    if (same > 1)
        *id = 0;
    return rc;
}

static int record_named(int64_t *id, struct ctx *ctx, const char *target,
                        const char *text)
{
    const struct form *form = find_target(ctx, target);
    struct condition is = { .kind = CONDITION_TEST,
                            .op = "eq",
                            .value = value_text(ctx->arena, text) };
    struct record_query query = { .where = &is, .limit = 2 };
    struct record **records;
    size_t count;
    int rc;

    if (form && form->parent_field)
        return reference_find_path(id, ctx, target, text);
    if (!form || !form->label_field)
        return 0;
    is.field = form->label_field;
    rc = record_list(&records, &count, ctx, form, &query);
    if (!rc && count == 1)
        *id = records[0]->id;
    return rc;
}

int reference_named(int64_t *id, struct ctx *ctx, const char *type,
                    const char *target, const char *text)
{
    *id = 0;
    if (text_empty(text))
        return 0;
    if (strcmp(type, "user") == 0)
        return user_named(id, ctx, text);
    if (strcmp(type, "department") == 0)
        return department_named(id, ctx, text);
    return target ? record_named(id, ctx, target, text) : 0;
}

static struct value *option_of(struct ctx *ctx, int64_t id, const char *label)
{
    struct value *option = value_map(ctx->arena);

    value_set_id(option, "id", id);
    value_set_text(option, "label", label);
    return option;
}

static int department_options(struct value *list, struct ctx *ctx,
                              const char *q)
{
    const char *wanted = text_fold(ctx->arena, q ? q : "");
    const struct department **all;
    size_t count, i;
    int rc = department_list(&all, &count, ctx);

    if (rc)
        return rc;
    for (i = 0; i < count && value_count(list) < LEVEL_MOST; i++)
        if (!*wanted || strstr(text_fold(ctx->arena, all[i]->name), wanted)) {
            struct value *option = option_of(ctx, all[i]->id, all[i]->name);

            value_set_int(option, "depth", all[i]->depth);
            value_append(list, option);
        }
    return 0;
}

static int record_options(struct value *list, struct ctx *ctx,
                          const struct field *field, const struct form *form,
                          const char *q, int64_t parent,
                          const struct value *goes_with)
{
    bool cascade = strcmp(field->type->name, "cascade") == 0 &&
                   form->parent_field && text_empty(q);
    struct record_query query = { .search = text_empty(q) ? NULL : q,
                                  .sort = form->label_field,
                                  .limit = OPTIONS_MOST };
    struct condition test = { .kind = CONDITION_TEST,
                              .field = form->parent_field,
                              .op = "eq" };
    struct condition *match;
    struct record **records;
    size_t count, i;
    int rc = match_condition(&match, ctx, field, goes_with);

    if (rc)
        return rc;
    query.where = match;
    if (query.search)
        query.sort = "id"; /* of a tree the upper levels first */
    if (cascade) {
        test.value =
            parent ? value_int(ctx->arena, parent) : value_null(ctx->arena);
        query.where = &test;
        query.limit = LEVEL_MOST;
        query.sort = form_field(form, "code") ? "code" : form->label_field;
    }
    rc = record_list(&records, &count, ctx, form, &query);
    for (i = 0; !rc && i < count; i++) {
        struct value *option = option_of(
            ctx, records[i]->id,
            cascade ? record_label(ctx, records[i])
                    : reference_label(ctx, form->name, records[i]->id));

        if (cascade)
            value_set_bool(option, "leaf",
                           !reference_has_children(ctx, form, records[i]->id));
        value_append(list, option);
    }
    return rc;
}

int reference_options(struct value **out, struct ctx *ctx,
                      const struct field *field, const char *q, int64_t parent,
                      const struct value *goes_with)
{
    const struct form *form;
    struct value *found;
    size_t i;
    int rc;

    *out = value_list(ctx->arena);
    if (strcmp(field->type->name, "department") == 0)
        return department_options(*out, ctx, q);
    if (strcmp(field->type->name, "user") == 0) {
        rc = org_search_users(&found, ctx, q ? q : "", OPTIONS_MOST);
        for (i = 0; !rc && i < value_count(found); i++) {
            struct value *user = value_at(found, i);
            struct value *option = option_of(ctx, value_get_id(user, "id"),
                                             value_get_text(user, "name"));

            value_set_text(option, "detail",
                           value_get_text(user, "department"));
            value_append(*out, option);
        }
        return rc;
    }
    if (!field->target)
        return fail(ctx, E_NOT_FOUND, "form.no_options",
                    "this field has no options to look up");
    form = find_target(ctx, field->target);
    if (!form)
        return fail(ctx, E_NOT_FOUND, "form.unknown", "there is no form %s",
                    field->target);
    return record_options(*out, ctx, field, form, q, parent, goes_with);
}
