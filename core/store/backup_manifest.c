/*
 * backup_manifest.c - what a backup says about itself, and the hash of what
 * is neither database nor stored file.
 */
#include "base/banned.h"

#include "store/backup.h"

#include "base/arena.h"
#include "base/crypto.h"
#include "base/ctx.h"
#include "base/json.h"
#include "base/map.h"
#include "base/str.h"
#include "base/value.h"
#include "store/backup_parts.h"
#include "store/tree.h"

const char *const backup_folders[] = { "files",   "forms",  "flows", "scripts",
                                       "plugins", "themes", "pages", NULL };

static int bad(struct ctx *ctx, const char *what)
{
    return fail(ctx, E_INVALID, "store.backup_bad",
                "the backup is damaged or incomplete: %s", what);
}

int backup_manifest_parse(struct value **out, struct ctx *ctx, const char *text,
                          size_t length)
{
    int rc = json_parse(out, ctx, text, length);

    if (rc) {
        ctx_clear(ctx);
        return bad(ctx, "its manifest.json cannot be read");
    }
    if (value_get_int(*out, "format", 0) > BACKUP_FORMAT)
        return fail(ctx, E_UNSUPPORTED, "store.backup_version",
                    "the backup was made by a newer version of the program");
    if (value_get_int(*out, "format", 0) != BACKUP_FORMAT)
        return bad(ctx, "its manifest.json says no format");
    return 0;
}

void backup_rest_add(struct vector *list, struct ctx *ctx, const char *name,
                     const char *hash)
{
    vector_add(list, arena_printf(ctx->arena, "%s %s\n", name, hash));
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char *backup_rest_hash(struct ctx *ctx, struct vector *list)
{
    unsigned char digest[HASH_SIZE] = { 0 };
    size_t i;

    if (list->count)
        qsort(list->items, list->count, sizeof *list->items, compare);
    for (i = 0; i < list->count; i++) {
        const char *line = list->items[i];
        unsigned char before[HASH_SIZE];

        memcpy(before, digest, sizeof before);
        hash_data(digest, line, strlen(line), before, sizeof before);
    }
    return hex_of(ctx->arena, digest, sizeof digest);
}

static int gather(void *payload, struct ctx *ctx, const char *path,
                  const char *name)
{
    const char *hash;
    int64_t size;
    int rc = backup_hash_file(&hash, &size, ctx, path);

    if (!rc)
        backup_rest_add(payload, ctx, name, hash);
    return rc;
}

int backup_rest_gather(struct vector *list, struct ctx *ctx, const char *folder)
{
    const char *settings = arena_printf(ctx->arena, "%s/tenon.cfg", folder);
    const char *files = arena_printf(ctx->arena, "%s/" BACKUP_LIST, folder);
    const char *const *name;
    int rc =
        tree_exists(settings) ? gather(list, ctx, settings, "tenon.cfg") : 0;

    if (!rc && tree_exists(files))
        rc = gather(list, ctx, files, BACKUP_LIST);
    for (name = backup_folders; *name && !rc; name++)
        if (strcmp(*name, "files") != 0)
            rc =
                tree_each(ctx, arena_printf(ctx->arena, "%s/%s", folder, *name),
                          *name, gather, list);
    return rc;
}

int backup_rest_check(struct ctx *ctx, const struct value *manifest,
                      struct vector *list)
{
    const char *wanted = value_get_text(manifest, "rest_hash");

    /* Those of the first versions have none. */
    if (!wanted || text_equal(wanted, backup_rest_hash(ctx, list)))
        return 0;
    return bad(ctx, "settings, forms, flows, modules or themes were changed");
}
