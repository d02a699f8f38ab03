/*
 * sqlite_open.c - opening the embedded database, and the settings of each
 * connection.
 *
 * The settings answer pitfalls 2: nobody checkpoints by accident, no schema
 * or statement reaches further than the store itself allows, a broken page is
 * found when it is read. The database file is opened by SQLite alone: closing
 * any other descriptor of it would drop SQLite's locks.
 */
#include "base/banned.h"

#include "store/sqlite.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/log.h"
#include "base/site.h"
#include "base/str.h"
#include "ipc/slot.h"
#include "store/ballast.h"
#include "store/bulk.h"
#include "store/checkpoint.h"

enum { PROGRESS_STEPS = 2000, BUSY_STEP_US = 2000 };

/* ---- errors ---- */

/* A sync that failed may report success when it is tried again, though the
 * data is lost: nothing is acknowledged any more, and the next start checks
 * the database (store.md). */
static int sync_failed(struct db *db, struct ctx *ctx)
{
    int error = sqlite3_system_errno(db->sql);

    if (!error)
        error = EIO;
    atomic_store(&db->lock.page->failed, error);
    slot_gauge("store_failed", 1);
    ballast_mark_unclean(db->folder);
    lock_ring(db->lock.page);
    log_ctx(ctx, LOG_ERROR, "store.sync_failed", "errno",
            strerrorname_np(error), NULL);
    return fail(ctx, E_STORE, "store.sync_failed",
                "the disk failed to keep what was written; nothing more is "
                "saved until the site is restarted");
}

static int constraint(struct ctx *ctx, int rc, const char *detail)
{
    switch (rc) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
        return fail(ctx, E_CONFLICT, "store.unique", "this already exists: %s",
                    detail);
    case SQLITE_CONSTRAINT_FOREIGNKEY:
        return fail(ctx, E_CONFLICT, "store.in_use",
                    "something still refers to this, or what this refers to "
                    "is gone");
    default:
        return fail(ctx, E_STORE, "store.constraint",
                    "the store refuses this: %s", detail);
    }
}

static bool no_room(struct db *db, int rc)
{
    if ((rc & 0xff) == SQLITE_FULL)
        return true;
    if ((rc & 0xff) == SQLITE_IOERR || (rc & 0xff) == SQLITE_CANTOPEN) {
        int error = sqlite3_system_errno(db->sql);

        return error == ENOSPC || error == EDQUOT;
    }
    return false;
}

static int full(struct db *db, struct ctx *ctx)
{
    int64_t never = 0;

    atomic_compare_exchange_strong(&db->lock.page->full_since, &never,
                                   clock_now());
    ballast_release(db->folder);
    return fail(ctx, E_FULL, "store.full",
                "there is no room left on the disk; nothing was saved");
}

int db_fail(struct db *db, struct ctx *ctx, int rc, const char *sql)
{
    const char *detail = sqlite3_errmsg(db->sql);

    switch (rc) {
    case SQLITE_IOERR_FSYNC:
    case SQLITE_IOERR_DIR_FSYNC:
        return sync_failed(db, ctx);
    }
    if (no_room(db, rc))
        return full(db, ctx);
    switch (rc & 0xff) {
    case SQLITE_CONSTRAINT:
        return constraint(ctx, rc, detail);
    case SQLITE_INTERRUPT:
        return fail(ctx, E_TIMEOUT, "store.timeout",
                    "this took longer than it may; ask for less at once");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return fail(ctx, E_BUSY, "store.busy",
                    "another change takes long; try again in a moment");
    case SQLITE_TOOBIG:
        return fail(ctx, E_LIMIT, "store.too_big",
                    "a value is too large to be kept");
    case SQLITE_NOMEM:
        log_ctx(ctx, LOG_ERROR, "memory.out", "where", "store", NULL);
        _exit(EXIT_SICK);
    }
    if ((rc & 0xff) == SQLITE_ERROR && text_equal(detail, "integer overflow"))
        return fail(ctx, E_LIMIT, "store.overflow",
                    "a number is too large to be kept or added up");
    log_ctx(ctx, LOG_ERROR, "store.error", "code", log_int(rc), "detail",
            detail, "sql", sql, NULL);
    if ((rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB)
        return fail(ctx, E_STORE, "store.corrupt",
                    "the database is damaged: %s", detail);
    return fail(ctx, E_STORE, "store.failed", "the store failed: %s", detail);
}

/* ---- what SQLite asks back ---- */

/* SQLite's own locks are free but for a moment: after a holder was killed,
 * or while a log is recovered. Its own handler sleeps up to 100 ms a turn. */
static int on_busy(void *payload, int count)
{
    struct db *db = payload;
    struct timespec time = { 0, BUSY_STEP_US * 1000 };

    if (count == 0)
        db->busy_since = clock_monotonic();
    else if (clock_monotonic() - db->busy_since >= db->busy_ms)
        return 0;
    nanosleep(&time, NULL);
    return 1;
}

static int on_progress(void *payload)
{
    struct db *db = payload;

    if (db->internal)
        return 0;
    return slot_soft() || (db->deadline && clock_monotonic() > db->deadline);
}

static bool listed(const char *name, const char *const *names)
{
    for (; *names; names++)
        if (sqlite3_stricmp(name, *names) == 0)
            return true;
    return false;
}

/* A module's migration touches the tables of its own prefix only. */
static bool own_table(const struct db *db, int action, const char *a,
                      const char *b)
{
    const char *table = NULL;

    if (!db->prefix)
        return true;
    switch (action) {
    case SQLITE_INSERT:
    case SQLITE_UPDATE:
    case SQLITE_DELETE:
    case SQLITE_READ:
        if (text_starts(a, "sqlite_"))
            return true;
        table = a;
        break;
    case SQLITE_CREATE_TABLE:
    case SQLITE_DROP_TABLE:
    case SQLITE_CREATE_VTABLE:
    case SQLITE_DROP_VTABLE:
        table = a;
        break;
    case SQLITE_ALTER_TABLE:
    case SQLITE_CREATE_INDEX:
    case SQLITE_DROP_INDEX:
        table = b;
        break;
    case SQLITE_CREATE_TRIGGER:
    case SQLITE_DROP_TRIGGER:
    case SQLITE_CREATE_VIEW:
    case SQLITE_DROP_VIEW:
        return false;
    default:
        return true;
    }
    return table && text_starts(table, db->prefix);
}

static int on_authorize(void *payload, int action, const char *a, const char *b,
                        const char *database, const char *trigger)
{
    static const char *const pragmas[] = {
        "table_info",       "table_xinfo",  "table_list",
        "index_list",       "index_info",   "index_xinfo",
        "foreign_key_list", "data_version", NULL
    };
    static const char *const functions[] = { "load_extension", "edit",
                                             "writefile",      "readfile",
                                             "fts3_tokenizer", NULL };
    static const char *const virtual_kinds[] = { "fts5", NULL };
    struct db *db = payload;

    (void)database;
    (void)trigger;
    if (db->internal)
        return SQLITE_OK;
    switch (action) {
    case SQLITE_ATTACH:
    case SQLITE_DETACH:
    case SQLITE_TRANSACTION:
    case SQLITE_SAVEPOINT:
    case SQLITE_CREATE_TEMP_TRIGGER:
    case SQLITE_CREATE_TEMP_VIEW:
        return SQLITE_DENY;
    case SQLITE_PRAGMA:
        return listed(a, pragmas) ? SQLITE_OK : SQLITE_DENY;
    case SQLITE_FUNCTION:
        return listed(b, functions) ? SQLITE_DENY : SQLITE_OK;
    case SQLITE_CREATE_VTABLE:
        if (!listed(b, virtual_kinds))
            return SQLITE_DENY;
        break;
    }
    return own_table(db, action, a, b) ? SQLITE_OK : SQLITE_DENY;
}

static int on_log(void *payload, sqlite3 *sql, const char *name, int frames)
{
    struct db *db = payload;

    (void)sql;
    (void)name;
    db->log_frames = frames;
    db->wrote = true;
    return SQLITE_OK;
}

/* ---- opening ---- */

int db_run(struct db *db, const char *sql)
{
    bool before = db->internal;
    int rc;

    db->internal = true;
    rc = sqlite3_exec(db->sql, sql, NULL, NULL, NULL);
    db->internal = before;
    return rc == SQLITE_OK ? rc : sqlite3_extended_errcode(db->sql);
}

static int refuse_network(struct ctx *ctx, const char *folder)
{
    static const struct {
        uint32_t type;
        const char *name;
    } kinds[] = {
        { 0x6969, "NFS" },     { 0xFF534D42, "CIFS" }, { 0x517B, "SMB" },
        { 0xFE534D42, "SMB" }, { 0x5346414F, "AFS" },  { 0x73757245, "Coda" },
        { 0x564C, "NCP" },     { 0x00C36400, "Ceph" }, { 0x0BD00BD0, "Lustre" },
    };
    struct statfs info;
    size_t i;

    if (statfs(folder, &info) < 0)
        return fail(ctx, E_IO, "store.no_folder",
                    "the site's folder cannot be read: %s",
                    strerrordesc_np(errno));
    for (i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if ((uint32_t)info.f_type == kinds[i].type)
            return fail(ctx, E_UNSUPPORTED, "store.network_disk",
                        "the site lies on a network file system (%s), whose "
                        "locks a database cannot trust; move it to a disk of "
                        "this machine",
                        kinds[i].name);
    return 0;
}

static int take_page_size(void *payload, int count, char **texts, char **names)
{
    struct db *db = payload;
    int64_t size;

    (void)names;
    if (count == 1 && texts[0] && int_parse(&size, texts[0], 512, 65536) == 0)
        db->page_size = (int)size;
    return 0;
}

static int configure(struct db *db, struct ctx *ctx)
{
    static const struct {
        int option, value;
    } options[] = {
        { SQLITE_DBCONFIG_DEFENSIVE, 1 },
        { SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
        { SQLITE_DBCONFIG_ENABLE_FKEY, 1 },
        { SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0 },
        { SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1 },
        { SQLITE_DBCONFIG_DQS_DDL, 0 },
        { SQLITE_DBCONFIG_DQS_DML, 0 },
        { SQLITE_DBCONFIG_WRITABLE_SCHEMA, 0 },
    };
    static const struct {
        int limit, value;
    } limits[] = {
        { SQLITE_LIMIT_LENGTH, 64 * 1024 * 1024 },
        { SQLITE_LIMIT_SQL_LENGTH, 256 * 1024 },
        { SQLITE_LIMIT_COLUMN, 500 },
        { SQLITE_LIMIT_EXPR_DEPTH, 200 },
        { SQLITE_LIMIT_COMPOUND_SELECT, 64 },
        { SQLITE_LIMIT_FUNCTION_ARG, 32 },
        { SQLITE_LIMIT_ATTACHED, 0 },
        { SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000 },
        { SQLITE_LIMIT_VARIABLE_NUMBER, 5000 },
        { SQLITE_LIMIT_TRIGGER_DEPTH, 10 },
        { SQLITE_LIMIT_WORKER_THREADS, 0 },
    };
    size_t i;
    int rc;

    sqlite3_extended_result_codes(db->sql, 1);
    sqlite3_busy_handler(db->sql, on_busy, db);
    for (i = 0; i < sizeof options / sizeof *options; i++)
        if (sqlite3_db_config(db->sql, options[i].option, options[i].value,
                              NULL) != SQLITE_OK)
            return fail(ctx, E_STORE, "store.failed",
                        "this SQLite lacks a setting that is needed (%d)",
                        options[i].option);
    for (i = 0; i < sizeof limits / sizeof *limits; i++)
        sqlite3_limit(db->sql, limits[i].limit, limits[i].value);
    /* journal_mode is a no-op on a database that has it already. */
    rc = db_run(db, "PRAGMA page_size=2048;"
                    "PRAGMA journal_mode=WAL;"
                    "PRAGMA wal_autocheckpoint=0;"
                    "PRAGMA cell_size_check=ON;"
                    "PRAGMA case_sensitive_like=ON;"
                    "PRAGMA journal_size_limit=67108864;"
                    "PRAGMA cache_size=-8192;"
                    "PRAGMA temp_store=DEFAULT");
    if (rc == SQLITE_OK)
        rc = db_run(db, db->group ? "PRAGMA synchronous=NORMAL"
                                  : "PRAGMA synchronous=FULL");
    if (rc == SQLITE_OK)
        rc =
            sqlite3_exec(db->sql, "PRAGMA page_size", take_page_size, db, NULL);
    if (rc == SQLITE_OK)
        rc = functions_add(db->sql);
    if (rc != SQLITE_OK)
        return db_fail(db, ctx, rc, "settings of the connection");
    sqlite3_progress_handler(db->sql, PROGRESS_STEPS, on_progress, db);
    sqlite3_set_authorizer(db->sql, on_authorize, db);
    sqlite3_wal_hook(db->sql, on_log, db);
    return 0;
}

static int open_sqlite(struct db *db, struct ctx *ctx)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
                SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_NOFOLLOW;
    mode_t before;
    int rc;

    if (db->flags & (DB_CREATE | DB_MEMORY))
        flags |= SQLITE_OPEN_CREATE;
    before = umask(0077);
    rc = sqlite3_open_v2(db->file, &db->sql, flags, NULL);
    umask(before);
    if (rc == SQLITE_OK)
        return configure(db, ctx);
    if (rc == SQLITE_CANTOPEN)
        return fail(ctx, E_STORE, "store.no_database",
                    "the database of the site cannot be opened; is this the "
                    "folder of a site, and yours to write?");
    return fail(ctx, E_STORE, "store.failed", "the store failed: %s",
                sqlite3_errstr(rc));
}

/* A copy that is being made has another name. */
static const char *file_of(const struct settings *settings)
{
    return settings && settings->store.file ? settings->store.file : "tenon.db";
}

int sqlite_open_site(struct db *db, struct ctx *ctx)
{
    const struct settings *settings = ctx->site ? &ctx->site->settings : NULL;
    int rc = 0;

    db->busy_ms = BUSY_MS;
    db->group = (db->flags & (DB_SERVED | DB_KEEPER)) && settings &&
                text_equal(settings->durability, "group");
    db->file = db->folder ? arena_printf(db->arena, "%s/%s", db->folder,
                                         file_of(settings))
                          : ":memory:";
    if (db->folder)
        rc = refuse_network(ctx, db->folder);
    if (!rc)
        rc = db_open_page(db, ctx);
    if (!rc)
        rc = open_sqlite(db, ctx);
    if (!rc && db->folder && (db->flags & DB_CREATE) && !(db->flags & DB_ALONE))
        ballast_restore(db->folder);
    return rc;
}

/* What a command has read and shown may have been others' work, which is not
 * durable yet; its own is. */
static void settle(struct db *db)
{
    struct ctx ctx;

    if (db->flags & (DB_SERVED | DB_KEEPER))
        return;
    ctx_init(&ctx, db->arena);
    ctx.db = db;
    if (db_settle(&ctx))
        log_event(LOG_ERROR, "store.sync_failed", NULL);
}

void sqlite_close_site(struct db *db)
{
    if (!db->sql)
        return;
    tx_abandon(db);
    query_cache_clear(db);
    settle(db);
    if (db->folder)
        checkpoint_unkept(db);
    sqlite_forget_words(db);
    sqlite3_close_v2(db->sql);
    db->sql = NULL;
}

const struct driver sqlite_driver = {
    .name = "sqlite",
    .one_writer = true,
    .open = sqlite_open_site,
    .close = sqlite_close_site,
    .prepare = sqlite_prepare,
    .finalize = sqlite_finalize,
    .reads = sqlite_reads,
    .parameters = sqlite_parameters,
    .bind = sqlite_bind,
    .step = sqlite_step,
    .post = sqlite_step,
    .reset = sqlite_reset,
    .column_int = sqlite_column_int,
    .column_double = sqlite_column_double,
    .column_text = sqlite_column_text,
    .column_blob = sqlite_column_blob,
    .column_null = sqlite_column_null,
    .begin = sqlite_begin,
    .alone = sqlite_alone,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .savepoint = sqlite_savepoint,
    .release = sqlite_release,
    .undo = sqlite_undo,
    .gone = sqlite_gone,
    .guard = sqlite_guard,
    .snapshot = sqlite_snapshot,
    .snapshot_end = sqlite_snapshot_end,
    .now = sqlite_now,
    .columns = sqlite_columns,
    .index_exists = sqlite_index_exists,
    .table_exists = sqlite_table_exists,
    .bulk = &sqlite_bulk,
    .run_text = sqlite_run_text,
};
