/*
 * publish_folder.c - all definitions of a folder: the site's, or a module's.
 */
#include "base/banned.h"

#include "form/publish.h"

#include <dirent.h>
#include <errno.h>

#include "base/arena.h"
#include "base/crypto.h"
#include "base/ctx.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/map.h"
#include "base/published.h"
#include "base/str.h"
#include "base/value.h"
#include "form/field_type.h"
#include "form/form.h"

enum { FILE_MAX_BYTES = 1024 * 1024 };

/* Of both texts, each with its length. */
static const char *hash_of(struct ctx *ctx, const char *text, const char *logic)
{
    const char *all = arena_printf(ctx->arena, "%zu:%s%s", strlen(text), text,
                                   logic ? logic : "");
    unsigned char hash[HASH_SIZE];

    hash_data(hash, all, strlen(all), NULL, 0);
    return hex_of(ctx->arena, hash, sizeof hash);
}

static int read_texts(const char **text, size_t *length, const char **logic,
                      struct ctx *ctx, const char *path)
{
    const char *beside =
        arena_printf(ctx->arena, "%.*s.lua", (int)(strlen(path) - 5), path);
    int rc = file_read(text, length, ctx, path, FILE_MAX_BYTES);

    *logic = NULL;
    if (!rc && file_exists(beside))
        rc = file_read(logic, NULL, ctx, beside, FILE_MAX_BYTES);
    return rc;
}

/* published: of the site's own files, what this host remembers. */
static int publish_file(struct ctx *ctx, struct published *published,
                        const char *folder, const char *file,
                        const char *module)
{
    char *name = arena_strndup(ctx->arena, file, strlen(file) - 5);
    const char *known = arena_printf(ctx->arena, "forms/%s", file);
    const char *text, *logic, *hash;
    struct value *definition;
    size_t length;
    int rc;

    /* A module's forms are named MODULE.NAME, whatever the file says; its
     * main form may bear the module's own name. */
    if (module && strcmp(name, module) != 0 && !strchr(name, '.'))
        name = arena_printf(ctx->arena, "%s.%s", module, name);
    rc = read_texts(&text, &length, &logic, ctx,
                    arena_printf(ctx->arena, "%s/%s", folder, file));
    if (!rc)
        rc = json_parse(&definition, ctx, text, length);
    if (rc)
        return rc;
    hash = hash_of(ctx, text, logic);
    rc = form_publish_from(ctx, name, module, definition, logic,
                           published_may_be_old(published, known, hash));
    if (!rc)
        published_set(published, known, hash);
    return rc;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The problems of one file, each with the file's name. */
static void name_problems(struct ctx *ctx, const struct ctx *own,
                          const char *folder, const char *file)
{
    const struct problem *problem;

    for (problem = own->problems; problem; problem = problem->next) {
        log_event(LOG_ERROR, "form.refused", "folder", folder, "file", file,
                  "reason", problem->text, NULL);
        fail_at(ctx, E_INVALID, problem->field, "form.file_refused", "%s: %s",
                file, problem_message(ctx, problem));
    }
}

/* Links to forms that are not there (yet): their fields find nothing. */
static void tell_missing_targets(struct ctx *ctx)
{
    const struct form **forms;
    struct ctx quiet = *ctx;
    size_t count, i, j;

    if (form_list(&forms, &count, &quiet))
        return;
    for (i = 0; i < count; i++)
        for (j = 0; j < forms[i]->field_count; j++) {
            const struct field *field = forms[i]->fields[j];
            const struct form *target;

            if (field->target && form_find(&target, &quiet, field->target))
                log_event(LOG_WARN, "form.target_missing", "form",
                          forms[i]->name, "field", field->key, "target",
                          field->target, NULL);
        }
}

int form_publish_folder(struct ctx *ctx, const char *folder, const char *module)
{
    struct vector files;
    struct dirent *entry;
    DIR *dir = opendir(folder);
    struct published *published;
    int refused = 0;
    size_t i;

    if (!dir)
        return errno == ENOENT ? 0
                               : fail(ctx, E_IO, "form.file_unreadable",
                                      "%s can't be read", folder);
    published = module ? NULL : published_read(ctx);
    vector_init(&files, ctx->arena);
    while ((entry = readdir(dir)))
        if (entry->d_name[0] != '.' && text_ends(entry->d_name, ".json"))
            vector_add(&files, arena_strdup(ctx->arena, entry->d_name));
    closedir(dir);
    if (files.count)
        qsort(files.items, files.count, sizeof *files.items, compare_names);
    for (i = 0; i < files.count; i++) {
        struct ctx own = ctx_apart(ctx);

        if (publish_file(&own, published, folder, files.items[i], module)) {
            name_problems(ctx, &own, folder, files.items[i]);
            refused++;
        }
    }
    published_write(ctx, published);
    tell_missing_targets(ctx);
    return refused;
}
