/*
 * files.c - `tenon files`: where a site's files are, whether they are whole,
 * and moving them from `files_before` to `files`.
 */
#include "base/banned.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/map.h"
#include "base/site.h"
#include "base/str.h"
#include "base/value.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "cli/site.h"
#include "store/blob.h"
#include "store/db.h"

/* One walk over all files. */
struct round {
    struct progress_bar bar;
    bool quick;
    int64_t files, bytes, total; /* bytes; 0: not known yet */
    int64_t copied, bad;
    struct map *seen; /* hashes */
    struct arena *arena;
};

/* A text with {count}, {bytes}, {copied}, {place}, {hash}. */
static void say(struct ctx *ctx, const char *key, const struct round *round,
                const char *detail)
{
    struct value *args = value_map(ctx->arena);

    value_set_int(args, "count", round->files);
    value_set_int(args, "copied", round->copied);
    value_set_int(args, "mb", round->bytes / 1000000);
    value_set_text(args, "detail", detail ? detail : "");
    printf("%s\n", tr_with(ctx, key, args));
}

/* A file that is bad is told, and the walk goes on; what the place itself
 * cannot do ends it. */
static int told(struct ctx *ctx, struct round *round, const char *hash, int rc)
{
    if (rc == E_NOT_FOUND || rc == E_INVALID) {
        progress_end(&round->bar);
        say(ctx, rc == E_INVALID ? "cli.files.damaged" : "cli.files.missing",
            round, hash);
        ctx_clear(ctx);
        round->bad++;
        return 0;
    }
    return rc;
}

static int add_up(struct ctx *ctx, const char *hash, int64_t size,
                  int64_t modified, void *payload)
{
    struct round *round = payload;

    (void)ctx;
    (void)hash;
    (void)modified;
    round->total += size;
    return 0;
}

/* ---- moving ---- */

static int move_one(struct ctx *ctx, const char *hash, int64_t size,
                    int64_t modified, void *payload)
{
    struct round *round = payload;
    struct ctx own = *ctx;
    bool copied = false;
    int rc;

    (void)modified;
    own.arena = round->arena;
    rc = told(&own, round, hash, blob_move(&copied, &own, hash, size));
    if (rc)
        (void)fail(ctx, rc, "store.files_store", "%s", ctx_error(&own));
    arena_reset(round->arena);
    round->files++;
    round->bytes += size;
    round->copied += copied;
    progress_show(&round->bar, round->bytes, round->total);
    return rc;
}

static int move(struct ctx *ctx, struct round *round)
{
    const struct settings *settings = &ctx->site->settings;
    int rc;

    if (!settings->files_before.where)
        return fail(ctx, E_INVALID, "cli.files.no_before",
                    "tenon.cfg has no files_before: where the files are now");
    rc = blob_place_check(ctx, false);
    if (!rc)
        rc = blob_walk_before(ctx, add_up, round);
    if (!rc)
        rc = blob_walk_before(ctx, move_one, round);
    progress_end(&round->bar);
    if (rc)
        return rc;
    say(ctx, round->bad ? "cli.files.not_all" : "cli.files.moved", round,
        blob_place_text(ctx, &settings->files));
    return round->bad ? CLI_FAILED : CLI_OK;
}

/* ---- verifying ---- */

static int verify_one(struct ctx *ctx, const char *hash, int64_t size,
                      int64_t modified, void *payload)
{
    struct round *round = payload;
    struct ctx own = *ctx;
    int rc = 0;

    (void)modified;
    own.arena = round->arena;
    map_set(round->seen, hash, round);
    if (!round->quick)
        rc = told(&own, round, hash, blob_verify(&own, hash));
    if (rc)
        (void)fail(ctx, rc, "store.files_store", "%s", ctx_error(&own));
    arena_reset(round->arena);
    round->files++;
    round->bytes += size;
    progress_show(&round->bar, round->bytes, round->total);
    return rc;
}

/* What rows name, and is neither in the place nor in the one before. */
static int look_for_named(struct ctx *ctx, struct round *round)
{
    QUERY_AUTO *query = NULL;
    int rc =
        db_query(&query, ctx,
                 "SELECT hash FROM attachment UNION"
                 " SELECT hash FROM attachment_page UNION"
                 " SELECT file_hash FROM event_progress"
                 " WHERE file_hash IS NOT NULL UNION"
                 " SELECT hash FROM import_job WHERE hash IS NOT NULL UNION"
                 " SELECT rows_hash FROM import_job"
                 " WHERE rows_hash IS NOT NULL",
                 "");

    while (!rc && (rc = query_next(query)) == 1) {
        const char *hash = query_text(query, 0);

        rc = 0;
        if (!map_get(round->seen, hash) && !blob_there(ctx, hash))
            rc = told(ctx, round, hash, E_NOT_FOUND);
    }
    return rc;
}

static int verify(struct ctx *ctx, struct round *round)
{
    int rc = blob_place_check(ctx, false);

    round->seen = map_new(ctx->arena);
    if (!rc && !round->quick)
        rc = blob_walk(ctx, add_up, round);
    if (!rc)
        rc = blob_walk(ctx, verify_one, round);
    progress_end(&round->bar);
    if (!rc)
        rc = look_for_named(ctx, round);
    if (rc)
        return rc;
    say(ctx,
        round->bad     ? "cli.files.not_whole"
        : round->quick ? "cli.files.there"
                       : "cli.files.whole",
        round, NULL);
    return round->bad ? CLI_FAILED : CLI_OK;
}

/* ---- the command ---- */

static int mark(struct ctx *ctx, struct round *round, bool adopt)
{
    int rc = blob_place_check(ctx, adopt);

    if (rc)
        return rc;
    say(ctx, "cli.files.place", round,
        blob_place_text(ctx, &ctx->site->settings.files));
    return CLI_OK;
}

static int run(struct ctx *ctx, const char *what, struct round *round)
{
    if (strcmp(what, "move") == 0)
        return move(ctx, round);
    if (strcmp(what, "verify") == 0)
        return verify(ctx, round);
    return mark(ctx, round, strcmp(what, "adopt") == 0);
}

int command_files(struct ctx *ctx, int argc, char **argv)
{
    static const char *const words[] = { "check", "verify", "move", "adopt" };
    struct round round = { .bar = { .title = "files" } };
    const struct option_row rows[] = { { "quick", NULL, &round.quick }, { 0 } };
    bool known = false;
    size_t i;
    int rc = cli_options(ctx, rows, &argc, argv);

    if (rc)
        return rc;
    for (i = 0; argc > 1 && i < sizeof words / sizeof *words; i++)
        known |= strcmp(argv[1], words[i]) == 0;
    if (!known || argc > 3)
        return cli_usage(ctx, argv[0]);
    rc = site_command_open(ctx, argc > 2 ? argv[2] : NULL);
    if (rc)
        return rc;
    round.arena = arena_new(0);
    rc = run(ctx, argv[1], &round);
    arena_free(round.arena);
    site_command_close(ctx);
    return rc;
}
