/*
 * kit_site.c - a site for one test: a folder for its files, a store in
 * memory, the example company, the module switched on.
 */
#include "base/banned.h"

#include "kit/internal.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/file.h"
#include "base/site.h"
#include "base/str.h"
#include "kit/company.h"
#include "plugin/find.h"
#include "plugin/manifest.h"
#include "plugin/plugin.h"
#include "store/db.h"
#include "worker/schema.h"
#include "worker/worker.h"

/* Monday, 5 January 2026, 09:00 UTC: every test begins then. */
static const int64_t first_moment = INT64_C(1767603600000);

enum { REQUIREMENTS_DEPTH = 8 };

static int make_folder(struct ctx *ctx, const char *path)
{
    return mkdir(path, 0700) == 0 || errno == EEXIST
               ? 0
               : fail(ctx, E_IO, "kit.folder", "%s: %s", path,
                      strerrorname_np(errno));
}

static int make_folders(struct ctx *ctx, const char *base, const char *site)
{
    static const char *const own[] = {
        "", "/files", "/run", "/run/quarantine", "/forms", "/flows", "/themes"
    };
    static const char *const shared[] = { "plugins", "scripts" };
    static const char settings[] =
        "listen = \"127.0.0.1:1\";\nlocale = \"en\";\nzone = \"UTC\";\n";
    size_t i;
    int rc = 0;

    for (i = 0; !rc && i < sizeof own / sizeof *own; i++)
        rc = make_folder(ctx, arena_printf(ctx->arena, "%s%s", site, own[i]));
    for (i = 0; !rc && i < sizeof shared / sizeof *shared; i++)
        if (symlink(arena_printf(ctx->arena, "%s/%s", base, shared[i]),
                    arena_printf(ctx->arena, "%s/%s", site, shared[i])))
            rc = fail(ctx, E_IO, "kit.folder", "%s: %s", site,
                      strerrorname_np(errno));
    return rc ? rc
              : file_write(ctx, arena_printf(ctx->arena, "%s/tenon.cfg", site),
                           settings, sizeof settings - 1, 0600);
}

/* What it needs comes first. */
static int enable(struct ctx *ctx, const char *id, int depth)
{
    struct tn_module *module;
    size_t i;
    int rc = module_read(&module, ctx, id);

    if (!rc && depth > REQUIREMENTS_DEPTH)
        rc = fail(ctx, E_INVALID, "plugin.circle",
                  "%s and what it needs need each other", id);
    for (i = 0; !rc && i < module->manifest->require_count; i++)
        rc = enable(ctx, module->manifest->requires[i].id, depth + 1);
    return rc ? rc : plugin_set_enabled(ctx, id, true);
}

static int open_store(struct ctx *ctx)
{
    struct company company;
    int rc = db_open(ctx, NULL, DB_MEMORY);

    if (!rc)
        rc = schema_migrate(ctx);
    if (!rc)
        rc = epoch_read(ctx);
    if (!rc)
        rc = company_basics(ctx);
    return rc ? rc : company_make(&company, ctx, NULL);
}

int kit_site_open(struct ctx *ctx, const char *base, const char *site,
                  const char *id)
{
    int rc = make_folders(ctx, base, site);

    if (!rc)
        rc = site_read(&ctx->site, ctx, site);
    if (rc)
        return rc;
    clock_set(first_moment);
    ctx->system = true;
    rc = worker_rooms_open(ctx);
    if (!rc)
        rc = open_store(ctx);
    if (!rc)
        rc = enable(ctx, id, 0);
    return rc ? rc : plugins_load(ctx);
}
