/*
 * store_setting.c - another store in a site's tenon.cfg.
 *
 * People write comments into that file: one group is changed in its text, the
 * rest stays as it is.
 */
#include "base/banned.h"

#include "store/store_setting.h"

#include <ctype.h>

#include "base/arena.h"
#include "base/config.h"
#include "base/ctx.h"
#include "base/file.h"
#include "base/site.h"
#include "base/str.h"
#include "store/tree.h"

enum { FILE_MAX = 1024 * 1024 };

/* ---- finding the group ---- */

static const char *line_end(const char *at, const char *end)
{
    while (at < end && *at != '\n')
        at++;
    return at;
}

static const char *block_end(const char *at, const char *end)
{
    const char *close = memmem(at, (size_t)(end - at), "*/", 2);

    return close ? close + 2 : end;
}

static const char *quoted_end(const char *at, const char *end)
{
    for (at++; at < end && *at != '"'; at++)
        if (*at == '\\')
            at++;
    return at < end ? at + 1 : end;
}

/* Past a comment or a text that begins here; NULL where none does. */
static const char *passed(const char *at, const char *end)
{
    if (*at == '#' || (end - at > 1 && at[0] == '/' && at[1] == '/'))
        return line_end(at, end);
    if (end - at > 1 && at[0] == '/' && at[1] == '*')
        return block_end(at + 2, end);
    return *at == '"' ? quoted_end(at, end) : NULL;
}

static bool name_char(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '*';
}

/* Past the group's closing brace and what ends a setting. */
static const char *group_end(const char *at, const char *end)
{
    int depth = 0;

    while (at < end) {
        const char *after = passed(at, end);

        if (after) {
            at = after;
            continue;
        }
        depth += *at == '{';
        if (*at++ == '}' && --depth == 0)
            break;
    }
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    return at < end && (*at == ';' || *at == ',') ? at + 1 : at;
}

/* The setting "store" of the file itself; NULL where there is none. */
static const char *find_group(const char *text, const char *end)
{
    const char *at = text;
    int depth = 0;

    while (at < end) {
        const char *after = passed(at, end), *name = at;

        if (after) {
            at = after;
            continue;
        }
        while (at < end && name_char(*at))
            at++;
        if (at - name == 5 && depth == 0 && memcmp(name, "store", 5) == 0)
            return name;
        if (at > name)
            continue;
        depth += strchr("{([", *at) != NULL;
        depth -= strchr("})]", *at) != NULL;
        at++;
    }
    return NULL;
}

/* ---- writing it ---- */

static void add_text(struct buf *out, const char *name, const char *value)
{
    if (!value)
        return;
    buf_addf(out, "    %s = \"", name);
    for (; *value; value++) {
        if (*value == '"' || *value == '\\')
            buf_add_char(out, '\\');
        buf_add_char(out, *value);
    }
    buf_add_text(out, "\";\n");
}

static void add_group(struct buf *out, const struct store_settings *store)
{
    buf_add_text(out, "store = {\n");
    add_text(out, "driver", store->driver);
    add_text(out, "url", store->url);
    buf_add_text(out, "};");
}

int store_setting_text(const char **out, struct ctx *ctx, const char *text,
                       size_t length, const struct store_settings *store)
{
    const char *end = text + length, *group = find_group(text, end);
    config_t *config;
    struct buf buf;

    buf_init(&buf, ctx->arena, FILE_MAX);
    buf_add(&buf, text, (size_t)((group ? group : end) - text));
    if (!group)
        buf_add_text(&buf, length && end[-1] != '\n' ? "\n\n" : "\n");
    add_group(&buf, store);
    if (group)
        text = group_end(group, end);
    buf_add(&buf, group ? text : "\n", group ? (size_t)(end - text) : 1);
    *out = buf_text(&buf);
    return config_text_parse(&config, ctx, "tenon.cfg", *out, buf.length);
}

int store_setting_write(struct ctx *ctx, const struct store_settings *store)
{
    const char *path = site_path(ctx, ctx->site, "tenon.cfg"), *text, *changed;
    const char *kept = arena_printf(ctx->arena, "%s.%s", path,
                                    ctx->site->settings.store.driver);
    struct site *site;
    size_t length;
    int rc = file_read(&text, &length, ctx, path, FILE_MAX);

    if (!rc)
        rc = store_setting_text(&changed, ctx, text, length, store);
    if (!rc)
        rc = file_write(ctx, kept, text, length, 0600);
    if (!rc)
        rc = file_write(ctx, path, changed, strlen(changed), 0600);
    if (rc)
        return rc;
    tree_give(kept, ctx->site->folder);
    tree_give(path, ctx->site->folder);
    return site_read(&site, ctx, ctx->site->folder);
}
