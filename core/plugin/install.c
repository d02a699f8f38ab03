/*
 * install.c - what a module brings into the store: tables, forms, flows.
 */
#include "base/banned.h"

#include "plugin/install.h"

#include <dirent.h>
#include <unistd.h>

#include "access/access.h"
#include "base/arena.h"
#include "base/ctx.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/map.h"
#include "base/str.h"
#include "flow/flow.h"
#include "form/field_type.h"
#include "form/form.h"
#include "org/admin.h"
#include "plugin/find.h"
#include "plugin/state.h"
#include "store/db.h"
#include "store/migrate.h"

enum { MIGRATION_MAX = 1024 * 1024 };

/* Beside a migration that PostgreSQL takes in other words. */
#define TWIN ".postgresql.sql"

static int is_migration(const struct dirent *entry)
{
    return strspn(entry->d_name, "0123456789") == 4 &&
           entry->d_name[4] == '_' && text_ends(entry->d_name, ".sql") &&
           !text_ends(entry->d_name, TWIN);
}

static int read_migration(struct migration *out, struct ctx *ctx,
                          const struct tn_module *module, const char *folder,
                          const char *file)
{
    int64_t number = 0;
    const char *twin = arena_printf(ctx->arena, "%s/%.*s" TWIN, folder,
                                    (int)strlen(file) - 4, file);
    int rc;

    (void)int_parse(&number, arena_strndup(ctx->arena, file, 4), 0, 9999);
    out->component = module->id;
    out->number = (int)number;
    out->name = arena_strndup(ctx->arena, file + 5, strlen(file) - 9);
    rc = file_read(&out->sql, NULL, ctx,
                   arena_printf(ctx->arena, "%s/%s", folder, file),
                   MIGRATION_MAX);
    if (!rc && access(twin, F_OK) == 0)
        rc = file_read(&out->postgresql, NULL, ctx, twin, MIGRATION_MAX);
    return rc;
}

int module_migrations(struct migration **out, struct ctx *ctx,
                      const struct tn_module *module)
{
    const char *folder = module_path(ctx, module, "migrations");
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, is_migration, alphasort), i, rc = 0;
    struct migration *all;

    count = count > 0 ? count : 0;
    *out = all = arena_array(ctx->arena, (size_t)count + 1, sizeof *all);
    for (i = 0; i < count; i++) {
        if (!rc)
            rc = read_migration(&all[i], ctx, module, folder,
                                entries[i]->d_name);
        if (!rc && i && all[i].number == all[i - 1].number)
            rc = fail(ctx, E_INVALID, "plugin.migrations",
                      "%s has two migrations of the number %d", module->id,
                      all[i].number);
        free(entries[i]);
    }
    free(entries);
    return rc;
}

static int run_migrations(struct ctx *ctx, const struct tn_module *module)
{
    struct migration *all;
    int rc = module_migrations(&all, ctx, module);

    if (rc || !all->component)
        return rc;
    return migrate_module(ctx, all,
                          arena_printf(ctx->arena, "m_%s_", module->id));
}

/* A number of refused files is a refusal of the whole. */
static int refuse_some(struct ctx *ctx, const struct tn_module *module,
                       const char *what, int refused)
{
    return refused <= 0 ? refused
                        : fail(ctx, E_INVALID, "plugin.definitions",
                               "%d of the %s of %s were refused; the log says "
                               "why",
                               refused, what, module->id);
}

/* The roles that the module's grants name; one that is there is taken. */
static int make_roles(struct ctx *ctx, const struct tn_module *module)
{
    const struct manifest *manifest = module->manifest;
    int64_t id;
    size_t i;
    int rc = 0;

    for (i = 0; !rc && i < manifest->role_count; i++) {
        const struct module_role *role = &manifest->roles[i];

        rc = role_find(&id, ctx, role->key);
        if (rc != E_NOT_FOUND)
            continue;
        ctx_clear(ctx);
        rc = role_create(&id, ctx, role->key, locale_pick(ctx, role->title));
    }
    return rc;
}

/* Before the forms that name them. */
static int declare_types(struct ctx *ctx, const struct tn_module *module)
{
    const struct manifest *manifest = module->manifest;
    size_t i;
    int rc = 0;

    for (i = 0; !rc && i < manifest->field_type_count; i++) {
        const char *text = manifest->field_types[i];
        const char *name = arena_printf(ctx->arena, "%s.%.*s", module->id,
                                        (int)strcspn(text, ":"), text);

        rc = field_type_declare(ctx, name,
                                text_ends(text, ":text") ? "TEXT" : "INTEGER");
    }
    return rc;
}

static int install(struct ctx *ctx, const struct tn_module *module)
{
    int rc;

    tx_long(ctx, "plugin.install");
    rc = run_migrations(ctx, module);
    if (!rc)
        rc = declare_types(ctx, module);
    if (!rc)
        rc = make_roles(ctx, module);
    if (!rc)
        rc = form_enable_module(ctx, module->id, true);
    if (!rc)
        rc = refuse_some(ctx, module, "forms",
                         form_publish_folder(ctx,
                                             module_path(ctx, module, "forms"),
                                             module->id));
    if (!rc)
        rc = refuse_some(ctx, module, "flows",
                         flow_deploy_folder(ctx,
                                            module_path(ctx, module, "flows"),
                                            module->id));
    return rc ? rc : row_write(ctx, module, true);
}

int module_install(struct ctx *ctx, const struct tn_module *module)
{
    bool system = ctx->system;
    int rc = tx_begin(ctx, "plugin.install");

    if (rc)
        return rc;
    /* Forms and flows of a module are published by the system, whoever
     * switched it on. */
    ctx->system = true;
    rc = tx_end(ctx, install(ctx, module));
    ctx->system = system;
    return rc;
}
