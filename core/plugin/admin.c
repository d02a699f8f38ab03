/*
 * admin.c - listing modules, switching them on and off, lifting a
 * quarantine.
 */
#include "base/banned.h"

#include "plugin/plugin.h"

#include "access/access.h"
#include "audit/audit.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/map.h"
#include "base/str.h"
#include "base/value.h"
#include "event/live.h"
#include "form/form.h"
#include "ipc/control.h"
#include "plugin/check.h"
#include "plugin/find.h"
#include "plugin/install.h"
#include "plugin/load.h"
#include "plugin/manifest.h"
#include "plugin/state.h"
#include "store/db.h"
#include "store/dialect.h"

enum { CONTROL_SECONDS = 3, POLL_MS = 100 };

/* ---- the list ---- */

/* A module of the list: found, known, or both. */
struct listed {
    const char *id;
    struct tn_module *module; /* NULL: its folder is gone */
    const struct module_row *row;
    const char *wrong; /* why it can't be switched on */
};

static int read_listed(struct listed **out, size_t *count, struct ctx *ctx)
{
    const char **ids;
    struct module_row **rows;
    struct listed *all;
    size_t found, i, j;
    int rc = module_ids(&ids, &found, ctx);

    if (!rc)
        rc = row_all(&rows, ctx);
    if (rc)
        return rc;
    for (j = 0; rows[j];)
        j++;
    all = arena_array(ctx->arena, found + j + 1, sizeof *all);
    *out = all;
    *count = 0;
    for (i = j = 0; i < found || rows[j];) {
        struct listed *one = &all[(*count)++];
        int order = i == found ? 1 : rows[j] ? strcmp(ids[i], rows[j]->id) : -1;
        struct ctx own = ctx_apart(ctx);

        one->id = order <= 0 ? ids[i] : rows[j]->id;
        if (order >= 0)
            one->row = rows[j++];
        if (order > 0)
            continue;
        i++;
        if (module_read(&one->module, &own, one->id))
            one->wrong = own.problems ? problem_message(&own, own.problems)
                                      : ctx_error(&own);
    }
    return 0;
}

static const char *state_of(struct ctx *ctx, const struct listed *one)
{
    const struct tn_module *running = module_loaded(one->id);

    if (!one->row || !one->row->enabled)
        return "off";
    if (!one->module)
        return "missing";
    if (!one->wrong && one->module->manifest && quarantine_of(ctx, one->module))
        return "quarantined";
    if (one->wrong || one->row->problem)
        return "failed";
    /* A command does not know how far the service is; what is wrong stands
     * in the row. */
    return !modules_are_loaded() || (running && running->state == MODULE_ON)
               ? "on"
               : "starting";
}

static struct value *requirement_list(struct ctx *ctx,
                                      const struct manifest *manifest)
{
    struct value *list = value_list(ctx->arena);
    size_t i;

    for (i = 0; manifest && i < manifest->require_count; i++) {
        struct value *one = value_map(ctx->arena);

        if (!manifest->requires[i].id)
            continue;
        value_set_text(one, "id", manifest->requires[i].id);
        value_set_text(one, "version", manifest->requires[i].version);
        value_append(list, one);
    }
    return list;
}

static bool requires_module(const struct listed *one, const char *id)
{
    const struct manifest *manifest =
        one->module ? one->module->manifest : NULL;
    size_t i;

    for (i = 0; manifest && i < manifest->require_count; i++)
        if (text_equal(manifest->requires[i].id, id))
            return true;
    return false;
}

static void describe(struct ctx *ctx, struct value *map,
                     const struct listed *one)
{
    const struct manifest *manifest =
        one->module ? one->module->manifest : NULL;
    struct value *capabilities = value_list(ctx->arena);
    size_t i;

    value_set_text(map, "title",
                   manifest && manifest->title
                       ? locale_pick(ctx, manifest->title)
                       : one->id);
    if (manifest && manifest->description)
        value_set_text(map, "description",
                       locale_pick(ctx, manifest->description));
    if (manifest) {
        value_set_text(map, "author", manifest->author);
        value_set_text(map, "license", manifest->license);
        for (i = 0; i < manifest->capability_count; i++)
            value_append(capabilities,
                         value_text(ctx->arena, manifest->capabilities[i]));
    }
    value_set(map, "capabilities", capabilities);
    value_set(map, "requires", requirement_list(ctx, manifest));
    value_set_text(map, "version",
                   manifest && manifest->version ? manifest->version
                   : one->row                    ? one->row->version
                                                 : "");
    value_set_text(map, "kind",
                   manifest   ? (manifest->c ? "c" : "lua")
                   : one->row ? one->row->kind
                              : "");
    value_set_text(map, "origin",
                   one->module && one->module->is_site ? "site" : "installed");
}

int plugin_list(struct value **out, struct ctx *ctx)
{
    struct listed *all;
    size_t count, i, j;
    int rc = access_administrator(ctx);

    *out = value_list(ctx->arena);
    if (!rc)
        rc = read_listed(&all, &count, ctx);
    for (i = 0; !rc && i < count; i++) {
        struct value *map = value_map(ctx->arena);
        struct value *by = value_list(ctx->arena);
        const struct listed *one = &all[i];
        const char *state = state_of(ctx, one);
        int64_t held = 0;

        value_set_text(map, "id", one->id);
        describe(ctx, map, one);
        value_set_bool(map, "enabled", one->row && one->row->enabled);
        value_set_text(map, "state", state);
        value_set_bool(map, "settings", one->module && one->module->settings);
        if (one->wrong || (one->row && one->row->problem))
            value_set_text(map, "problem",
                           one->wrong ? one->wrong : one->row->problem);
        if (strcmp(state, "quarantined") == 0)
            value_set_text(map, "incident", quarantine_of(ctx, one->module));
        for (j = 0; j < count; j++)
            if (requires_module(&all[j], one->id))
                value_append(by, value_text(ctx->arena, all[j].id));
        value_set(map, "by", by);
        if (one->row && !text_equal(one->row->heard, "[]"))
            rc = form_held(&held, ctx, one->id);
        if (held)
            value_set_int(map, "held", held);
        value_append(*out, map);
    }
    return rc;
}

int plugin_one(struct value **out, struct ctx *ctx, const char *id)
{
    struct value *all;
    size_t i;
    int rc = plugin_list(&all, ctx);

    for (i = 0; !rc && i < value_count(all); i++)
        if (text_equal(value_get_text(value_at(all, i), "id"), id)) {
            *out = value_at(all, i);
            return 0;
        }
    return rc ? rc
              : fail(ctx, E_NOT_FOUND, "plugin.unknown",
                     "there is no module \"%s\"", id);
}

/* ---- switching ---- */

/* The keepers of other hosts watch this number (store/hosts.h). */
static void tell_hosts(struct ctx *ctx)
{
    int rc;

    if (db_one_writer(ctx))
        return;
    rc = tx_begin_shared(ctx, "module.generation");
    if (!rc)
        rc = tx_end(ctx, epoch_raise(ctx, "generation"));
    if (rc)
        log_ctx(ctx, LOG_WARN, "module.hosts_not_told", "error", ctx_error(ctx),
                NULL);
    ctx_clear(ctx);
}

void module_renew(struct ctx *ctx)
{
    struct value *command = value_map(ctx->arena), *answer;
    struct ctx own = ctx_apart(ctx);
    int rc;

    tell_hosts(&own);
    value_set_text(command, "do", "reload");
    rc = control_ask(&answer, &own, ctx->site, command, CONTROL_SECONDS);
    if (rc && rc != E_NOT_FOUND)
        log_ctx(ctx, LOG_WARN, "module.no_reload", "error", ctx_error(&own),
                NULL);
}

static int write_trail(struct ctx *ctx, const char *id, const char *action,
                       const char *from, const char *to)
{
    struct value *changes = value_map(ctx->arena);
    struct value *pair = value_map(ctx->arena);

    value_set_text(pair, "from", from);
    value_set_text(pair, "to", to);
    value_set(changes, "version", pair);
    return audit_add(ctx, arena_printf(ctx->arena, "module:%s", id), 0, action,
                     changes);
}

static int check_requirements(struct ctx *ctx, const struct tn_module *module)
{
    const struct manifest *manifest = module->manifest;
    struct module_row row;
    size_t i;

    for (i = 0; i < manifest->require_count; i++) {
        const struct requirement *need = &manifest->requires[i];
        int rc = row_find(&row, ctx, need->id);

        if (rc && rc != E_NOT_FOUND)
            return rc;
        if (rc || !row.enabled ||
            version_compare(row.version, need->version) < 0)
            return fail(ctx, E_INVALID, "plugin.requires",
                        "%s needs the module %s, %s or newer (plugin.cfg, line "
                        "%d)",
                        manifest->id, need->id, need->version, need->line);
    }
    return 0;
}

static int enable(struct ctx *ctx, const struct tn_module *module,
                  const struct module_row *row)
{
    int rc = module_install(ctx, module);

    if (!rc)
        rc = access_module_set(ctx, module->id, true);
    return rc ? rc
              : write_trail(ctx, module->id, "enable", row->version,
                            module->manifest->version);
}

/* Another one that is on and needs it. */
static int check_needed(struct ctx *ctx, const char *id)
{
    struct listed *all;
    size_t count, i;
    int rc = read_listed(&all, &count, ctx);

    for (i = 0; !rc && i < count; i++)
        if (all[i].row && all[i].row->enabled && requires_module(&all[i], id))
            return fail(ctx, E_CONFLICT, "plugin.needed",
                        "the module %s needs %s; switch it off first",
                        all[i].id, id);
    return rc;
}

static int disable(struct ctx *ctx, const struct module_row *row)
{
    int rc = db_exec(ctx,
                     "UPDATE module SET enabled = 0, problem = NULL,"
                     " incident = NULL, changed_at = ?2 WHERE id = ?1",
                     "si", row->id, clock_now());

    if (!rc)
        rc = form_enable_module(ctx, row->id, false);
    if (!rc)
        rc = access_module_set(ctx, row->id, false);
    if (!rc)
        rc = form_forget_hearer(ctx, row->id);
    return rc ? rc
              : write_trail(ctx, row->id, "disable", row->version,
                            row->version);
}

static int enable_checked(struct ctx *ctx, const char *id,
                          const struct module_row *row)
{
    struct tn_module *module;
    int rc = module_read(&module, ctx, id);

    if (!rc)
        rc = module_check(ctx, module);
    if (!rc)
        rc = check_requirements(ctx, module);
    if (!rc)
        rc = tx_begin(ctx, "plugin.enable");
    if (rc)
        return rc;
    rc = tx_end(ctx, enable(ctx, module, row));
    /* What was published for nothing is nowhere remembered. */
    if (rc && !row->enabled)
        (void)form_enable_module(ctx, id, false);
    return rc;
}

static int disable_checked(struct ctx *ctx, const struct module_row *row)
{
    int rc = check_needed(ctx, row->id);

    if (!rc)
        rc = tx_begin(ctx, "plugin.disable");
    return rc ? rc : tx_end(ctx, disable(ctx, row));
}

int plugin_set_enabled(struct ctx *ctx, const char *id, bool enabled)
{
    struct module_row row;
    int rc = access_administrator(ctx);

    if (rc)
        return rc;
    rc = row_find(&row, ctx, id);
    if (rc && rc != E_NOT_FOUND)
        return rc;
    if (!enabled && (rc || !row.enabled))
        return rc && !module_id_valid(id)
                   ? fail(ctx, E_NOT_FOUND, "plugin.unknown",
                          "there is no module \"%s\"", id)
                   : 0;
    rc = enabled ? enable_checked(ctx, id, &row) : disable_checked(ctx, &row);
    if (rc)
        return rc;
    live_send(ctx, 0, "modules");
    module_renew(ctx);
    return 0;
}

int plugin_quarantine_lift(struct ctx *ctx, const char *id)
{
    struct module_row row;
    int rc = access_administrator(ctx);

    if (!rc)
        rc = row_find(&row, ctx, id);
    if (rc == E_NOT_FOUND)
        return fail(ctx, E_NOT_FOUND, "plugin.unknown",
                    "there is no module \"%s\"", id);
    if (!rc)
        rc = quarantine_remove(ctx, id);
    if (!rc)
        rc = tx_begin(ctx, "plugin.lift");
    if (rc)
        return rc;
    rc = db_exec(ctx, "UPDATE module SET incident = NULL WHERE id = ?1", "s",
                 id);
    if (!rc)
        rc = write_trail(ctx, id, "lift", row.version, row.version);
    rc = tx_end(ctx, rc);
    if (rc)
        return rc;
    live_send(ctx, 0, "modules");
    module_renew(ctx);
    return 0;
}

/* ---- for commands ---- */

/* "rolling", "ready"; NULL: nobody serves the site. */
static const char *service_state(struct ctx *ctx)
{
    struct value *command = value_map(ctx->arena), *answer = NULL;
    struct ctx own = ctx_apart(ctx);
    const char *state;

    value_set_text(command, "do", "generation");
    if (control_ask(&answer, &own, ctx->site, command, CONTROL_SECONDS))
        return NULL;
    state = value_get_text(answer, "state");
    return state ? state : "ready";
}

static void sleep_ms(int milliseconds)
{
    struct timespec time = { milliseconds / 1000,
                             (long)(milliseconds % 1000) * 1000000 };

    nanosleep(&time, NULL);
}

int plugin_settle(struct ctx *ctx, const char *id, int seconds)
{
    int64_t end = clock_monotonic() + (int64_t)seconds * 1000;
    struct tn_module *module;
    struct module_row row;
    const char *state = service_state(ctx), *incident;
    int rc;

    while (state && strcmp(state, "ready") != 0 && clock_monotonic() < end) {
        sleep_ms(POLL_MS);
        state = service_state(ctx);
    }
    if (!state)
        return 0;
    rc = row_find(&row, ctx, id);
    if (rc)
        return rc == E_NOT_FOUND ? 0 : rc;
    if (row.enabled && row.problem)
        return fail(ctx, E_INVALID, "plugin.file", "%s", row.problem);
    rc = module_read(&module, ctx, id);
    incident = !rc && row.enabled ? quarantine_of(ctx, module) : NULL;
    if (incident)
        return fail(ctx, E_INVALID, "plugin.quarantined",
                    "the module %s was stopped after an error; incident %s", id,
                    incident);
    return rc;
}

int plugins_enable_examples(struct ctx *ctx)
{
    struct listed *all;
    size_t count, i;
    int rc = read_listed(&all, &count, ctx);

    for (i = 0; !rc && i < count; i++)
        if (all[i].module && !all[i].module->is_site && !all[i].wrong)
            rc = plugin_set_enabled(ctx, all[i].id, true);
    return rc;
}
