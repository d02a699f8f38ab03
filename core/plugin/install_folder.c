/*
 * install_folder.c - putting a module into a site, and taking it out.
 *
 * The new folder is complete before it takes the old one's place by rename: a
 * worker that starts meanwhile reads the one or the other.
 */
#include "base/banned.h"

#include "plugin/folder.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/file.h"
#include "base/site.h"
#include "base/str.h"
#include "plugin/find.h"
#include "plugin/manifest.h"
#include "plugin/state.h"

/* Its folder's last name: "/tmp/build/hello/" is "hello". */
static const char *name_of(struct ctx *ctx, const char *folder)
{
    char *copy = arena_strdup(ctx->arena, folder), *slash;
    size_t length = strlen(copy);

    while (length > 1 && copy[length - 1] == '/')
        copy[--length] = '\0';
    slash = strrchr(copy, '/');
    return slash ? slash + 1 : copy;
}

static int check_version(struct ctx *ctx, const struct tn_module *module,
                         const char *place, bool downgrade)
{
    const char *path = arena_printf(ctx->arena, "%s/plugin.cfg", place);
    struct manifest *there;
    struct ctx own = ctx_apart(ctx);

    /* One that can't even be read is not worth keeping. */
    if (!file_exists(path) || manifest_read(&there, &own, place, module->id) ||
        downgrade ||
        version_compare(module->manifest->version, there->version) >= 0)
        return 0;
    return fail(ctx, E_CONFLICT, "plugin.downgrade",
                "%s %s is older than %s, which lies there; --downgrade takes "
                "it all the same",
                module->id, module->manifest->version, there->version);
}

static int move(struct ctx *ctx, const char *from, const char *to)
{
    if (rename(from, to) == 0)
        return 0;
    return fail(ctx, E_IO, "plugin.folder.io", "%s: %s", to,
                strerrorname_np(errno));
}

static int replace(struct ctx *ctx, const char *fresh, const char *place,
                   const char *old)
{
    struct stat status;
    bool there = lstat(place, &status) == 0;
    int rc = there ? move(ctx, place, old) : 0;

    if (rc)
        return rc;
    rc = move(ctx, fresh, place);
    if (rc && there)
        (void)rename(old, place);
    else if (there)
        rc = folder_remove(ctx, old);
    return rc;
}

/* Remains of an attempt that was killed. */
static void sweep(struct ctx *ctx, const char *path)
{
    struct ctx own = *ctx;
    struct stat status;

    if (lstat(path, &status) == 0)
        (void)folder_remove(&own, path);
}

int plugin_install(const char **id, struct ctx *ctx, const char *folder,
                   bool downgrade)
{
    const char *name = name_of(ctx, folder), *parent, *fresh, *place, *old;
    struct tn_module *module;
    int rc = module_read_at(&module, ctx, folder, name);

    *id = name;
    if (rc)
        return rc;
    parent = site_path(ctx, ctx->site,
                       module->manifest->lua ? "scripts" : "plugins");
    place = arena_printf(ctx->arena, "%s/%s", parent, name);
    fresh = arena_printf(ctx->arena, "%s/.new-%s", parent, name);
    old = arena_printf(ctx->arena, "%s/.old-%s", parent, name);
    rc = check_version(ctx, module, place, downgrade);
    if (rc)
        return rc;
    (void)mkdir(parent, 0700);
    sweep(ctx, fresh);
    sweep(ctx, old);
    rc = folder_copy(ctx, folder, fresh);
    /* What was copied counts, whatever the source has become meanwhile. */
    if (!rc)
        rc = module_read_at(&module, ctx, fresh, name);
    if (!rc)
        rc = check_version(ctx, module, place, downgrade);
    if (!rc)
        rc = replace(ctx, fresh, place, old);
    if (rc)
        sweep(ctx, fresh);
    else
        module_renew(ctx);
    return rc;
}

int plugin_remove(struct ctx *ctx, const char *id)
{
    struct tn_module *module;
    struct module_row row;
    int rc = module_read(&module, ctx, id);

    if (!module->folder)
        return rc;
    if (!module->is_site)
        return fail(ctx, E_NOT_FOUND, "plugin.not_in_site",
                    "%s does not lie in this site's folder", id);
    /* However broken it is. */
    ctx_clear(ctx);
    rc = row_find(&row, ctx, id);
    if (!rc && row.enabled)
        return fail(ctx, E_CONFLICT, "plugin.is_on",
                    "%s is on; switch it off first", id);
    if (rc && rc != E_NOT_FOUND)
        return rc;
    ctx_clear(ctx);
    return folder_remove(ctx, module->folder);
}
