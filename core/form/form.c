/*
 * form.c - the loaded forms of this process.
 *
 * Read from the store when the epoch "form" has changed; a form whose version
 * is the same is kept. Each has an arena of its own; one that was replaced
 * stays until the process ends, because a call may still hold it (forms
 * change rarely, workers are recycled).
 */
#include "base/banned.h"

#include "form/form.h"

#include <assert.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/json.h"
#include "base/log.h"
#include "base/map.h"
#include "base/str.h"
#include "form/cache.h"
#include "form/definition.h"
#include "form/field_type.h"
#include "form/sql.h"
#include "store/db.h"

static struct {
    const struct db *db;
    int64_t epoch;
    bool stale;
    struct arena *arena; /* of the list and the map */
    struct map *by_name;
    const struct form **enabled;
    size_t enabled_count;
    struct arena *forms; /* of the forms; never emptied */
} cache;

void form_cache_drop(void)
{
    cache.stale = true;
}

void form_cache_forget(void)
{
    cache.stale = true;
    cache.db = NULL;
}

static bool cache_fresh(struct ctx *ctx)
{
    return !cache.stale && cache.db == ctx->db && cache.by_name &&
           cache.epoch == epoch_of(ctx, "form");
}

/* The form of the current row: id, name, module, table, enabled, version,
 * definition, logic. NULL where a stored definition can't be read: it was
 * checked when it was published, so this is a newer program's. */
static const struct form *read_form(struct ctx *ctx, struct query *query)
{
    const char *text = query_text(query, 6);
    struct ctx own = ctx_apart(ctx);
    struct value *definition;
    struct form *form;

    if (json_parse(&definition, &own, text, strlen(text)) ||
        definition_read(&form, &own, cache.forms, query_text(query, 1),
                        query_text(query, 3), definition,
                        query_text(query, 7))) {
        log_event(LOG_ERROR, "form.unreadable", "form", query_text(query, 1),
                  "reason", ctx_error(&own), NULL);
        return NULL;
    }
    form->id = query_int(query, 0);
    form->module = arena_strdup(cache.forms, query_text(query, 2));
    form->enabled = query_int(query, 4) != 0;
    form->version = (int)query_int(query, 5);
    form->sql = form_sql_make(cache.forms, form);
    return form;
}

static bool same_version(const struct form *form, struct query *query)
{
    return form && form->id == query_int(query, 0) &&
           form->version == (int)query_int(query, 5) &&
           form->enabled == (query_int(query, 4) != 0) &&
           text_equal(form->module, query_text(query, 2));
}

static int load(struct ctx *ctx)
{
    struct map *old = cache.db == ctx->db ? cache.by_name : NULL;
    struct arena *old_arena = cache.arena;
    struct arena *arena = arena_new(0);
    struct map *by_name = map_new(arena);
    QUERY_AUTO *query = NULL;
    int64_t epoch = epoch_of(ctx, "form");
    size_t i;
    int rc;

    if (!cache.forms)
        cache.forms = arena_new(0);
    rc = db_query(&query, ctx,
                  "SELECT f.id, f.name, f.module, f.table_name, f.enabled,"
                  " f.version, v.definition, v.logic FROM form f"
                  " JOIN form_version v ON v.form = f.id"
                  " AND v.version = f.version ORDER BY f.name",
                  "");
    while (!rc && (rc = query_next(query)) == 1) {
        const struct form *form =
            old ? map_get(old, query_text(query, 1)) : NULL;

        if (!same_version(form, query))
            form = read_form(ctx, query);
        if (form)
            map_set(by_name, form->name, (void *)form);
        rc = 0;
    }
    if (rc) {
        arena_free(arena);
        return rc;
    }
    cache.enabled =
        arena_array(arena, map_count(by_name) + 1, sizeof *cache.enabled);
    cache.enabled_count = 0;
    for (i = 0; i < map_count(by_name); i++) {
        const struct form *form = map_value_at(by_name, i);

        if (form->enabled)
            cache.enabled[cache.enabled_count++] = form;
    }
    cache.arena = arena;
    cache.by_name = by_name;
    cache.db = ctx->db;
    cache.epoch = epoch;
    cache.stale = false;
    arena_free(old_arena);
    return 0;
}

static int ensure(struct ctx *ctx)
{
    return cache_fresh(ctx) ? 0 : load(ctx);
}

int form_find(const struct form **out, struct ctx *ctx, const char *name)
{
    int rc = ensure(ctx);

    assert(out);
    *out = NULL;
    if (rc)
        return rc;
    *out = name ? map_get(cache.by_name, name) : NULL;
    if (!*out)
        return fail(ctx, E_NOT_FOUND, "form.unknown", "there is no form %s",
                    name ? name : "");
    return 0;
}

int form_list(const struct form ***out, size_t *count, struct ctx *ctx)
{
    int rc = ensure(ctx);

    *count = 0;
    if (rc)
        return rc;
    *out = arena_memdup(ctx->arena, cache.enabled,
                        (cache.enabled_count + 1) * sizeof **out);
    *count = cache.enabled_count;
    return 0;
}

const struct field *form_field(const struct form *form, const char *key)
{
    size_t i;

    for (i = 0; i < form->field_count; i++) {
        const char *own = form->fields[i]->key;

        /* Asked some hundred times a page. */
        if (*own == *key && strcmp(own, key) == 0)
            return form->fields[i];
    }
    return NULL;
}

const struct field *form_cell(const struct field *table, const char *key)
{
    size_t i;

    for (i = 0; i < table->field_count; i++)
        if (strcmp(table->fields[i]->key, key) == 0)
            return table->fields[i];
    return NULL;
}

int form_check(struct form **out, struct ctx *ctx, const char *name,
               const struct value *definition, const char *logic)
{
    struct form *form;
    int rc;

    if (!form_name_valid(name))
        return fail(ctx, E_INVALID, "form.bad_name",
                    "\"%s\" is no name for a form: small letters, digits and"
                    " underscores, one dot at most",
                    name ? name : "");
    rc = definition_read(&form, ctx, ctx->arena, name,
                         form_table_name(ctx->arena, name), definition, logic);
    if (!rc && out)
        *out = form;
    return rc;
}
