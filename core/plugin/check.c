/*
 * check.c - compiling a module's Lua files and templates, to say what is
 * wrong with them before any of it runs.
 */
#include "base/banned.h"

#include "plugin/check.h"

#include <dirent.h>
#include <sys/stat.h>

#include <lua.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/file.h"
#include "base/str.h"
#include "plugin/find.h"
#include "plugin/module.h"
#include "script/sandbox.h"
#include "script/script.h"
#include "script/status.h"
#include "view/template.h"

enum { STEPS = 1000000, MILLISECONDS = 2000, DEPTH_MAX = 4, FILES_MAX = 1000 };

/* ---- the files of a folder ---- */

struct walk {
    struct ctx *ctx;
    const struct tn_module *module;
    const char *ending;
    int depth, files;
    int (*check)(struct walk *walk, const char *name);
};

static bool is_folder(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* `folder` is seen from the module's: "", "pages", "pages/parts". */
static int walk_folder(struct walk *walk, const char *folder)
{
    struct ctx *ctx = walk->ctx;
    struct dirent **entries = NULL;
    int count = scandir(module_path(ctx, walk->module, folder), &entries, NULL,
                        alphasort);
    int i, rc = 0;

    walk->depth++;
    for (i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        const char *path = arena_printf(ctx->arena, "%s%s%s", folder,
                                        *folder ? "/" : "", name);

        if (!rc && name[0] != '.' && *folder && walk->depth < DEPTH_MAX &&
            is_folder(module_path(ctx, walk->module, path)))
            rc = walk_folder(walk, path);
        else if (!rc && name[0] != '.' && text_ends(name, walk->ending) &&
                 walk->files++ < FILES_MAX)
            rc = walk->check(walk, path);
        free(entries[i]);
    }
    free(entries);
    walk->depth--;
    return rc;
}

/* ---- templates ---- */

static int check_template(struct walk *walk, const char *name)
{
    struct ctx *ctx = walk->ctx;
    struct template *template;
    const char *text;
    size_t length;
    int rc =
        file_read(&text, &length, ctx, module_path(ctx, walk->module, name),
                  TEMPLATE_SOURCE_MAX);

    return rc ? rc
              : template_compile(
                    &template, ctx, ctx->arena,
                    arena_printf(ctx->arena, "%s/%s", walk->module->id, name),
                    text, length);
}

/* ---- Lua ---- */

struct source {
    const char *name, *text;
    size_t length;
};

static int compile(lua_State *L)
{
    const struct source *source = lua_touserdata(L, 1);

    sandbox_compile(L, source->name, source->text, source->length);
    return 0;
}

static int check_script(struct walk *walk, const char *name)
{
    struct ctx *ctx = walk->ctx;
    struct source source = { .name = arena_printf(ctx->arena, "%s/%s",
                                                  walk->module->id, name) };
    struct script *script = NULL;
    struct sandbox *box;
    int rc = file_read(&source.text, &source.length, ctx,
                       module_path(ctx, walk->module, name), SCRIPT_MAX);

    if (!rc)
        rc = script_open(&script, ctx, source.name, NULL);
    if (!rc) {
        box = script_sandbox(script);
        rc = script_fail(
            ctx, sandbox_call(box, compile, &source, STEPS, MILLISECONDS),
            source.name, sandbox_error(box));
    }
    script_close(script);
    return rc;
}

int module_check(struct ctx *ctx, const struct tn_module *module)
{
    struct ctx own = *ctx; /* what it reads goes when it is done */
    struct walk walk = { .ctx = &own, .module = module };
    const char *text;
    int rc = 0;

    own.arena = arena_new(0);
    ctx_clear(&own);
    if (module->manifest->lua) {
        walk.ending = ".lua";
        walk.check = check_script;
        rc = walk_folder(&walk, "");
    }
    if (!rc && is_folder(module_path(&own, module, "pages"))) {
        walk.ending = ".mustache";
        walk.check = check_template;
        rc = walk_folder(&walk, "pages");
    }
    if (rc) {
        text = arena_strdup(ctx->arena,
                            own.problems ? problem_message(&own, own.problems)
                                         : ctx_error(&own));
        rc = fail(ctx, rc, "plugin.file", "%s", text);
    }
    arena_free(own.arena);
    return rc;
}
