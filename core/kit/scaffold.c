/*
 * scaffold.c - writing a first module from share/scaffold: what both kinds
 * share, then what is the kind's own.
 */
#include "base/banned.h"

#include "kit/scaffold.h"

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/file.h"
#include "base/site.h"
#include "base/str.h"
#include "plugin/folder.h"
#include "plugin/manifest.h"

enum { FILE_MAX = 256 * 1024, DEPTH_MAX = 4 };

struct scaffold {
    struct ctx *ctx;
    const char *id, *title;
};

/* lunch_orders → "Lunch orders" */
static const char *title_of(struct arena *arena, const char *id)
{
    char *title = arena_strdup(arena, id), *at;

    for (at = title; *at; at++)
        if (*at == '_')
            *at = ' ';
    *title = (char)toupper((unsigned char)*title);
    return title;
}

/* @id@ and @title@ filled in. */
static const char *fill(const struct scaffold *scaffold, const char *text)
{
    struct buf buf;
    const char *mark;

    buf_init(&buf, scaffold->ctx->arena, FILE_MAX * 2);
    while ((mark = strchr(text, '@'))) {
        buf_add(&buf, text, (size_t)(mark - text));
        if (text_starts(mark, "@id@")) {
            buf_add_text(&buf, scaffold->id);
            text = mark + strlen("@id@");
        } else if (text_starts(mark, "@title@")) {
            buf_add_text(&buf, scaffold->title);
            text = mark + strlen("@title@");
        } else {
            buf_add_char(&buf, '@');
            text = mark + 1;
        }
    }
    buf_add_text(&buf, text);
    return buf_text(&buf);
}

static int make_folder(struct ctx *ctx, const char *path)
{
    return mkdir(path, 0755) == 0 || errno == EEXIST
               ? 0
               : fail(ctx, E_IO, "kit.folder", "%s: %s", path,
                      strerrorname_np(errno));
}

static int write_file(struct scaffold *scaffold, const char *from,
                      const char *to)
{
    const char *text;
    int rc = file_read(&text, NULL, scaffold->ctx, from, FILE_MAX);

    if (rc)
        return rc;
    text = fill(scaffold, text);
    return file_write(scaffold->ctx, to, text, strlen(text), 0644);
}

static int write_folder(struct scaffold *scaffold, const char *from,
                        const char *to, int depth)
{
    struct ctx *ctx = scaffold->ctx;
    DIR *folder = opendir(from);
    struct dirent *entry;
    struct stat status;
    int rc = make_folder(ctx, to);

    if (!folder)
        return fail(ctx, E_IO, "kit.scaffold.missing", "%s is missing", from);
    while (!rc && (entry = readdir(folder))) {
        const char *name = entry->d_name, *source, *target;

        if (*name == '.')
            continue;
        source = arena_printf(ctx->arena, "%s/%s", from, name);
        /* Build systems leave out what begins with a dot. */
        if (strcmp(name, "gitignore") == 0)
            name = ".gitignore";
        target = arena_printf(ctx->arena, "%s/%s", to, fill(scaffold, name));
        if (stat(source, &status) == 0 && S_ISDIR(status.st_mode))
            rc = depth < DEPTH_MAX
                     ? write_folder(scaffold, source, target, depth + 1)
                     : 0;
        else
            rc = write_file(scaffold, source, target);
    }
    closedir(folder);
    return rc;
}

int scaffold_write(struct ctx *ctx, const char *name, bool lua)
{
    const char *slash = strrchr(name, '/');
    struct scaffold scaffold = { .ctx = ctx, .id = slash ? slash + 1 : name };
    const char *share =
        arena_printf(ctx->arena, "%s/scaffold", share_folder(ctx));
    int rc;

    if (!module_id_valid(scaffold.id))
        return fail(ctx, E_INVALID, "kit.scaffold.id",
                    "\"%s\" is no id of a module: a small letter, then small "
                    "letters, digits, underscores",
                    scaffold.id);
    if (mkdir(name, 0755))
        return errno == EEXIST ? fail(ctx, E_CONFLICT, "kit.scaffold.there",
                                      "%s is there already", name)
                               : fail(ctx, E_IO, "kit.folder", "%s: %s", name,
                                      strerrorname_np(errno));
    scaffold.title = title_of(ctx->arena, scaffold.id);
    rc = write_folder(&scaffold, arena_printf(ctx->arena, "%s/both", share),
                      name, 0);
    if (!rc)
        rc = write_folder(
            &scaffold,
            arena_printf(ctx->arena, "%s/%s", share, lua ? "lua" : "c"), name,
            0);
    if (rc)
        (void)folder_remove(ctx, name);
    return rc;
}
