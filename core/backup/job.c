/*
 * job.c - the job that makes backups: starts a process, looks at its row, says
 * how far it is and how it ended.
 *
 * The process is this job's child and ends with it. Where another host or a
 * new process of the jobs lane looks at the row, it is taken for dead when it
 * said nothing for a minute, and the job begins anew.
 */
#include "base/banned.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>

#include "backup/backup.h"
#include "backup/internal.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/cron.h"
#include "base/ctx.h"
#include "base/log.h"
#include "base/site.h"
#include "base/str.h"
#include "base/value.h"
#include "base/zone.h"
#include "event/job.h"
#include "event/progress.h"
#include "org/person.h"
#include "store/db.h"

enum {
    ATTEMPTS = 2,
    /* Each look is a commit that whoever reads pages waits for, too: at first
     * often, for somebody who watches, then seldom. */
    LOOK_MS = 1000,
    LATER_LOOK_MS = 5000,
    SOON_MS = 5000,
    FIRST_LOOK_MS = 800, /* a small site is done by then */
    DEAD_MS = 60 * 1000,
    SECONDS = 60
};

extern char **environ;

/* The child of this process (0: it has ended), and the row that it tells
 * of. */
static struct {
    pid_t pid;
    int64_t run;
} child;

struct run_row {
    int64_t id, begun, seen, done, total;
    const char *state, *problem, *name;
    bool told, over; /* over: its process has ended */
};

/* ---- the child ---- */

static int start_child(struct ctx *ctx, int64_t run)
{
    char *const argv[] = { "tenon",
                           "backup",
                           "make",
                           "--run",
                           arena_printf(ctx->arena, "%lld", (long long)run),
                           arena_strdup(ctx->arena, ctx->site->folder),
                           NULL };
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    int rc;

    sigemptyset(&none);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addclosefrom_np(&actions, 3);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    rc = posix_spawn(&child.pid, "/proc/self/exe", &actions, &attributes, argv,
                     environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (rc) {
        child.pid = 0;
        return fail(ctx, E_IO, "backup.no_process",
                    "the process that makes backups does not start: %s",
                    strerrordesc_np(rc));
    }
    child.run = run;
    return 0;
}

/* Whether the child of this row is known to have ended. */
static bool child_over(int64_t run)
{
    if (child.run != run)
        return false;
    if (child.pid && waitpid(child.pid, NULL, WNOHANG) != 0)
        child.pid = 0;
    return child.pid == 0;
}

static void end_child(int64_t run)
{
    if (!child.pid || child.run != run)
        return;
    kill(child.pid, SIGKILL);
    waitpid(child.pid, NULL, 0);
    child.pid = 0;
}

/* ---- the row ---- */

/* Asked about its process first: what that has written before it ended is then
 * seen. */
static int find_row(struct run_row *out, struct ctx *ctx, int64_t job)
{
    QUERY_AUTO *query = NULL;
    bool over = child_over(child.run);
    int rc = db_query(&query, ctx,
                      "SELECT id, state, seen, done, total, begun, problem,"
                      " name, told FROM backup_run WHERE job = ?1"
                      " ORDER BY id DESC LIMIT 1",
                      "i", job);

    *out = (struct run_row){ 0 };
    if (!rc)
        rc = query_next(query);
    if (rc <= 0)
        return rc ? rc : E_NOT_FOUND;
    out->id = query_int(query, 0);
    out->state = query_copy(query, 1);
    out->seen = query_int(query, 2);
    out->done = query_int(query, 3);
    out->total = query_int(query, 4);
    out->begun = query_int(query, 5);
    out->problem = query_copy(query, 6);
    out->name = query_copy(query, 7);
    out->told = query_int(query, 8) != 0;
    out->over = over && out->id == child.run;
    return 0;
}

static int begin(struct ctx *ctx, int64_t job, int64_t *run)
{
    int rc = tx_begin(ctx, "backup");

    *run = id_next();
    if (rc)
        return rc;
    rc = tx_end(ctx, db_exec(ctx,
                             "INSERT INTO backup_run (id, job, person, state,"
                             " begun, seen) VALUES (?1, ?2, ?3, 'running', ?4,"
                             " ?4)",
                             "iiii", *run, job, job_person(), db_now(ctx)));
    return rc ? rc : start_child(ctx, *run);
}

/* It ended badly: the job tries again, and is an incident at last. */
static int end_badly(struct ctx *ctx, const struct run_row *row)
{
    int rc = tx_begin(ctx, "backup");

    if (!rc)
        rc = tx_end(ctx, db_exec(ctx,
                                 "UPDATE backup_run SET state = 'failed',"
                                 " told = 1, ended = ?2 WHERE id = ?1",
                                 "ii", row->id, db_now(ctx)));
    return rc ? rc : problem_fail(ctx, row->problem);
}

static int end_well(struct ctx *ctx, const struct run_row *row)
{
    struct value *args = value_map(ctx->arena);
    int rc = tx_begin(ctx, "backup");

    if (rc)
        return rc;
    value_set_text(args, "name", row->name ? row->name : "");
    rc = db_exec(ctx, "UPDATE backup_run SET told = 1 WHERE id = ?1", "i",
                 row->id);
    if (!rc)
        rc = job_result(ctx, "backup.made", args, "/admin/backups");
    return tx_end(ctx, rc);
}

static void wait_a_little(int64_t run)
{
    const struct timespec pause = { .tv_nsec = 20 * 1000 * 1000 };
    int64_t until = clock_monotonic() + FIRST_LOOK_MS;

    while (!child_over(run) && clock_monotonic() < until)
        nanosleep(&pause, NULL);
}

/* Under way: says how far it is. */
static int look(struct ctx *ctx, const struct run_row *row)
{
    int rc;

    if (row->over || db_now(ctx) - row->seen > DEAD_MS) {
        end_child(row->id);
        return end_badly(ctx, row);
    }
    rc = job_progress(ctx, row->done, row->total);
    if (rc) { /* somebody has cancelled it */
        end_child(row->id);
        (void)end_badly(ctx, row);
        return rc;
    }
    job_continue_in(db_now(ctx) - row->begun < SOON_MS ? LOOK_MS
                                                       : LATER_LOOK_MS);
    return 0;
}

static int make_job(struct ctx *ctx, const struct job *job)
{
    struct run_row row;
    int64_t run;
    int rc = find_row(&row, ctx, job->id);

    if (rc == E_NOT_FOUND || (!rc && row.told)) {
        rc = begin(ctx, job->id, &run);
        if (rc)
            return rc;
        wait_a_little(run);
        rc = find_row(&row, ctx, job->id);
    }
    if (rc)
        return rc;
    if (text_equal(row.state, "done"))
        return end_well(ctx, &row);
    if (text_equal(row.state, "failed"))
        return end_badly(ctx, &row);
    return look(ctx, &row);
}

/* ---- the schedule ---- */

/* The first round of a jobs worker sees to it; tenon.cfg is read by each. */
static int schedule_tick(struct ctx *ctx, int64_t *next_due)
{
    static const struct db *done;
    const struct backup_settings *settings = &ctx->site->settings.backup;
    int rc;

    (void)next_due;
    if (done == ctx->db)
        return 0;
    rc = settings->at
             ? job_schedule_cron(ctx, BACKUP_JOB, settings->at, settings->zone)
             : job_unschedule(ctx, BACKUP_JOB);
    if (!rc)
        done = ctx->db;
    return rc;
}

int64_t backup_next(struct ctx *ctx)
{
    const struct settings *settings = &ctx->site->settings;
    const char *name =
        settings->backup.zone ? settings->backup.zone : settings->zone;
    const struct zone *zone = zone_find(name);
    struct cron cron;
    int64_t at;

    if (!settings->backup.at || !cron_parse(&cron, settings->backup.at) ||
        !cron_next(&at, &cron, clock_now(), zone ? zone : zone_utc()))
        return 0;
    return at;
}

int backup_now(int64_t *job, struct ctx *ctx)
{
    const struct job_watch watch = { .person = person_id(ctx->person),
                                     .title = "backup.title",
                                     .unique = "now" };
    int rc = tx_begin(ctx, "backup");

    if (rc)
        return rc;
    return tx_end(ctx, job_watch(job, ctx, BACKUP_JOB, NULL, &watch));
}

int backup_runs(struct value **out, struct ctx *ctx, int most)
{
    QUERY_AUTO *query = NULL;
    int rc = db_query(&query, ctx,
                      "SELECT id, name, state, begun, ended, bytes, encrypted,"
                      " verified, sent, gone, problem, job, person, done, total"
                      " FROM backup_run ORDER BY begun DESC, id DESC LIMIT ?1",
                      "i", (int64_t)most);
    static const char *const numbers[] = { "begun",     "ended",    "bytes",
                                           "encrypted", "verified", "sent",
                                           "gone" };

    *out = value_list(ctx->arena);
    while (!rc && (rc = query_next(query)) == 1) {
        struct value *one = value_map(ctx->arena);
        int i;

        value_set_id(one, "id", query_int(query, 0));
        if (!query_is_null(query, 1))
            value_set_text(one, "name", query_text(query, 1));
        value_set_text(one, "state", query_text(query, 2));
        for (i = 0; i < 7; i++)
            value_set_int(one, numbers[i], query_int(query, 3 + i));
        if (text_equal(query_text(query, 2), "failed"))
            value_set_text(one, "problem",
                           problem_show(ctx, query_copy(query, 10)));
        value_set_id(one, "job", query_int(query, 11));
        value_set_int(one, "person", query_int(query, 12));
        value_set_int(one, "done", query_int(query, 13));
        value_set_int(one, "total", query_int(query, 14));
        value_append(*out, one);
        rc = 0;
    }
    return rc;
}

void backup_start(void)
{
    static const struct job_kind kind = {
        .kind = BACKUP_JOB,
        .title = "backup.title",
        .call = make_job,
        .seconds = SECONDS,
        .attempts = ATTEMPTS,
    };

    job_register(&kind);
    job_tick_register("backup.schedule", schedule_tick);
}
