/*
 * doctor.c - `tenon doctor`: looks at a site and says how to mend it.
 *
 * Each check is a row of a table. It says "ok", "note" (works, but look at
 * it) or "bad", and for the last two what to do. --verify asks every room for
 * what it knows to go wrong (doctor_verify.c); only --mend changes anything.
 * Exit code 0: nothing is bad; 1: something is.
 */
#include "base/banned.h"

#include <errno.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "audit/audit.h"
#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/json.h"
#include "base/log.h"
#include "base/site.h"
#include "base/str.h"
#include "base/value.h"
#include "cli/cli.h"
#include "cli/doctor.h"
#include "cli/site.h"
#include "ipc/control.h"
#include "store/backup.h"
#include "store/ballast.h"
#include "store/blob.h"
#include "store/check.h"
#include "store/db.h"
#include "store/tree.h"
#include "worker/schema.h"

enum { ROOM_LEAST = 256 * 1024 * 1024, MISSING_SHOWN = 5, JSON_MAX = 4 << 20 };

/* ---- what is said ---- */

static void print_line(struct doctor *doctor, const struct value *line)
{
    const char *verdict = value_get_text(line, "verdict");
    const char *mend = value_get_text(line, "mend");

    if (doctor->json)
        return;
    printf("%-4s  %s\n", strcmp(verdict, "bad") == 0 ? "BAD" : verdict,
           value_get_text(line, "text"));
    if (mend)
        printf("      → %s\n", mend);
}

void doctor_line(struct doctor *doctor, struct value *line)
{
    doctor->bad += text_equal(value_get_text(line, "verdict"), "bad");
    value_append(doctor->lines, line);
    print_line(doctor, line);
}

/* The keys are cli.doctor.KEY, where that is bad KEY_bad (if there is one),
 * and KEY_mend; {detail} is filled in. */
static void say(struct doctor *doctor, enum verdict verdict, const char *key,
                const char *detail)
{
    static const char *const words[] = { "ok", "note", "bad" };
    struct ctx *ctx = doctor->ctx;
    struct value *line = value_map(ctx->arena);
    const char *text = arena_printf(ctx->arena, "cli.doctor.%s", key);
    const char *mend = arena_printf(ctx->arena, "%s_mend", text);
    const char *worse = arena_printf(ctx->arena, "%s_bad", text);

    value_set_text(line, "detail", detail ? detail : "");
    if (verdict != GOOD && tr_find("en", worse))
        text = worse;
    value_set_text(line, "key", text);
    value_set_text(line, "verdict", words[verdict]);
    value_set_text(line, "text", tr_with(ctx, text, line));
    if (verdict != GOOD)
        value_set_text(line, "mend", tr_with(ctx, mend, line));
    doctor_line(doctor, line);
    ctx_clear(ctx);
}

/* ---- before the store is open ---- */

/* Whether other users of the machine may do what they should not. */
static bool is_open(const char *path, bool folder)
{
    struct stat info;

    return stat(path, &info) == 0 && (info.st_mode & 077) != 0 &&
           (!folder || (info.st_mode & 022) != 0);
}

/* Takes from others what is_open() says that they may. */
static void shut(const char *path, bool folder)
{
    struct stat info;

    if (stat(path, &info) == 0)
        (void)chmod(path, info.st_mode & (folder ? 07755 : 07700));
}

static void check_permissions(struct doctor *doctor)
{
    static const char *const names[] = { ".", "tenon.cfg", "tenon.db", "files",
                                         "run" };
    struct ctx *ctx = doctor->ctx;
    struct buf open;
    size_t i;

    buf_init(&open, ctx->arena, 1000);
    for (i = 0; i < sizeof names / sizeof *names; i++) {
        const char *path = site_path(ctx, ctx->site, names[i]);

        if (doctor->mend && is_open(path, i == 0))
            shut(path, i == 0);
        if (is_open(path, i == 0))
            buf_addf(&open, "%s%s", open.length ? ", " : "", names[i]);
    }
    say(doctor, open.length ? BAD : GOOD, "permissions", buf_text(&open));
}

static void check_room(struct doctor *doctor)
{
    struct ctx *ctx = doctor->ctx;
    int64_t room = disk_free(ctx->site->folder);

    say(doctor, room < 0 || room >= ROOM_LEAST ? GOOD : BAD, "room",
        arena_printf(ctx->arena, "%lld", (long long)(room >> 20)));
    if (text_equal(ctx->site->settings.store.driver, "sqlite") &&
        !tree_exists(site_path(ctx, ctx->site, "run/ballast")))
        say(doctor, NOTE, "ballast", NULL);
}

static void check_leftovers(struct doctor *doctor)
{
    static const char *const names[] = { ".before", ".restore", ".replaced",
                                         "run/unclean" };
    struct ctx *ctx = doctor->ctx;
    size_t i;

    /* Somebody may be restoring into it just now. */
    if (doctor->mend && backup_recover_alone(ctx, ctx->site->folder) < 0)
        ctx_clear(ctx);
    for (i = 0; i < sizeof names / sizeof *names; i++)
        if (tree_exists(site_path(ctx, ctx->site, names[i])))
            say(doctor, NOTE, i < 3 ? "leftover" : "unclean", names[i]);
}

static void check_library(struct doctor *doctor)
{
    say(doctor, GOOD, "sqlite",
        arena_printf(doctor->ctx->arena, "%s, %s", sqlite3_libversion(),
                     sqlite3_sourceid()));
    if (store_has_race(sqlite3_libversion_number()) && !doctor->json)
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
    if (blob_there(ctx, hash))
        return false;
    buf_addf(missing, "%s%.12s…", missing->length ? ", " : "", hash);
    return missing->length > MISSING_SHOWN * 17;
}

/* Files outside of the site: is the place the site's, and can it be used?
 * Each of them is asked for by --verify and `tenon files verify`: an object
 * store takes its time. True where nothing is left to look at here. */
static bool check_place(struct doctor *doctor)
{
    struct ctx *ctx = doctor->ctx;
    int rc = blob_place_check(ctx, false);

    if (rc)
        say(doctor, BAD, "files_place", ctx_error(ctx));
    else if (site_files_away(ctx->site))
        say(doctor, GOOD, "files_place",
            blob_place_text(ctx, &ctx->site->settings.files));
    return rc || site_files_away(ctx->site);
}

static void check_files(struct doctor *doctor)
{
    struct ctx *ctx = doctor->ctx;
    QUERY_AUTO *query = NULL;
    struct buf missing;
    int rc;

    if (check_place(doctor))
        return;
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

/* Left out where the rooms look for the same and more. */
static void (*const checks_inside[])(struct doctor *) = {
    check_database,
    check_files,
    check_trail,
};

static void (*const checks_always[])(struct doctor *) = {
    check_migrations,
    check_incidents,
};

static int finish(struct doctor *doctor)
{
    struct value *all = value_map(doctor->ctx->arena);
    struct buf text;

    if (!doctor->json) {
        printf("\n%s\n", tr(doctor->ctx, doctor->bad ? "cli.doctor.sick"
                                                     : "cli.doctor.well"));
        return doctor->bad ? CLI_FAILED : CLI_OK;
    }
    value_set_bool(all, "ok", doctor->bad == 0);
    value_set_bool(all, "verified", doctor->verify);
    value_set(all, "lines", doctor->lines);
    buf_init(&text, doctor->ctx->arena, JSON_MAX);
    json_write_pretty(&text, all);
    printf("%s\n", buf_text(&text));
    return doctor->bad ? CLI_FAILED : CLI_OK;
}

static int examine(struct doctor *doctor)
{
    struct ctx *ctx = doctor->ctx;
    size_t i;
    int rc;

    for (i = 0; i < sizeof checks_before / sizeof *checks_before; i++)
        checks_before[i](doctor);
    rc = db_open(ctx, ctx->site->folder, DB_WORKER);
    if (rc) {
        say(doctor, BAD, "open", ctx_error(ctx));
        return finish(doctor);
    }
    for (i = 0; i < sizeof checks_inside / sizeof *checks_inside; i++)
        if (!doctor->verify)
            checks_inside[i](doctor);
    for (i = 0; i < sizeof checks_always / sizeof *checks_always; i++)
        checks_always[i](doctor);
    if (doctor->verify)
        doctor_verify(doctor);
    site_command_close(ctx);
    return finish(doctor);
}

int command_doctor(struct ctx *ctx, int argc, char **argv)
{
    struct doctor doctor = { .ctx = ctx, .lines = value_list(ctx->arena) };
    const struct option_row rows[] = { { "verify", NULL, &doctor.verify },
                                       { "mend", NULL, &doctor.mend },
                                       { "json", NULL, &doctor.json },
                                       { 0 } };
    int rc = cli_options(ctx, rows, &argc, argv);

    if (rc)
        return rc;
    if (argc > 2)
        return cli_usage(ctx, argv[0]);
    doctor.verify |= doctor.mend;
    log_level_set(LOG_ERROR);
    rc = cli_site(ctx, argc > 1 ? argv[1] : NULL);
    return rc ? rc : examine(&doctor);
}
