/*
 * field_module.c - types of fields that modules bring.
 *
 * A form may outlive the module whose type it names: the type is declared in
 * the store, with how its values lie in their column, and a process that does
 * not have the module gets a row that shows a value as it lies and never
 * writes it.
 */
#include "base/banned.h"

#include "form/field_type.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/map.h"
#include "base/str.h"
#include "base/value.h"
#include "form/cache.h"
#include "store/db.h"

static struct arena *registry;
static struct map *added, *missing; /* name → struct field_type */

static void start(void)
{
    if (registry)
        return;
    registry = arena_new(0);
    added = map_new(registry);
    missing = map_new(registry);
}

int field_type_declare(struct ctx *ctx, const char *name, const char *storage)
{
    const char *before;
    int rc = db_text(&before, ctx,
                     "SELECT storage FROM form_field_type WHERE name = ?1", "s",
                     name);

    if (rc == E_NOT_FOUND)
        return db_exec(ctx,
                       "INSERT INTO form_field_type (name, storage)"
                       " VALUES (?1, ?2)",
                       "ss", name, storage);
    if (!rc && strcmp(before, storage) != 0)
        rc = fail(ctx, E_INVALID, "form.field_type_storage",
                  "values of the type %s lie as %s and stay so", name, before);
    return rc;
}

void field_type_add(const struct field_type *type)
{
    struct field_type *copy;

    start();
    copy = arena_memdup(registry, type, sizeof *type);
    map_set(added, copy->name, copy);
    /* Forms that were read before have the row of a missing one. */
    form_cache_forget();
}

/* ---- of a module that is away ---- */

static int refuse_input(struct value **out, struct ctx *ctx,
                        const struct field *field, const char *path,
                        const struct value *in)
{
    (void)out;
    (void)in;
    return fail_at(ctx, E_INVALID, path, "form.field_type_away",
                   "the module of the type %s is away: this field can't be"
                   " written",
                   field->type->name);
}

static struct value *integer_of(struct ctx *ctx, const struct field *field,
                                struct query *query, int column)
{
    (void)field;
    return value_int(ctx->arena, query_int(query, column));
}

static const char *as_it_lies(struct ctx *ctx, const struct field *field,
                              const struct value *value)
{
    const char *text = value_as_text(value);

    (void)field;
    return text ? text
                : arena_printf(ctx->arena, "%lld",
                               (long long)value_as_int(value, 0));
}

static const struct field_type *make_missing(const char *name,
                                             const char *storage)
{
    bool text = strcmp(storage, "TEXT") == 0;
    struct field_type *type = arena_alloc(registry, sizeof *type);

    *type = (struct field_type){
        .name = arena_strdup(registry, name),
        .sql = text ? "TEXT" : "INTEGER",
        .logic = text ? "text" : "integer",
        .properties = FIELD_MODULE_PROPERTIES,
        .flags = text ? FIELD_MODULE_TEXT : FIELD_MODULE_INTEGER,
        .input = refuse_input,
        .from_column = text ? NULL : integer_of,
        .human = as_it_lies,
        .missing = true,
    };
    map_set(missing, type->name, type);
    return type;
}

const struct field_type *field_type_of(struct ctx *ctx, const char *name)
{
    const struct field_type *type = field_type_find(name);
    const char *storage;

    if (type || !strchr(name, '.'))
        return type;
    start();
    type = map_get(added, name);
    if (!type)
        type = map_get(missing, name);
    if (type)
        return type;
    if (!ctx->db ||
        db_text(&storage, ctx,
                "SELECT storage FROM form_field_type WHERE name = ?1", "s",
                name))
        return NULL;
    return make_missing(name, storage);
}
