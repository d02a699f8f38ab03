/*
 * start.c - opening a module and letting it register.
 *
 * From here on the module's own code runs: constructors inside dlopen, then
 * the entry, or the Lua file. The slot says so, that a crash costs this
 * generation and puts the module away, not the service.
 */
#include "base/banned.h"

#include "plugin/load.h"

#include <dlfcn.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/file.h"
#include "base/i18n.h"
#include "ipc/slot.h"
#include "plugin/apply.h"
#include "plugin/checklist.h"
#include "plugin/entry.h"
#include "plugin/find.h"
#include "plugin/host.h"
#include "plugin/lua.h"
#include "plugin/manifest.h"
#include "view/theme.h"
#include "view/view.h"

typedef int (*entry_v1)(const tn_host *host, tn_module *self);

static int open_c(struct ctx *ctx, struct tn_module *module)
{
    const char *path = module_entry_path(ctx, module);
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL), *symbol;
    const char *why;
    entry_v1 entry;
    int rc;

    if (!library) {
        why = dlerror();
        return fail(ctx, E_INVALID, "plugin.open", "%s can't be opened: %s",
                    path, why ? why : "no reason");
    }
    /* Never closed again: code of it may be on its way anywhere. */
    symbol = dlsym(library, "tenon_plugin_v1");
    if (!symbol)
        return fail(ctx, E_INVALID, "plugin.object.symbol",
                    "%s has no symbol tenon_plugin_v1; use TN_MODULE", path);
    memcpy(&entry, &symbol, sizeof entry);
    rc = entry(&module->host, module);
    return rc == TN_OK ? 0
                       : fail(ctx, E_INVALID, "plugin.start",
                              "the module %s did not start; its entry "
                              "returned %d",
                              module->id, rc);
}

static int open_lua(struct ctx *ctx, struct tn_module *module)
{
    const char *text;
    size_t length;
    int rc = file_read(&text, &length, ctx, module_entry_path(ctx, module),
                       SCRIPT_MAX);

    return rc ? rc : lua_start(ctx, module, text, length);
}

static int run_entry(struct ctx *ctx, struct tn_module *module)
{
    int depth = slot_depth(), rc;

    host_make(module);
    entry_context(ctx);
    module->starting = true;
    slot_push_loading(module->id, module->manifest->version, module->hash);
    rc = module->manifest->c ? open_c(ctx, module) : open_lua(ctx, module);
    /* Pops the one frame, which also ends "loading". */
    slot_pop();
    slot_unwind(depth);
    module->starting = false;
    entry_context(NULL);
    /* A refused registration counts although its result was ignored. */
    return rc ? rc : module->refused;
}

static bool is_folder(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static int load_texts(struct ctx *ctx, const struct tn_module *module)
{
    const char *folder = module_path(ctx, module, "locale");

    return is_folder(folder) ? catalog_load_flat(ctx, folder, module->id) : 0;
}

static void add_pages(struct ctx *ctx, const struct tn_module *module)
{
    const char *folder = module_path(ctx, module, "pages");

    if (view_theme() && is_folder(folder))
        theme_add_pages(view_theme(), module->id, folder);
}

int module_start(struct ctx *ctx, struct tn_module *module)
{
    size_t i;
    int rc = load_texts(ctx, module);

    if (!rc)
        rc = run_entry(ctx, module);
    if (!rc)
        rc = entry_types_complete(ctx, module);
    if (rc) {
        catalog_unload(module->id);
        return rc;
    }
    manifest_grant(module->manifest);
    add_pages(ctx, module);
    for (i = 0; i < module->entries.count; i++) {
        struct entry *entry = module->entries.items[i];

        entry_types[entry->kind].apply(entry);
    }
    checklist_apply(module);
    module->state = MODULE_ON;
    return 0;
}
