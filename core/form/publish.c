/*
 * publish.c - a definition becomes a version and its tables.
 *
 * Publishing only adds: a field's key, column and type are for ever. What is
 * wrong is refused whole, the version before stays in force.
 */
#include "base/banned.h"

#include "access/access.h"
#include "audit/audit.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/json.h"
#include "base/log.h"
#include "base/str.h"
#include "form/cache.h"
#include "form/definition.h"
#include "form/field_type.h"
#include "form/form.h"
#include "form/publish.h"
#include "form/search.h"
#include "form/sql.h"
#include "org/admin.h"
#include "org/person.h"
#include "script/logic.h"
#include "script/script.h"
#include "store/db.h"

struct published {
    int64_t id;
    int version;
    bool enabled;
    const char *module, *table, *definition, *logic;
};

static int find_published(struct published *out, struct ctx *ctx,
                          const char *name)
{
    QUERY_AUTO *query = NULL;
    int rc;

    memset(out, 0, sizeof *out);
    rc = db_query(&query, ctx,
                  "SELECT f.id, f.version, f.enabled, f.module, f.table_name,"
                  " v.definition, v.logic FROM form f JOIN form_version v"
                  " ON v.form = f.id AND v.version = f.version"
                  " WHERE f.name = ?1",
                  "s", name);
    if (rc)
        return rc;
    rc = query_next(query);
    if (rc <= 0)
        return rc;
    out->id = query_int(query, 0);
    out->version = (int)query_int(query, 1);
    out->enabled = query_int(query, 2) != 0;
    out->module = query_copy(query, 3);
    out->table = query_copy(query, 4);
    out->definition = query_copy(query, 5);
    out->logic = query_copy(query, 6);
    return 0;
}

/* Two types whose columns hold the same: a line may become several. */
static bool type_may_follow(const char *old, const char *type)
{
    return strcmp(old, type) == 0 ||
           (strcmp(old, "text") == 0 && strcmp(type, "long_text") == 0) ||
           (strcmp(old, "link") == 0 && strcmp(type, "cascade") == 0) ||
           (strcmp(old, "cascade") == 0 && strcmp(type, "link") == 0);
}

/* Registers a field, or refuses a type that its column does not have. */
static int keep_field(struct ctx *ctx, int64_t form, const char *parent,
                      const struct field *field, const char *pointer)
{
    QUERY_AUTO *query = NULL;
    int rc;

    rc = db_query(&query, ctx,
                  "SELECT type, scale FROM form_field WHERE form = ?1"
                  " AND parent = ?2 AND field_key = ?3",
                  "iss", form, parent, field->key);
    if (rc)
        return rc;
    rc = query_next(query);
    if (rc < 0)
        return rc;
    if (rc == 1) {
        const char *old = query_text(query, 0);

        if (!type_may_follow(old, field->type->name))
            return definition_error(
                ctx, arena_printf(ctx->arena, "%s/type", pointer),
                "the published field \"%s\" is of type %s and keeps it;"
                " expected %s, or a field with a new key",
                field->key, old, old);
        if (query_int(query, 1) != field->scale)
            return definition_error(
                ctx, arena_printf(ctx->arena, "%s/scale", pointer),
                "the published field \"%s\" has %lld places and keeps them",
                field->key, (long long)query_int(query, 1));
    }
    return db_exec(ctx,
                   "INSERT INTO form_field (form, parent, field_key, type,"
                   " scale) VALUES (?1, ?2, ?3, ?4, ?5)"
                   " ON CONFLICT (form, parent, field_key)"
                   " DO UPDATE SET type = ?4",
                   "isssi", form, parent, field->key, field->type->name,
                   (int64_t)field->scale);
}

static int keep_fields(struct ctx *ctx, const struct form *form)
{
    size_t i, j;
    int rc = 0;

    for (i = 0; i < form->field_count; i++) {
        const struct field *field = form->fields[i];
        const char *here = arena_printf(ctx->arena, "/fields/%zu", i);
        int bad = keep_field(ctx, form->id, "", field, here);

        for (j = 0; !bad && j < field->field_count; j++)
            bad =
                keep_field(ctx, form->id, field->key, field->fields[j],
                           arena_printf(ctx->arena, "%s/fields/%zu", here, j));
        if (bad)
            rc = bad;
    }
    return rc;
}

/* Values of an empty form: each sub-table with one empty row. */
static struct value *empty_values(struct ctx *ctx, const struct form *form)
{
    struct value *values = value_map(ctx->arena);
    size_t i;

    for (i = 0; i < form->field_count; i++) {
        struct value *rows;

        if (!form->fields[i]->table)
            continue;
        rows = value_list(ctx->arena);
        value_append(rows, value_map(ctx->arena));
        value_set(values, form->fields[i]->key, rows);
    }
    return values;
}

/* Runs computed fields and rules of the logic on an empty form: that is how
 * each form opens, and names that do not exist show now. */
static int try_logic(struct ctx *ctx, const struct form *form)
{
    struct logic *logic;
    struct value *answer;
    struct ctx own = ctx_apart(ctx);
    int rc;

    rc = logic_open(&logic, &own, form->logic_definition);
    if (!rc) {
        rc = logic_run(&answer, &own, logic, "compute", NULL, "2026-01-01",
                       empty_values(ctx, form));
        logic_close(logic);
    }
    if (rc)
        return definition_error(ctx, "", "the form's logic fails: %s",
                                ctx_error(&own));
    return 0;
}

/* Compiles the logic and every expression, so that an error shows now. */
static int check_scripts(struct ctx *ctx, const struct form *form)
{
    const struct value *rules = value_get(form->definition, "rules");
    struct script *script;
    size_t i;
    int rc = 0;

    if (form->logic_useful)
        rc = try_logic(ctx, form);
    if (rc || !value_count(rules))
        return rc;
    rc = script_shared(&script, ctx);
    for (i = 0; !rc && i < value_count(rules); i++) {
        const struct value *rule = value_at(rules, i);
        const char *text = value_get_text(rule, "require");

        rc = script_check(ctx, script,
                          text ? text : value_get_text(rule, "refuse"));
        if (rc)
            return definition_error(ctx,
                                    arena_printf(ctx->arena, "/rules/%zu", i),
                                    "expected a Lua expression");
    }
    return rc;
}

static enum right right_named(const char *name)
{
    static const struct {
        const char *name;
        enum right right;
    } rights[] = { { "read", RIGHT_READ },
                   { "create", RIGHT_CREATE },
                   { "update", RIGHT_UPDATE },
                   { "delete", RIGHT_DELETE },
                   { "export", RIGHT_EXPORT } };
    size_t i;

    for (i = 0; i < sizeof rights / sizeof rights[0]; i++)
        if (text_equal(rights[i].name, name))
            return rights[i].right;
    return RIGHT_READ;
}

static enum scope_kind scope_named(const char *name)
{
    if (text_equal(name, "owner"))
        return SCOPE_OWNER;
    if (text_equal(name, "department"))
        return SCOPE_DEPARTMENT;
    if (text_equal(name, "departments"))
        return SCOPE_DEPARTMENTS;
    return SCOPE_ALL;
}

/* The definition's grants are set when a form is first published; after that
 * they are the administrators' business. */
static int set_grants(struct ctx *ctx, const struct form *form)
{
    const struct value *grants = value_get(form->definition, "grants");
    size_t i;
    int rc = 0;

    for (i = 0; !rc && i < value_count(grants); i++) {
        const struct value *grant = value_at(grants, i);
        const char *who = value_get_text(grant, "who");
        const char *kind = "everyone";
        int64_t id = 0;

        if (text_starts(who, "role:")) {
            kind = "role";
            rc = role_find(&id, ctx, who + strlen("role:"));
            if (rc == E_NOT_FOUND)
                return definition_error(
                    ctx, arena_printf(ctx->arena, "/grants/%zu/who", i),
                    "expected the key of a role");
        }
        if (!rc)
            rc = access_grant_set(ctx, kind, id, form->name,
                                  right_named(value_get_text(grant, "right")),
                                  scope_named(value_get_text(grant, "scope")),
                                  true);
    }
    return rc;
}

/* What was promised to those whose records are there is kept: a form is
 * anonymous from its first version on, or never. */
static const char *promise(const struct value *definition)
{
    const struct value *given = value_get(definition, "anonymous");
    const char *text = value_as_text(given);

    return text ? text : value_as_bool(given) ? "dated" : NULL;
}

static int check_promise(struct ctx *ctx, const struct form *form,
                         const struct published *old)
{
    struct value *before;
    int rc;

    if (!old->id)
        return 0;
    rc = json_parse(&before, ctx, old->definition, strlen(old->definition));
    if (rc || text_equal(promise(before), promise(form->definition)))
        return rc;
    return definition_error(ctx, "/anonymous",
                            "expected what the version before has: records"
                            " are there already");
}

static int write_version(struct ctx *ctx, struct form *form,
                         const struct published *old, const char *module,
                         const char *definition)
{
    int64_t by = ctx->person ? ctx->person->id : 0;
    int rc;

    if (old->id) {
        rc = db_exec(ctx,
                     "UPDATE form SET version = ?2, module = ?3, enabled = 1"
                     " WHERE id = ?1",
                     "iis", form->id, (int64_t)form->version, module);
    } else {
        rc = db_exec(ctx,
                     "INSERT INTO form (id, name, module, table_name, version,"
                     " enabled) VALUES (?1, ?2, ?3, ?4, ?5, 1)",
                     "isssi", form->id, form->name, module, form->table,
                     (int64_t)form->version);
    }
    if (!rc)
        rc = db_exec(ctx,
                     "INSERT INTO form_version (form, version, definition,"
                     " logic, published_at, published_by)"
                     " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                     "iissii", form->id, (int64_t)form->version, definition,
                     form->logic, clock_now(), by);
    return rc;
}

/* The table's name: of another form it may be taken ("a.b" and "a_b"). */
static int table_for(const char **out, struct ctx *ctx, const char *name,
                     const struct published *old)
{
    int64_t taken;
    int rc;

    *out = old->id ? old->table : form_table_name(ctx->arena, name);
    if (old->id)
        return 0;
    rc = db_int(&taken, ctx, "SELECT id FROM form WHERE table_name = ?1", "s",
                *out);
    if (rc == E_NOT_FOUND)
        return 0;
    return rc ? rc
              : fail(ctx, E_INVALID, "form.name_taken",
                     "the name %s is too like another form's", name);
}

/* Whether it is what stood in force before what does now. */
static int is_earlier(bool *out, struct ctx *ctx, const struct published *now,
                      const char *definition, const char *logic)
{
    int64_t version;
    int rc =
        db_int(&version, ctx,
               "SELECT version FROM form_version WHERE form = ?1 AND"
               " version < ?2 AND definition = ?3 AND logic IS NOT DISTINCT"
               " FROM ?4 ORDER BY version LIMIT 1",
               "iiss", now->id, (int64_t)now->version, definition, logic);

    *out = !rc;
    return rc == E_NOT_FOUND ? 0 : rc;
}

static int publish(struct ctx *ctx, const char *name, const char *module,
                   const struct value *definition, const char *logic,
                   bool may_be_old)
{
    const char *text = json_text(ctx->arena, definition), *table;
    struct published old;
    struct form *form;
    bool earlier = false;
    int rc = find_published(&old, ctx, name);

    if (rc)
        return rc;
    if (old.id && !text_equal(old.module, module))
        return fail(ctx, E_INVALID, "form.other_module",
                    "the form %s belongs to %s", name,
                    old.module ? old.module : "the site");
    if (old.id && old.enabled && text_equal(old.definition, text) &&
        text_equal(old.logic, logic))
        return 0;
    if (old.id && may_be_old)
        rc = is_earlier(&earlier, ctx, &old, text, logic);
    if (!rc && earlier) {
        log_ctx(ctx, LOG_WARN, "form.older_file", "form", name, "version",
                log_int(old.version), NULL);
        return 0;
    }
    if (!rc)
        rc = table_for(&table, ctx, name, &old);
    if (!rc)
        rc = definition_read(&form, ctx, ctx->arena, name, table, definition,
                             logic);
    if (!rc)
        rc = check_promise(ctx, form, &old);
    if (!rc)
        rc = check_scripts(ctx, form);
    if (rc)
        return rc;
    form->id = old.id ? old.id : id_next();
    form->version = old.version + 1;
    rc = write_version(ctx, form, &old, module, text);
    if (!rc)
        rc = keep_fields(ctx, form);
    if (!rc)
        rc = form_tables_make(ctx, form);
    if (!rc)
        rc = search_follow(ctx, form);
    if (!rc && !old.id)
        rc = set_grants(ctx, form);
    if (!rc)
        rc = access_only_granted(
            ctx, form->name, value_get_bool(form->definition, "only_granted"));
    if (!rc)
        rc = audit_add(ctx, "form", form->id, old.id ? "update" : "create",
                       NULL);
    if (!rc)
        rc = epoch_raise(ctx, "form");
    return rc;
}

int form_publish_from(struct ctx *ctx, const char *name, const char *module,
                      const struct value *definition, const char *logic,
                      bool may_be_old)
{
    int rc;

    if (!form_name_valid(name))
        return form_check(NULL, ctx, name, definition, logic);
    rc = tx_begin(ctx, "form.publish");
    if (rc)
        return rc;
    rc = tx_end(ctx, publish(ctx, name, module, definition, logic, may_be_old));
    form_cache_drop();
    return rc;
}

int form_publish(struct ctx *ctx, const char *name, const char *module,
                 const struct value *definition, const char *logic)
{
    return form_publish_from(ctx, name, module, definition, logic, false);
}

int form_enable_module(struct ctx *ctx, const char *module, bool enabled)
{
    int rc = tx_begin(ctx, "form.enable");

    if (rc)
        return rc;
    rc = db_exec(ctx, "UPDATE form SET enabled = ?2 WHERE module = ?1", "si",
                 module, (int64_t)enabled);
    if (!rc && db_changes(ctx))
        rc = epoch_raise(ctx, "form");
    rc = tx_end(ctx, rc);
    form_cache_drop();
    return rc;
}
