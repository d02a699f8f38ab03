/*
 * blob_mark.c - is this place really the site's?
 *
 * Two mistakes cost files: a shared folder that is not mounted (uploads would
 * go into the empty folder below, and be gone), and one bucket for two sites
 * (each would collect what the other one's rows name). So a place outside of
 * the site's folder bears a mark, a random number that the database has too;
 * a process compares the two before it first puts or collects there.
 */
#include "base/banned.h"

#include "store/blob_internal.h"

#include "base/arena.h"
#include "base/crypto.h"
#include "base/ctx.h"
#include "base/file.h"
#include "base/log.h"
#include "base/site.h"
#include "base/str.h"
#include "store/db.h"

enum { MARK_MAX = 200 };

static const char *mark_path(struct ctx *ctx, const struct blob_place *place)
{
    return arena_printf(ctx->arena, "%s/.tenon-files", place->root);
}

static int read_mark(const char **out, struct ctx *ctx,
                     const struct blob_place *place)
{
    const char *text = NULL;
    size_t length;
    int rc = 0;

    *out = NULL;
    if (!place->root)
        rc = remote_mark_read(&text, ctx, place->s3);
    else if (!file_exists(place->root))
        rc = fail(ctx, E_IO, "store.files_none", "there is no folder %s",
                  place->root);
    else if (file_exists(mark_path(ctx, place)))
        rc = file_read(&text, &length, ctx, mark_path(ctx, place), MARK_MAX);
    if (!rc && text)
        *out = arena_strndup(ctx->arena, text, strcspn(text, "\r\n"));
    return rc;
}

static int write_mark(struct ctx *ctx, const struct blob_place *place,
                      const char *mark)
{
    const char *line = arena_printf(ctx->arena, "%s\n", mark);

    return place->root ? file_write(ctx, mark_path(ctx, place), line,
                                    strlen(line), 0600)
                       : remote_mark_write(ctx, place->s3, line);
}

/* What is remembered of the place of files; what was there already stays. */
static int keep_fact(struct ctx *ctx, const char *name, const char *value)
{
    int rc = tx_begin(ctx, "files.mark");

    if (rc)
        return rc;
    rc = db_exec(ctx,
                 "INSERT INTO store_fact (name, value) VALUES (?1, ?2)"
                 " ON CONFLICT (name) DO NOTHING",
                 "ss", name, value);
    return tx_end(ctx, rc);
}

static int find_fact(const char **out, struct ctx *ctx, const char *name)
{
    return db_text(out, ctx, "SELECT value FROM store_fact WHERE name = ?1",
                   "s", name);
}

/* The number in the database, made by who first asks for it. */
static int site_mark(const char **out, struct ctx *ctx)
{
    static const char name[] = "files_mark";
    char mark[TOKEN_TEXT_MAX];
    int rc = find_fact(out, ctx, name);

    if (rc != E_NOT_FOUND)
        return rc;
    token_make(mark);
    rc = keep_fact(ctx, name, mark);
    return rc ? rc : find_fact(out, ctx, name);
}

/* The places that have borne the mark: what is there without it is not what
 * was there. */
static int is_known(bool *known, struct ctx *ctx, const char *name)
{
    const char *value;
    int rc = find_fact(&value, ctx, name);

    *known = !rc;
    return rc == E_NOT_FOUND ? 0 : rc;
}

/* No place has borne it. Several processes may find that at once, and one may
 * die before it writes: all write the same number. */
static int is_first(bool *first, struct ctx *ctx)
{
    int64_t count;
    int rc = db_int(&count, ctx,
                    "SELECT count(*) FROM store_fact"
                    " WHERE name >= 'files_marked:' AND name < 'files_marked;'",
                    "");

    *first = !rc && count == 0;
    return rc;
}

static int remember(struct ctx *ctx, const char *name)
{
    return keep_fact(ctx, name, "1");
}

static int compare(struct ctx *ctx, const struct blob_place *place, bool adopt)
{
    const struct files_settings *files = &ctx->site->settings.files;
    const char *there = NULL, *ours = NULL;
    const char *name = arena_printf(ctx->arena, "files_marked:%s",
                                    blob_place_text(ctx, files));
    bool moving = ctx->site->settings.files_before.where != NULL;
    bool known, first;
    int rc = read_mark(&there, ctx, place);

    if (!rc)
        rc = site_mark(&ours, ctx);
    if (!rc)
        rc = is_known(&known, ctx, name);
    if (!rc)
        rc = is_first(&first, ctx);
    if (rc)
        return rc;
    if (text_equal(there, ours))
        return known ? 0 : remember(ctx, name);
    /* Who moves files from one place to another begins with an empty one. */
    if (adopt || (!there && (first || (moving && !known)))) {
        rc = write_mark(ctx, place, ours);
        return rc || known ? rc : remember(ctx, name);
    }
    if (there)
        return fail(ctx, E_INVALID, "store.files_other",
                    "%s holds the files of another site",
                    blob_place_text(ctx, files));
    return fail(ctx, E_INVALID, "store.files_unmarked",
                "%s does not bear this site's mark; is it mounted, is it the "
                "right one? \"tenon files adopt\" makes it this site's",
                blob_place_text(ctx, files));
}

int blob_place_check(struct ctx *ctx, bool adopt)
{
    struct blob_place place = blob_place(ctx);

    return place.own ? 0 : compare(ctx, &place, adopt);
}

int blob_mark_check(struct ctx *ctx, const struct blob_place *place)
{
    static bool good;
    struct ctx own = *ctx;
    int rc;

    if (place->own || good)
        return 0;
    ctx_clear(&own);
    rc = compare(&own, place, false);
    good = rc == 0;
    if (!rc)
        return 0;
    log_ctx(ctx, LOG_ERROR, "blob.place", "error", ctx_error(&own), NULL);
    if (!ctx->person)
        return fail(ctx, rc, "store.files_store", "%s", ctx_error(&own));
    return fail(ctx, E_UNAVAILABLE, "store.files_away",
                "the place where the files are kept cannot be used just now; "
                "try again in a few minutes");
}
