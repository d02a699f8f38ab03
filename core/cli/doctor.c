/*
 * doctor.c - `tenon doctor`: looks at a site and says how to mend it.
 *
 * Each check is a row of a table. It says "ok", "note" (works, but look at
 * it) or "bad", and for the last two what to do. Nothing is changed. Exit
 * code 0: nothing is bad; 1: something is.
 */
#include "base/banned.h"

#include <errno.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "audit/audit.h"
#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/site.h"
#include "base/str.h"
#include "base/value.h"
#include "cli/cli.h"
#include "cli/site.h"
#include "ipc/control.h"
#include "store/ballast.h"
#include "store/blob.h"
#include "store/check.h"
#include "store/db.h"
#include "store/tree.h"
#include "worker/schema.h"

enum { ROOM_LEAST = 256 * 1024 * 1024, MISSING_SHOWN = 5 };

enum verdict { GOOD, NOTE, BAD };

struct doctor {
    struct ctx *ctx;
    int bad;
};

/* One line, and below it what to do. The keys are cli.doctor.KEY, where that
 * is bad KEY_bad (if there is one), and KEY_mend; {detail} is filled in. */
static void say(struct doctor *doctor, enum verdict verdict, const char *key,
                const char *detail)
{
    static const char *const words[] = { "ok  ", "note", "BAD " };
    struct ctx *ctx = doctor->ctx;
    struct value *args = value_map(ctx->arena);
    const char *line = arena_printf(ctx->arena, "cli.doctor.%s", key);
    const char *worse = arena_printf(ctx->arena, "%s_bad", line);

    value_set_text(args, "detail", detail ? detail : "");
    if (verdict != GOOD && tr_find("en", worse))
        line = worse;
    printf("%s  %s\n", words[verdict], tr_with(ctx, line, args));
    if (verdict != GOOD)
        printf("      → %s\n",
               tr_with(ctx, arena_printf(ctx->arena, "cli.doctor.%s_mend", key),
                       args));
    doctor->bad += verdict == BAD;
    ctx_clear(ctx);
}

/* ---- before the store is open ---- */

static void check_permissions(struct doctor *doctor)
{
    static const char *const names[] = { ".", "tenon.cfg", "tenon.db", "files",
                                         "run" };
    struct ctx *ctx = doctor->ctx;
    struct buf open;
    struct stat info;
    size_t i;

    buf_init(&open, ctx->arena, 1000);
    for (i = 0; i < sizeof names / sizeof *names; i++)
        if (stat(site_path(ctx, ctx->site, names[i]), &info) == 0 &&
            (info.st_mode & 077) != 0 && (i > 0 || (info.st_mode & 022) != 0))
            buf_addf(&open, "%s%s", open.length ? ", " : "", names[i]);
    say(doctor, open.length ? BAD : GOOD, "permissions", buf_text(&open));
}

static void check_room(struct doctor *doctor)
{
    struct ctx *ctx = doctor->ctx;
    int64_t room = disk_free(ctx->site->folder);

    say(doctor, room < 0 || room >= ROOM_LEAST ? GOOD : BAD, "room",
        arena_printf(ctx->arena, "%lld", (long long)(room >> 20)));
    if (!tree_exists(site_path(ctx, ctx->site, "run/ballast")))
        say(doctor, NOTE, "ballast", NULL);
}

static void check_leftovers(struct doctor *doctor)
{
    static const char *const names[] = { ".before", ".restore", ".replaced",
                                         "run/unclean" };
    struct ctx *ctx = doctor->ctx;
    size_t i;

    for (i = 0; i < sizeof names / sizeof *names; i++)
        if (tree_exists(site_path(ctx, ctx->site, names[i])))
            say(doctor, NOTE, i < 3 ? "leftover" : "unclean", names[i]);
}

static void check_library(struct doctor *doctor)
{
    say(doctor, GOOD, "sqlite",
        arena_printf(doctor->ctx->arena, "%s, %s", sqlite3_libversion(),
                     sqlite3_sourceid()));
    if (store_has_race(sqlite3_libversion_number()))
        printf("      %s\n", tr(doctor->ctx, "cli.doctor.race"));
}

static void check_service(struct doctor *doctor)
{
    struct ctx *ctx = doctor->ctx;
    struct value *command = value_map(ctx->arena), *answer;
    int rc;

    value_set_text(command, "do", "status");
    rc = control_ask(&answer, ctx, ctx->site, command, 5);
    if (rc == 0)
        say(doctor, GOOD, "served", NULL);
    else if (rc == E_NOT_FOUND)
        say(doctor, GOOD, "stopped", NULL);
    else
        say(doctor, BAD, "service", ctx_error(ctx));
}

/* ---- the store ---- */

static void check_database(struct doctor *doctor)
{
    struct ctx *ctx = doctor->ctx;
    const char *said = NULL;
    int rc = store_integrity(&said, ctx);

    if (rc)
        said = ctx_error(ctx);
    say(doctor, rc || said ? BAD : GOOD, "integrity", said);
    rc = store_foreign_keys(&said, ctx);
    if (rc)
        said = ctx_error(ctx);
    say(doctor, rc || said ? BAD : GOOD, "references", said);
}

static void check_trail(struct doctor *doctor)
{
    struct ctx *ctx = doctor->ctx;
    int64_t checked = 0;
    int rc = audit_verify(ctx, &checked);

    if (rc)
        say(doctor, BAD, "audit", ctx_error(ctx));
    else
        say(doctor, GOOD, "audit",
            arena_printf(ctx->arena, "%lld", (long long)checked));
}

/* Adds a file that is not there to the list; true where that is long. */
static bool note_missing(struct ctx *ctx, struct buf *missing, const char *hash)
{
    int fd;

    if (blob_open(&fd, ctx, hash) == 0) {
        close(fd);
        return false;
    }
    ctx_clear(ctx);
    buf_addf(missing, "%s%.12s…", missing->length ? ", " : "", hash);
    return missing->length > MISSING_SHOWN * 17;
}

static void check_files(struct doctor *doctor)
{
    struct ctx *ctx = doctor->ctx;
    QUERY_AUTO *query = NULL;
    struct buf missing;
    int rc;

    buf_init(&missing, ctx->arena, 4096);
    rc = db_query(&query, ctx,
                  "SELECT hash FROM attachment UNION "
                  "SELECT hash FROM attachment_page",
                  "");
    while (!rc && (rc = query_next(query)) > 0)
        rc = note_missing(ctx, &missing, query_text(query, 0));
    if (rc < 0)
        buf_add_text(&missing, ctx_error(ctx));
    say(doctor, missing.length ? BAD : GOOD, "files", buf_text(&missing));
}

static void check_migrations(struct doctor *doctor)
{
    struct ctx *ctx = doctor->ctx;
    const char *what = NULL;
    int rc = schema_differs(&what, ctx);

    if (rc)
        what = ctx_error(ctx);
    say(doctor, rc ? BAD : what ? NOTE : GOOD, "migrations", what);
}

static void check_incidents(struct doctor *doctor)
{
    struct ctx *ctx = doctor->ctx;
    int64_t count = 0;
    int rc = db_int(&count, ctx,
                    "SELECT count(*) FROM event_incident WHERE state = 0", "");

    if (!rc)
        say(doctor, count ? NOTE : GOOD, "incidents",
            arena_printf(ctx->arena, "%lld", (long long)count));
    ctx_clear(ctx);
}

static void (*const checks_before[])(struct doctor *) = {
    check_library,   check_service, check_permissions,
    check_leftovers, check_room,
};

static void (*const checks_inside[])(struct doctor *) = {
    check_database, check_migrations, check_files, check_trail, check_incidents,
};

int command_doctor(struct ctx *ctx, int argc, char **argv)
{
    struct doctor doctor = { .ctx = ctx };
    const struct option_row rows[] = { { 0 } };
    size_t i;
    int rc = cli_options(ctx, rows, &argc, argv);

    if (rc)
        return rc;
    if (argc > 2)
        return cli_usage(ctx, argv[0]);
    log_level_set(LOG_ERROR);
    rc = cli_site(ctx, argc > 1 ? argv[1] : NULL);
    if (rc)
        return rc;
    for (i = 0; i < sizeof checks_before / sizeof *checks_before; i++)
        checks_before[i](&doctor);
    rc = db_open(ctx, ctx->site->folder, DB_WORKER);
    if (rc) {
        say(&doctor, BAD, "open", ctx_error(ctx));
        return CLI_FAILED;
    }
    for (i = 0; i < sizeof checks_inside / sizeof *checks_inside; i++)
        checks_inside[i](&doctor);
    site_command_close(ctx);
    printf("\n%s\n",
           tr(ctx, doctor.bad ? "cli.doctor.sick" : "cli.doctor.well"));
    return doctor.bad ? CLI_FAILED : CLI_OK;
}
