/*
 * settings.c - reading settings.json, and the values that were set.
 *
 * A module's settings are a form without records: its definition, checks and
 * page are the form's; the values lie in one row a module.
 */
#include "base/banned.h"

#include "plugin/settings.h"

#include "access/access.h"
#include "audit/audit.h"
#include "base/arena.h"
#include "base/ctx.h"
#include "base/json.h"
#include "base/str.h"
#include "base/value.h"
#include "form/definition.h"
#include "form/field_type.h"
#include "form/record.h"
#include "plugin/find.h"
#include "plugin/host.h"
#include "plugin/load.h"
#include "plugin/manifest.h"
#include "plugin/plugin.h"
#include "store/db.h"

enum { FILE_MAX_BYTES = 256 * 1024, CACHE_BYTES = 1 << 20 };

/* ---- the file ---- */

static int check_field(struct ctx *ctx, const struct field *field, size_t at)
{
    static const char types[] = " text long_text integer decimal percent money "
                                "date datetime boolean choice multi_choice ";
    const char *pointer = arena_printf(ctx->arena, "/fields/%zu", at);

    if (!definition_word_in(types, field->type->name))
        return definition_error(ctx,
                                arena_printf(ctx->arena, "%s/type", pointer),
                                "a setting is one of%s", types);
    if (field->unique || field->computed)
        return definition_error(ctx, pointer,
                                "a setting is neither unique nor computed");
    return 0;
}

static int check_form(struct form **out, struct ctx *ctx,
                      const struct tn_module *module,
                      const struct value *definition)
{
    struct value *whole;
    size_t i;
    int rc = 0;

    if (value_kind(definition) != VALUE_MAP)
        return definition_error(ctx, "", "expected a map");
    if (definition_properties(ctx, definition, "", " fields sections ", NULL))
        return E_INVALID;
    whole = value_map_like(ctx->arena, definition);
    value_set_text(whole, "title", module->id);
    rc = definition_read(out, ctx, module->arena, module->id, "", whole, NULL);
    for (i = 0; !rc && i < (*out)->field_count; i++)
        rc = check_field(ctx, (*out)->fields[i], i);
    return rc;
}

static int take(struct ctx *ctx, struct tn_module *module,
                const struct value *definition)
{
    struct form *form = NULL;
    int rc = check_form(&form, ctx, module, definition);

    if (!rc)
        module->settings = form;
    return rc;
}

int settings_read(struct ctx *ctx, struct tn_module *module)
{
    return module_definition(ctx, module, "settings.json", FILE_MAX_BYTES,
                             take);
}

/* ---- the values ---- */

static int read_row(const char **data, int64_t *version, struct ctx *ctx,
                    const char *id)
{
    QUERY_AUTO *query = NULL;
    int rc = db_query(
        &query, ctx,
        "SELECT data, version FROM module_setting WHERE module = ?1", "s", id);

    *data = NULL;
    *version = 0;
    if (!rc)
        rc = query_next(query);
    if (rc <= 0)
        return rc;
    *data = query_copy(query, 0);
    *version = query_int(query, 1);
    return 0;
}

/* What was set under an older settings.json and fits no more is left out. */
static void take_set(struct ctx *ctx, const struct form *form,
                     struct value *values, const char *data)
{
    struct ctx quiet = ctx_apart(ctx);
    struct value *set, *value;
    size_t i;

    if (!data || json_parse(&set, &quiet, data, strlen(data)))
        return;
    for (i = 0; i < form->field_count; i++) {
        const struct field *field = form->fields[i];
        const struct value *given = value_get(set, field->key);

        if (given && field_input(&value, &quiet, field, field->key, given) == 0)
            value_set(values, field->key, value);
    }
}

int settings_values(struct value **out, int64_t *version, struct ctx *ctx,
                    const struct tn_module *module)
{
    struct ctx quiet = ctx_apart(ctx);
    struct record *record;
    const char *data;
    int rc = read_row(&data, version, ctx, module->id);

    if (rc)
        return rc;
    /* Defaults are those of an empty form; that a required one is missing
     * there is no problem here. */
    (void)record_check(&record, &quiet, module->settings, NULL);
    *out = record->values;
    take_set(ctx, module->settings, *out, data);
    return 0;
}

/* One module's values, for as long as nothing is switched or set. */
struct kept {
    struct kept *next;
    const struct tn_module *module;
    struct value *values;
};

static struct {
    struct arena *arena;
    struct kept *list;
    struct db *db;
    int64_t epoch;
} cache;

static const struct value *kept_values(struct ctx *ctx,
                                       const struct tn_module *module)
{
    int64_t epoch = epoch_of(ctx, "module"), version;
    struct kept *kept;
    struct value *values;

    if (!cache.arena || cache.db != ctx->db || cache.epoch != epoch ||
        arena_used(cache.arena) > CACHE_BYTES) {
        arena_free(cache.arena);
        cache.arena = arena_new(0);
        cache.list = NULL;
        cache.db = ctx->db;
        cache.epoch = epoch;
    }
    for (kept = cache.list; kept; kept = kept->next)
        if (kept->module == module)
            return kept->values;
    if (settings_values(&values, &version, ctx, module)) {
        ctx_clear(ctx);
        return NULL;
    }
    kept = arena_alloc(cache.arena, sizeof *kept);
    kept->module = module;
    kept->values = value_copy(cache.arena, values);
    kept->next = cache.list;
    cache.list = kept;
    return kept->values;
}

struct value *settings_get(struct ctx *ctx, const struct tn_module *module,
                           const char *name)
{
    const struct field *field =
        module->settings && name ? form_field(module->settings, name) : NULL;

    return field ? host_field_value(ctx, field,
                                    value_get(kept_values(ctx, module), name))
                 : NULL;
}

static const char *setting_text(struct ctx *ctx, const char *id,
                                const char *name)
{
    const struct tn_module *module = module_loaded(id);

    return module ? value_as_text(settings_get(ctx, module, name)) : NULL;
}

void settings_tell_forms(void)
{
    field_setting_source(setting_text);
}

/* ---- for administrators ---- */

static int find(struct tn_module **out, struct ctx *ctx, const char *id)
{
    int rc = access_administrator(ctx);

    if (!rc)
        rc = module_read(out, ctx, id);
    if (!rc && !(*out)->settings)
        rc = fail(ctx, E_NOT_FOUND, "plugin.no_settings",
                  "the module %s has no settings", id);
    return rc;
}

int plugin_settings(struct record **out, struct ctx *ctx, const char *id)
{
    struct record *record = arena_alloc(ctx->arena, sizeof *record);
    struct tn_module *module;
    int rc = find(&module, ctx, id);

    if (rc)
        return rc;
    record->form = module->settings;
    record->state = "saved";
    *out = record;
    return settings_values(&record->values, &record->version, ctx, module);
}

static struct value *as_json(struct ctx *ctx, const struct form *form,
                             const struct value *values)
{
    struct value *map = value_map(ctx->arena);
    size_t i;

    for (i = 0; i < form->field_count; i++)
        value_set(map, form->fields[i]->key,
                  field_to_json(ctx, form->fields[i],
                                value_get(values, form->fields[i]->key)));
    return map;
}

static struct value *changes_of(struct ctx *ctx, const struct value *from,
                                const struct value *to)
{
    struct value *changes = value_map(ctx->arena);
    size_t i;

    for (i = 0; i < value_count(to); i++) {
        const char *key = value_key_at(to, i);
        struct value *pair = value_map(ctx->arena);

        if (value_equal(value_get(from, key), value_item_at(to, i)))
            continue;
        value_set(pair, "from", value_get(from, key));
        value_set(pair, "to", value_item_at(to, i));
        value_set(changes, key, pair);
    }
    return changes;
}

static int write_values(struct ctx *ctx, const struct tn_module *module,
                        int64_t version, const struct value *given)
{
    struct value *before, *changes;
    int64_t now;
    int rc = settings_values(&before, &now, ctx, module);

    if (rc)
        return rc;
    if (now != version)
        return fail(ctx, E_CONFLICT, "plugin.settings_changed",
                    "somebody else has changed these settings meanwhile");
    changes = changes_of(ctx, as_json(ctx, module->settings, before), given);
    if (!value_count(changes))
        return 0;
    rc = db_exec(ctx,
                 "INSERT INTO module_setting (module, data, version)"
                 " VALUES (?1, ?2, 1) ON CONFLICT (module) DO UPDATE SET"
                 " data = ?2, version = module_setting.version + 1",
                 "ss", module->id, json_text(ctx->arena, given));
    if (!rc)
        rc = epoch_raise(ctx, "module");
    return rc ? rc
              : audit_add(ctx,
                          arena_printf(ctx->arena, "module:%s", module->id), 0,
                          "settings", changes);
}

int plugin_settings_save(struct ctx *ctx, const char *id, int64_t version,
                         const struct value *input)
{
    struct tn_module *module;
    struct record *record;
    int rc = find(&module, ctx, id);

    if (!rc)
        rc = record_check(&record, ctx, module->settings, input);
    if (!rc)
        rc = tx_begin(ctx, "plugin.settings");
    if (rc)
        return rc;
    return tx_end(ctx,
                  write_values(ctx, module, version,
                               as_json(ctx, module->settings, record->values)));
}
