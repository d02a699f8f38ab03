/*
 * load.c - loading every enabled module into a worker.
 *
 * The order is that of their requirements. One that fails is left out, with
 * a reason for administrators; what it declared as required then fails
 * closed. A module whose files have changed is installed anew by the first
 * worker that sees it, on the host where they have changed.
 */
#include "base/banned.h"

#include "plugin/load.h"

#include <sys/stat.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/json.h"
#include "base/log.h"
#include "base/map.h"
#include "base/published.h"
#include "base/str.h"
#include "base/value.h"
#include "event/hook.h"
#include "event/job.h"
#include "form/form.h"
#include "ipc/outlet.h"
#include "plugin/apply.h"
#include "plugin/check.h"
#include "plugin/entry.h"
#include "plugin/find.h"
#include "plugin/install.h"
#include "plugin/manifest.h"
#include "plugin/plugin.h"
#include "plugin/settings.h"
#include "plugin/state.h"
#include "store/db.h"
#include "store/dialect.h"

/* A module that is on and not here: what its row said of its hooks. */
struct absent {
    const char *id, *required, *heard;
};

/* What this process has; for ever. */
static struct {
    struct arena *arena;
    struct map *modules; /* id → struct tn_module */
    struct ready_mount *mounts;
    struct ready_module *list;
    struct absent *absent;
    size_t mount_count, list_count, absent_count;
} loaded;

enum { ABSENT_MS = 1000 }; /* between two looks at those rows */

const struct tn_module *module_loaded(const char *id)
{
    return loaded.modules ? map_get(loaded.modules, id) : NULL;
}

bool modules_are_loaded(void)
{
    return loaded.modules != NULL;
}

size_t plugin_mounts(const struct ready_mount **out)
{
    *out = loaded.mounts;
    return loaded.mount_count;
}

size_t plugin_modules(const struct ready_module **out)
{
    *out = loaded.list;
    return loaded.list_count;
}

/* A module on its way into this process, with a context of its own. */
struct candidate {
    const struct module_row *row;
    struct tn_module *module;
    struct ctx own; /* its arena is the module's */
    struct published *published;
    bool done;
};

/* Keeps why it is left out. */
static void leave_out(struct candidate *candidate)
{
    struct tn_module *module = candidate->module;
    struct ctx *own = &candidate->own;

    module->state = MODULE_FAILED;
    module->reason =
        own->problems ? problem_message(own, own->problems) : ctx_error(own);
    candidate->done = true;
    log_event(LOG_ERROR, "module.failed", "module", module->id, "reason",
              own->problems ? own->problems->text : ctx_error(own), NULL);
}

/* Whether the same version on another host has files that differ a little (an
 * object that was built there): those in force stay, or each start of a worker
 * on either would install again. */
static bool differs_elsewhere(const struct candidate *candidate,
                              const char *file)
{
    const struct tn_module *module = candidate->module;

    if (db_one_writer(&candidate->own) ||
        version_compare(module->manifest->version, candidate->row->version) ||
        !published_may_be_old(candidate->published, file, module->hash))
        return false;
    log_event(LOG_WARN, "module.files_differ", "module", module->id, "version",
              module->manifest->version, NULL);
    return true;
}

static int install_changed(struct candidate *candidate)
{
    const struct module_row *row = candidate->row;
    struct tn_module *module = candidate->module;
    struct ctx *own = &candidate->own;
    struct module_row now;
    int rc;

    if (version_compare(module->manifest->version, row->version) < 0)
        return fail(own, E_INVALID, "plugin.older",
                    "%s %s is older than the installed %s; switch it off and "
                    "on again to go back",
                    module->id, module->manifest->version, row->version);
    rc = tx_begin(own, "plugin.upgrade");
    if (rc)
        return rc;
    rc = row_find(&now, own, module->id);
    if (!rc && !text_equal(now.hash, module->hash)) {
        rc = module_install(own, module);
        if (!rc)
            log_event(LOG_INFO, "module.upgraded", "module", module->id, "from",
                      row->version, "to", module->manifest->version, NULL);
    }
    return tx_end(own, rc);
}

/* Files that are newer than what was installed. */
static int install_anew(struct candidate *candidate)
{
    const char *hash = candidate->module->hash;
    const char *file =
        arena_printf(candidate->own.arena, "module/%s", candidate->row->id);
    int rc = 0;

    if (!text_equal(candidate->row->hash, hash) &&
        !differs_elsewhere(candidate, file))
        rc = install_changed(candidate);
    if (!rc)
        published_set(candidate->published, file, hash);
    return rc;
}

static void read_candidate(struct candidate *candidate, struct ctx *ctx,
                           const struct module_row *row,
                           struct published *published)
{
    struct ctx *own = &candidate->own;

    *own = ctx_apart(ctx);
    own->arena = arena_new(0);
    own->module = NULL;
    own->system = true;
    candidate->row = row;
    candidate->published = published;
    if (module_read(&candidate->module, own, row->id)) {
        leave_out(candidate);
        return;
    }
    candidate->module->incident = quarantine_of(own, candidate->module);
    if (candidate->module->incident) {
        candidate->module->state = MODULE_QUARANTINED;
        candidate->done = true;
        log_event(LOG_WARN, "module.in_quarantine", "module", row->id,
                  "incident", candidate->module->incident, NULL);
        return;
    }
    if (module_check(own, candidate->module))
        leave_out(candidate);
}

static struct candidate *candidate_of(struct candidate *all, size_t count,
                                      const char *id)
{
    size_t i;

    for (i = 0; i < count; i++)
        if (strcmp(all[i].row->id, id) == 0)
            return &all[i];
    return NULL;
}

/* Whether all that it requires is there: 1; not yet: 0; never: negative. */
static int requirements(struct candidate *candidate, struct candidate *all,
                        size_t count)
{
    const struct manifest *manifest = candidate->module->manifest;
    size_t i;
    int rc = 1;

    for (i = 0; i < manifest->require_count; i++) {
        const struct requirement *need = &manifest->requires[i];
        const struct candidate *other = candidate_of(all, count, need->id);

        if (other && !other->done) {
            rc = 0;
            continue;
        }
        if (!other || other->module->state != MODULE_ON ||
            version_compare(other->module->manifest->version, need->version) <
                0)
            return fail(&candidate->own, E_INVALID, "plugin.requires",
                        "%s needs the module %s, %s or newer (plugin.cfg, line "
                        "%d)",
                        manifest->id, need->id, need->version, need->line);
    }
    return rc;
}

static void start_candidate(struct candidate *candidate)
{
    int rc = install_anew(candidate);

    if (!rc)
        rc = module_start(&candidate->own, candidate->module);
    if (rc) {
        leave_out(candidate);
        return;
    }
    candidate->done = true;
    log_event(LOG_INFO, "module.loaded", "module", candidate->module->id,
              "version", candidate->module->manifest->version, NULL);
}

static void start_all(struct candidate *all, size_t count)
{
    bool moved = true;
    size_t i;

    while (moved) {
        moved = false;
        for (i = 0; i < count; i++) {
            int ready = all[i].done ? 0 : requirements(&all[i], all, count);

            if (ready > 0)
                start_candidate(&all[i]);
            else if (ready < 0)
                leave_out(&all[i]);
            moved = moved || ready != 0;
        }
    }
    for (i = 0; i < count; i++) {
        if (all[i].done)
            continue;
        (void)fail(&all[i].own, E_INVALID, "plugin.circle",
                   "%s and what it needs need each other", all[i].row->id);
        leave_out(&all[i]);
    }
}

static void miss(struct candidate *candidate, enum hook_when when,
                 const char *text)
{
    const char *id = candidate->module->id;
    struct ctx *own = &candidate->own;
    struct value *forms;
    size_t i;

    if (json_parse(&forms, own, text, strlen(text))) {
        ctx_clear(own);
        return;
    }
    for (i = 0; i < value_count(forms); i++)
        if (value_as_text(value_at(forms, i)))
            hook_missing(when, value_as_text(value_at(forms, i)), id);
    if (when == HOOK_COMMITTED && value_count(forms))
        form_hears(own, id, false);
}

/* Of a module that is not here: required hooks, and what it would be told. */
static void stand_in(struct candidate *candidate)
{
    const struct module_row *row = candidate->row;

    miss(candidate, HOOK_BEFORE_SAVE, row->required);
    miss(candidate, HOOK_COMMITTED, row->heard);
    loaded.absent[loaded.absent_count++] =
        (struct absent){ arena_strdup(loaded.arena, row->id),
                         arena_strdup(loaded.arena, row->required),
                         arena_strdup(loaded.arena, row->heard) };
}

/* One subscriber, however many hooks it has. */
static void let_hear(struct candidate *candidate)
{
    const struct tn_module *module = candidate->module;
    size_t i;

    for (i = 0; i < module->entries.count; i++) {
        const struct entry *entry = module->entries.items[i];

        if (entry->kind == ENTRY_HOOK && entry->as.hook.when == TN_COMMITTED) {
            form_hears(&candidate->own, module->id, true);
            return;
        }
    }
}

static bool is_folder(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static void add_tables(const struct tn_module *module)
{
    const char *folder = arena_printf(loaded.arena, "%s/web", module->folder);

    loaded.list[loaded.list_count++] =
        (struct ready_module){ str_of(module->id),
                               str_of(module->manifest->version),
                               str_of(module->hash) };
    if (is_folder(folder))
        loaded.mounts[loaded.mount_count++] = (struct ready_mount){
            str_of(arena_printf(loaded.arena, "/assets/m/%s/", module->id)),
            str_of(folder)
        };
}

/* The outcome: for this process, the front, the store. */
static int take_over(struct ctx *ctx, struct candidate *candidate)
{
    struct tn_module *module = candidate->module;
    bool system = ctx->system;
    int rc;

    map_set(loaded.modules, module->id, module);
    if (module->state == MODULE_ON) {
        add_tables(module);
        let_hear(candidate);
    } else {
        stand_in(candidate);
    }
    if (module->state == MODULE_QUARANTINED)
        apply_quarantine(module);
    ctx->system = true;
    rc = row_tell(ctx, candidate->row, module);
    ctx->system = system;
    return rc;
}

/* The first round of a jobs worker sees to the schedules. */
static int schedule_tick(struct ctx *ctx, int64_t *next_due)
{
    static bool done;
    size_t i;
    int rc = 0;

    (void)next_due;
    for (i = 0; !done && !rc && i < loaded.list_count; i++)
        rc = apply_schedules(ctx, module_loaded(loaded.list[i].id.data));
    done = done || !rc;
    return rc;
}

/* Another host may have loaded for the first time what is not here, and only
 * then said what its hooks are. */
static int absent_tick(struct ctx *ctx, int64_t *next_due)
{
    size_t i;
    int rc = 0;

    if (!loaded.absent_count || db_one_writer(ctx))
        return 0;
    for (i = 0; !rc && i < loaded.absent_count; i++) {
        const struct absent *then = &loaded.absent[i];
        struct module_row row;

        rc = row_find(&row, ctx, then->id);
        if (rc || (text_equal(row.required, then->required) &&
                   text_equal(row.heard, then->heard)))
            continue;
        log_event(LOG_INFO, "module.hooks_elsewhere", "module", row.id, NULL);
        outlet_reload();
        loaded.absent_count = 0; /* once is enough */
    }
    *next_due = db_now(ctx) + ABSENT_MS;
    return rc == E_NOT_FOUND ? 0 : rc;
}

int plugins_load(struct ctx *ctx)
{
    struct published *published = published_read(ctx);
    struct module_row **rows;
    struct candidate *all;
    size_t count = 0, i;
    int rc = row_all(&rows, ctx);

    if (rc)
        return rc;
    while (rows[count])
        count++;
    loaded.arena = arena_new(0);
    loaded.modules = map_new(loaded.arena);
    loaded.mounts = arena_array(loaded.arena, count + 1, sizeof *loaded.mounts);
    loaded.list = arena_array(loaded.arena, count + 1, sizeof *loaded.list);
    loaded.absent = arena_array(loaded.arena, count + 1, sizeof *loaded.absent);
    loaded.mount_count = loaded.list_count = loaded.absent_count = 0;
    all = arena_array(ctx->arena, count + 1, sizeof *all);
    for (i = 0, count = 0; rows[i]; i++)
        if (rows[i]->enabled)
            read_candidate(&all[count++], ctx, rows[i], published);
    settings_tell_forms();
    start_all(all, count);
    published_write(ctx, published);
    for (i = 0; !rc && i < count; i++)
        rc = take_over(ctx, &all[i]);
    if (rc)
        return rc;
    hook_complete();
    job_tick_register("plugin.schedule", schedule_tick);
    job_tick_register("plugin.absent", absent_tick);
    return 0;
}
