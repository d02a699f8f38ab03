/*
 * incident.c - what an administrator has to look at.
 */
#include "base/banned.h"

#include "event/incident.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/json.h"
#include "base/log.h"
#include "base/site.h"
#include "base/str.h"
#include "event/live.h"
#include "event/work.h"
#include "store/db.h"

enum { FILE_BYTES_MAX = 64 * 1024, COLLECT_MAX = 50 };

static int insert(struct ctx *ctx, const char *kind, const char *module,
                  const char *number, const struct value *data, int64_t job,
                  int64_t delivery, int64_t at)
{
    int rc = tx_begin_shared(ctx, "incident"); /* a row of its own */

    if (rc)
        return rc;
    rc = db_exec(ctx,
                 "INSERT INTO event_incident (id, kind, module, number, data, "
                 "job, delivery, at) VALUES (?1, ?2, ?3, ?4, ?5, "
                 "nullif(?6, 0), nullif(?7, 0), ?8)",
                 "issssiii", id_next(), kind, module, number,
                 data ? json_text(ctx->arena, data) : NULL, job, delivery, at);
    if (!rc)
        live_send(ctx, 0, "incidents");
    return tx_end(ctx, rc);
}

int incident_add(struct ctx *ctx, const char *kind, const char *module,
                 const char *number, const struct value *data)
{
    return insert(ctx, kind, module, number, data, 0, 0, clock_now());
}

int incident_add_once(struct ctx *ctx, const char *kind, const char *module,
                      const char *number, const struct value *data)
{
    int64_t open;
    int rc = db_int(&open, ctx,
                    "SELECT 1 FROM event_incident WHERE number = ?1 "
                    "AND state = 0 LIMIT 1",
                    "s", number);

    return rc == E_NOT_FOUND ? incident_add(ctx, kind, module, number, data)
                             : rc;
}

int incident_of_delivery(struct ctx *ctx, int64_t delivery,
                         const char *subscriber, const char *topic,
                         const char *error)
{
    struct value *data = value_map(ctx->arena);

    value_set_text(data, "subscriber", subscriber);
    value_set_text(data, "topic", topic);
    value_set_text(data, "error", error);
    return insert(ctx, "delivery", NULL, NULL, data, 0, delivery, clock_now());
}

int incident_of_job(struct ctx *ctx, int64_t job, const char *kind,
                    const char *module, const char *error)
{
    struct value *data = value_map(ctx->arena);

    value_set_text(data, "job", kind);
    value_set_text(data, "error", error);
    return insert(ctx, "job", module, NULL, data, job, 0, clock_now());
}

static int close_rows(struct ctx *ctx, int64_t id)
{
    int rc = db_exec(ctx,
                     "UPDATE event_incident SET state = 1, closed_at = ?2 "
                     "WHERE id = ?1 AND state = 0",
                     "ii", id, clock_now());

    if (!rc && db_changes(ctx) == 0)
        rc = fail(ctx, E_NOT_FOUND, "event.no_incident",
                  "there is no open incident of that number");
    if (!rc)
        live_send(ctx, 0, "incidents");
    return rc;
}

int incident_close(struct ctx *ctx, int64_t id)
{
    int rc = tx_begin(ctx, "incident");

    return rc ? rc : tx_end(ctx, close_rows(ctx, id));
}

int incident_close_number(struct ctx *ctx, const char *number)
{
    int rc = db_exec(ctx,
                     "UPDATE event_incident SET state = 1, closed_at = ?2 "
                     "WHERE number = ?1 AND state = 0",
                     "si", number, clock_now());

    if (!rc && db_changes(ctx) > 0)
        live_send(ctx, 0, "incidents");
    return rc;
}

static int restart_work(struct ctx *ctx, int64_t id)
{
    int64_t job, delivery;
    struct query *query;
    int rc;

    rc = db_query(&query, ctx,
                  "SELECT job, delivery FROM event_incident "
                  "WHERE id = ?1 AND state = 0",
                  "i", id);
    if (rc)
        return rc;
    rc = query_next(query);
    job = rc > 0 ? query_int(query, 0) : 0;
    delivery = rc > 0 ? query_int(query, 1) : 0;
    query_done(query);
    if (rc < 0)
        return rc;
    if (rc == 0)
        return fail(ctx, E_NOT_FOUND, "event.no_incident",
                    "there is no open incident of that number");
    if (!job && !delivery)
        return fail(ctx, E_INVALID, "event.not_repeatable",
                    "there is nothing to repeat about this incident");
    if (job)
        rc = db_exec(ctx,
                     "UPDATE event_job SET state = 0, attempt = 0, "
                     "due = ?2 WHERE id = ?1 AND state = 2" NO_OTHER_WAITS,
                     "ii", job, db_now(ctx));
    else
        rc = db_exec(ctx,
                     "UPDATE event_delivery SET state = 0, attempt = 0, "
                     "due = ?2 WHERE id = ?1 AND state = 2",
                     "ii", delivery, db_now(ctx));
    if (!rc)
        live_wake_jobs(ctx);
    return rc ? rc : close_rows(ctx, id);
}

int incident_retry(struct ctx *ctx, int64_t id)
{
    int rc = tx_begin(ctx, "incident");

    return rc ? rc : tx_end(ctx, restart_work(ctx, id));
}

int incident_list(struct value **out, struct ctx *ctx, bool open, int most,
                  int skip)
{
    QUERY_AUTO *query = NULL;
    struct value *list = value_list(ctx->arena);
    int rc;

    *out = list;
    rc = db_query(&query, ctx,
                  "SELECT id, kind, module, number, data, at, state, "
                  "job IS NOT NULL OR delivery IS NOT NULL "
                  "FROM event_incident WHERE state = ?1 "
                  "ORDER BY id DESC LIMIT ?2 OFFSET ?3",
                  "iii", (int64_t)!open, (int64_t)most, (int64_t)skip);
    if (rc)
        return rc;
    while ((rc = query_next(query)) > 0) {
        struct value *item = value_map(ctx->arena);
        const struct value *data;

        value_set_id(item, "id", query_int(query, 0));
        value_set_text(item, "kind", query_text(query, 1));
        value_set_text(item, "module", query_text(query, 2));
        value_set_text(item, "number", query_text(query, 3));
        if (work_data(&data, ctx, query_text(query, 4)) == 0 && data)
            value_set(item, "data", value_copy(ctx->arena, data));
        value_set_int(item, "at", query_int(query, 5));
        value_set_bool(item, "open", query_int(query, 6) == 0);
        value_set_bool(item, "retry", query_int(query, 7) != 0);
        value_append(list, item);
    }
    return rc;
}

/* ---- files of the front ---- */

/* Reads a plain file of the folder; NULL where it is none or too large. */
static const char *read_file(struct ctx *ctx, int folder, const char *name,
                             size_t *size)
{
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct stat info;
    char *data = NULL;
    ssize_t got = -1;

    if (fd < 0)
        return NULL;
    if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode) &&
        info.st_size <= FILE_BYTES_MAX) {
        data = arena_alloc(ctx->arena, (size_t)info.st_size + 1);
        got = read(fd, data, (size_t)info.st_size);
    }
    close(fd);
    if (got < 0)
        return NULL;
    *size = (size_t)got;
    return data;
}

static int collect_one(struct ctx *ctx, int folder, const char *name)
{
    struct value *data = NULL;
    const char *text, *kind;
    size_t size;
    int64_t at;
    int rc;

    text = read_file(ctx, folder, name, &size);
    if (!text || json_parse(&data, ctx, text, size) != 0 ||
        value_kind(data) != VALUE_MAP) {
        ctx_clear(ctx);
        log_event(LOG_WARN, "incident.unreadable", "file", name, NULL);
        unlinkat(folder, name, 0);
        return 0;
    }
    kind = value_get_text(data, "kind");
    at = value_get_int(data, "at", clock_now());
    rc = insert(ctx, kind ? kind : "worker", value_get_text(data, "module"),
                value_get_text(data, "number"), data, 0, 0, at);
    if (rc)
        return rc;
    unlinkat(folder, name, 0);
    return 1;
}

int incident_collect(struct ctx *ctx)
{
    const struct dirent *entry;
    int count = 0, rc = 0;
    DIR *folder;

    if (!ctx->site)
        return 0;
    folder = opendir(site_path(ctx, ctx->site, "run/incidents"));
    if (!folder)
        return 0;
    /* Of several workers one collects: each file once. */
    if (flock(dirfd(folder), LOCK_EX | LOCK_NB)) {
        closedir(folder);
        return 0;
    }
    while (count < COLLECT_MAX && rc >= 0 && (entry = readdir(folder))) {
        if (entry->d_name[0] == '.' || !text_ends(entry->d_name, ".json"))
            continue;
        rc = collect_one(ctx, dirfd(folder), entry->d_name);
        count += rc > 0;
    }
    closedir(folder);
    return rc < 0 ? rc : count;
}
