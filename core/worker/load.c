/*
 * load.c - what a worker loads before it is ready, in order.
 *
 * The first page worker of a generation also migrates the schema and reads
 * the site's own forms and flows; it is the probe: if it fails, the
 * generation in force stays.
 */
#include "base/banned.h"

#include <dirent.h>
#include <sys/stat.h>

#include "audit/audit.h"
#include "backup/backup.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/site.h"
#include "flow/flow.h"
#include "form/form.h"
#include "ipc/slot.h"
#include "notify/notify.h"
#include "org/person.h"
#include "plugin/plugin.h"
#include "portal/portal.h"
#include "store/db.h"
#include "store/dialect.h"
#include "view/view.h"
#include "web/request.h"
#include "web/router.h"
#include "worker/internal.h"
#include "worker/schema.h"

/* Each room registers its hooks, jobs, subscribers, routes. */
static void start_rooms(void)
{
    static void (*const starts[])(void) = {
        schema_start,       audit_start,        notify_start,
        backup_start,       form_start,         flow_start_room,
        portal_frame_start, portal_admin_start, portal_records_start,
        portal_tasks_start,
    };
    size_t i;

    log_person_with(person_id);
    for (i = 0; i < sizeof starts / sizeof *starts; i++)
        starts[i]();
}

static bool is_folder(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* The site's own forms and flows: a bad one is refused and logged, its last
 * version stays in force; it does not keep the service from starting. */
static int publish_definitions(struct ctx *ctx)
{
    const char *forms = site_path(ctx, ctx->site, "forms");
    const char *flows = site_path(ctx, ctx->site, "flows");
    int refused = 0;

    ctx->system = true;
    if (is_folder(forms))
        refused = form_publish_folder(ctx, forms, NULL);
    if (refused >= 0 && is_folder(flows))
        refused = flow_deploy_folder(ctx, flows, NULL);
    ctx->system = false;
    if (refused < 0)
        return refused;
    ctx_clear(ctx);
    return 0;
}

static int load_texts(struct ctx *ctx)
{
    const char *folder =
        arena_printf(ctx->arena, "%s/locale", ctx->site->share);

    return is_folder(folder) ? catalog_load(ctx, folder, NULL) : 0;
}

/* Of what a newer version has made of the tables this one knows nothing.
 * Where several hosts may share them those are replaced one after the other,
 * and a version's migrations suit the version before: who is still to be
 * replaced goes on. */
static int refuse_newer(struct ctx *ctx)
{
    const char *newer;
    int rc = schema_newer(&newer, ctx);

    if (rc || !newer)
        return rc;
    log_event(LOG_WARN, "store.newer", "migration", newer, NULL);
    if (db_dialect(ctx) != DB_SQLITE)
        return 0;
    return fail(ctx, E_UNSUPPORTED, "store.newer",
                "the site was served by a newer version of this program (%s); "
                "install that one again, or restore a backup from before the "
                "update",
                newer);
}

/* Host frames: a large table takes its time, and nobody is to blame. */
static int migrate_all(struct ctx *ctx)
{
    int rc;

    slot_push_host("migrate");
    rc = refuse_newer(ctx);
    if (!rc)
        rc = schema_migrate(ctx);
    slot_pop();
    return rc;
}

static int publish_all(struct ctx *ctx)
{
    int rc;

    slot_push_host("publish");
    rc = publish_definitions(ctx);
    slot_pop();
    return rc;
}

/* Texts, and whose zone and language count where nobody says another. */
static int begin(struct ctx *ctx)
{
    const struct settings *settings = &ctx->site->settings;
    const struct zone *zone = zone_find(settings->zone);
    int rc = load_texts(ctx);

    ctx->zone = zone ? zone : zone_utc();
    ctx->locale = settings->locale;
    return rc;
}

static int open_rooms(struct ctx *ctx)
{
    int rc = view_open(ctx, ctx->site->settings.theme);

    if (rc)
        return rc;
    start_rooms();
    plugin_page_with(portal_page);
    return 0;
}

int worker_rooms_open(struct ctx *ctx)
{
    int rc = begin(ctx);

    return rc ? rc : open_rooms(ctx);
}

int process_load(struct process *process)
{
    struct ctx *ctx = process->ctx;
    int rc = begin(ctx);

    if (!rc)
        rc = db_open(ctx, ctx->site->folder, DB_SERVED);
    if (!rc && process->first)
        rc = migrate_all(ctx);
    if (!rc)
        rc = open_rooms(ctx);
    if (!rc && process->first)
        rc = publish_all(ctx);
    /* Behind the rooms: a module adds to them, and never comes first. */
    return rc ? rc : plugins_load(ctx);
}

const char *process_reason(const struct process *process)
{
    const struct ctx *ctx = process->ctx;

    return ctx->problems ? problem_message(ctx, ctx->problems)
                         : "the worker could not start";
}

/* ---- the tables for the front ---- */

static int rule_flags(const struct route *route, bool files_away)
{
    int flags = 0;

    if (route->flags & ROUTE_NET)
        flags |= RULE_NET;
    if (files_away && (route->flags & ROUTE_FILES))
        flags |= RULE_NET;
    if (files_away && (route->flags & ROUTE_FILE_FORM))
        flags |= RULE_NET_FORM;
    if (route->flags & ROUTE_LOCAL)
        flags |= RULE_LOCAL;
    if (route->flags & ROUTE_RESERVED)
        flags |= RULE_RESERVED;
    if (strstr(route->pattern, "{token"))
        flags |= RULE_PRIVATE;
    if (route->flags & ROUTE_ANONYMOUS)
        flags |= RULE_ANONYMOUS;
    return flags;
}

/* All routes go in: a general one without flags may hide a special one. */
static void add_rules(struct ready_part *ready, struct arena *arena,
                      const struct site *site)
{
    bool away = site_files_away(site);
    const struct route *route;
    int count = 0, i;

    while (route_at(count))
        count++;
    ready->rules = arena_array(arena, (size_t)count + 1, sizeof *ready->rules);
    for (i = 0; (route = route_at(i)); i++)
        ready->rules[ready->rule_count++] =
            (struct ready_rule){ str_of(route->method), str_of(route->pattern),
                                 str_of(route->module),
                                 (uint8_t)rule_flags(route, away) };
}

enum { MOUNTS_MAX = 200 };

static void add_mount(struct ready_part *ready, struct arena *arena,
                      const char *prefix, const char *folder)
{
    if (ready->mount_count == MOUNTS_MAX || !is_folder(folder))
        return;
    ready->mounts[ready->mount_count++] =
        (struct ready_mount){ str_of(arena_strdup(arena, prefix)),
                              str_of(arena_strdup(arena, folder)) };
}

/* The assets of every theme that is installed: parents are used by children,
 * and a person may see an old page while the theme is being changed. */
static void add_themes(struct ready_part *ready, struct arena *arena,
                       const char *root)
{
    const char *folder = arena_printf(arena, "%s/themes", root);
    DIR *themes = opendir(folder);
    struct dirent *entry;

    while (themes && (entry = readdir(themes))) {
        if (entry->d_name[0] == '.')
            continue;
        add_mount(ready, arena,
                  arena_printf(arena, "/assets/%s/", entry->d_name),
                  arena_printf(arena, "%s/%s/assets", folder, entry->d_name));
    }
    if (themes)
        closedir(themes);
}

/* Modules of this generation, and their browser files. */
static void add_modules(struct ready_part *ready, struct arena *arena)
{
    const struct ready_module *modules;
    const struct ready_mount *mounts;
    size_t count = plugin_mounts(&mounts), i;

    for (i = 0; i < count && ready->mount_count < MOUNTS_MAX; i++)
        ready->mounts[ready->mount_count++] = mounts[i];
    ready->module_count = plugin_modules(&modules);
    if (ready->module_count)
        ready->modules = arena_memdup(
            arena, modules, ready->module_count * sizeof *ready->modules);
}

void process_tables(struct process *process, struct ready_part *ready)
{
    struct arena *arena = process->ctx->arena;
    const struct site *site = process->ctx->site;

    add_rules(ready, arena, process->ctx->site);
    ready->mounts = arena_array(arena, MOUNTS_MAX, sizeof *ready->mounts);
    add_themes(ready, arena, site->folder);
    add_themes(ready, arena, site->share);
    add_modules(ready, arena);
}
