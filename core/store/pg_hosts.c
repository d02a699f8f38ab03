/*
 * pg_hosts.c - hosts tell each other, by the database.
 *
 * One NOTIFY carries what was gathered in a moment, a line a word:
 *
 *   eUSER TOPIC     a live event          xUSER SESSION   streams end
 *   w               jobs wait             r               modules changed
 *   a               ask for all anew      h               a host has come
 *   cNUMBER,…       change counters rose  mNUMBER:MS,…    meters were taken
 *
 * A commit with NOTIFY takes a lock of the whole server: so nobody's
 * transaction has one; the keeper's own, in a statement of its own, does not
 * wait for the disk. What comes from others is text of somebody who may write
 * into our database: it is looked at, and by the front once more.
 */
#include "base/banned.h"

#include "store/hosts.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/ctx.h"
#include "base/log.h"
#include "ipc/frame.h"
#include "ipc/outlet.h"
#include "ipc/slot.h"
#include "store/meter.h"
#include "store/pg.h"
#include "store/site_key.h"

enum {
    PAYLOAD_MAX = 7900, /* NOTIFY takes less than 8,000 bytes */
    LINE_BYTES = 256,
    LIST_BYTES = 1024, /* of numbers in one line */
    GATHER_MS = 20,
    WAKE_MS = 250,     /* idle hosts look for jobs at most so often */
    EXCHANGE_MS = 100, /* between two looks at counters and meters */
    LOOK_MS = 1000,    /* at the epoch of modules, should a word be lost */
    COUNT_MS = 5000,   /* of the hosts, likewise */
    ROUND_LIMIT_MS = 5000,
    TEXT_START = 1, /* behind the line end that stands before all lines */
};

/* Words of the keepers alone. */
enum { HOST_HELLO = 'h', HOST_COUNTERS = 'c', HOST_METERS = 'm' };

static struct {
    char text[PAYLOAD_MAX + 2]; /* lines that wait */
    size_t used;
    int64_t since;  /* when the first of them came */
    bool missed;    /* some found no room while the line was cut */
    bool wake;      /* jobs wait, to be told */
    int64_t woken;  /* when that was told last */
    int generation; /* of the connection that listens; 0: none */
    bool listened;  /* there was one before */
    int64_t hosts;  /* that are there, this one too */
    int64_t counted, looked, exchanged;
    int64_t epoch;  /* of the modules, as this host has them; -1: unknown */
    int64_t behind; /* since when it is an older one; 0: it is not; 1: for
                       certain, so that nobody waits */
    uint64_t counters[LOCK_COUNTERS]; /* as told or heard */
    uint32_t taken[LOCK_METERS];
} now = { .text = "\n", .used = TEXT_START, .hosts = 1, .epoch = -1 };

static struct lock_page *page_of(const struct ctx *ctx)
{
    return ctx->db->lock.page;
}

/* Of this site: a database may hold several, each in its schema. */
static const char *channel_of(struct ctx *ctx)
{
    return arena_printf(ctx->arena, "tenon_%08x", (unsigned)ctx->db->pg->site);
}

/* ---- telling ---- */

static int flush(struct ctx *ctx)
{
    const char *channel = channel_of(ctx), *sql;
    int rc;

    if (now.used == TEXT_START)
        return 0;
    /* Lines of our own making, without quotes. */
    /* sql: names from the definition */
    sql = arena_printf(ctx->arena, "SELECT pg_notify('%s', '%s')", channel,
                       now.text + TEXT_START);
    rc = pg_run(ctx->db, ctx, sql);
    if (rc)
        return rc;
    now.used = TEXT_START;
    now.text[now.used] = '\0';
    return 0;
}

/* The same word twice is one. */
static void add_line(struct ctx *ctx, const char *line)
{
    const char *whole = arena_printf(ctx->arena, "\n%s\n", line);
    size_t length = strlen(whole) - 1;

    if (now.hosts < 2 || strstr(now.text, whole))
        return;
    if (now.used + length > PAYLOAD_MAX && (!ctx->db->pg->conn || flush(ctx))) {
        now.missed = true;
        return;
    }
    if (now.used == TEXT_START)
        now.since = clock_monotonic();
    memcpy(now.text + now.used, whole + 1, length);
    now.used += length;
    now.text[now.used] = '\0';
}

static bool plain(struct str text)
{
    size_t i;

    for (i = 0; i < text.length; i++)
        if (text.data[i] <= ' ' || text.data[i] > '~' || text.data[i] == '\'' ||
            text.data[i] == '\\')
            return false;
    return text.length < LINE_BYTES - 32;
}

static int read_epoch(int64_t *out, struct ctx *ctx)
{
    return pg_number(out, ctx->db, ctx,
                     "SELECT number FROM store_epoch "
                     "WHERE name = 'generation'");
}

void hosts_tell_others(struct ctx *ctx, int kind, int64_t user, struct str text)
{
    if (!plain(text))
        return;
    switch (kind) {
    case HOST_EVENT:
    case HOST_END:
        add_line(ctx,
                 arena_printf(ctx->arena, "%c%lld %.*s", kind, (long long)user,
                              (int)text.length, text.data));
        break;
    case HOST_WAKE:
        now.wake = true;
        break;
    case HOST_RELOAD: /* this front has begun it already */
        if (ctx->db->pg->conn && read_epoch(&now.epoch, ctx) == 0)
            now.behind = 0;
        add_line(ctx, "r");
        break;
    case HOST_ANEW:
        add_line(ctx, "a");
        break;
    default:
        break;
    }
}

/* ---- hearing ---- */

/* What this host has missed, nobody knows. */
static void ask_anew(struct ctx *ctx)
{
    int i;

    changes_missed(page_of(ctx));
    for (i = 0; i < LOCK_COUNTERS; i++)
        now.counters[i]++;
    outlet_event(0, "reconnect");
    outlet_wake();
    now.looked = 0;
}

static void hear_counters(struct ctx *ctx, const char *list)
{
    char *end;

    while (*list) {
        unsigned long number = strtoul(list, &end, 10);

        if (end == list || number >= LOCK_COUNTERS)
            return;
        now.counters[number]++;
        atomic_fetch_add(&page_of(ctx)->counters[number], 1);
        list = *end ? end + 1 : end;
    }
}

static void hear_meters(struct ctx *ctx, const char *list)
{
    char *end;

    while (*list) {
        unsigned long number = strtoul(list, &end, 10), ms;

        if (*end != ':' || number >= LOCK_METERS)
            return;
        ms = strtoul(end + 1, &end, 10);
        if (ms > INT32_MAX)
            return;
        meter_add(page_of(ctx), (unsigned)number, (uint32_t)ms);
        list = *end ? end + 1 : end;
    }
}

static void hear_line(struct ctx *ctx, const char *line)
{
    char *end;
    int64_t user;

    switch (*line) {
    case HOST_EVENT:
    case HOST_END:
        user = strtoll(line + 1, &end, 10);
        if (*end != ' ' || !plain(str_of(end + 1)))
            return;
        if (*line == HOST_EVENT)
            outlet_event(user, end + 1);
        else
            outlet_end_streams(user, end + 1);
        break;
    case HOST_WAKE:
        outlet_wake();
        break;
    case HOST_RELOAD:
        now.looked = 0;
        now.behind = 1;
        break;
    case HOST_ANEW:
        ask_anew(ctx);
        break;
    case HOST_HELLO:
        now.counted = 0;
        break;
    case HOST_COUNTERS:
        hear_counters(ctx, line + 1);
        break;
    case HOST_METERS:
        hear_meters(ctx, line + 1);
        break;
    default:
        break; /* of a newer version */
    }
}

static void hear(struct ctx *ctx)
{
    struct pg *pg = ctx->db->pg;
    PGnotify *notify;

    if (!pg->conn)
        return;
    if (!pq.PQconsumeInput(pg->conn)) {
        pg_lose(ctx->db);
        return;
    }
    while (pg->conn && (notify = pq.PQnotifies(pg->conn))) {
        char *rest = notify->extra, *line;
        bool own = notify->be_pid == pq.PQbackendPID(pg->conn);

        while (!own && (line = strsep(&rest, "\n")))
            hear_line(ctx, line);
        pq.PQfreemem(notify);
    }
}

/* ---- the line ---- */

/* A lock that every host shares says how many there are. */
static int count_hosts(struct ctx *ctx)
{
    int64_t count;
    int rc;

    rc = pg_number(&count, ctx->db, ctx,
                   arena_printf(ctx->arena,
                                "SELECT count(*) FROM pg_locks WHERE "
                                "locktype = 'advisory' AND classid = %u AND "
                                "objid = %u AND objsubid = 2 AND granted AND "
                                "database = (SELECT oid FROM pg_database "
                                "WHERE datname = current_database())",
                                (unsigned)PG_LOCK_HOST,
                                (unsigned)ctx->db->pg->site));
    if (rc)
        return rc;
    if (count != now.hosts)
        log_event(LOG_INFO, "hosts", "count", log_int(count), NULL);
    now.hosts = count;
    now.counted = clock_monotonic();
    atomic_store(&page_of(ctx)->alone_at, count == 1 ? now.counted : 0);
    slot_gauge("store_hosts", count);
    return 0;
}

/* The first look of a keeper. What meters gave before it is told to nobody; a
 * page that knows the key had a keeper before: what has happened since that
 * one heard its last word, nobody knows either. */
static void begin(struct ctx *ctx, bool known)
{
    struct lock_page *page = page_of(ctx);
    int i;

    for (i = 0; i < LOCK_METERS; i++)
        now.taken[i] = atomic_load(&page->taken[i]);
    if (!known)
        return;
    now.listened = true;
    now.behind = 1;
}

/* The key by which meters are numbered: alike on all hosts. */
static int take_key(struct ctx *ctx)
{
    static const char name[] = "meters";
    unsigned char key[SITE_KEY_SIZE], hash[HASH_SIZE];
    unsigned char *there = page_of(ctx)->meter_key;
    int rc = db_table_exists(ctx, "store_fact");

    if (rc <= 0) /* the first worker of a new version is about to make it */
        return rc ? rc : E_BUSY;
    rc = site_key(key, ctx);
    if (rc)
        return rc;
    hash_data(hash, name, strlen(name), key, sizeof key);
    if (!now.listened)
        begin(ctx, memcmp(there, hash, LOCK_METER_KEY) == 0);
    memcpy(there, hash, LOCK_METER_KEY);
    return 0;
}

/* What such a server says it has saved may be gone after its fall. */
static int look_at_durability(struct ctx *ctx)
{
    int64_t forgets;
    int rc = pg_number(&forgets, ctx->db, ctx,
                       "SELECT (current_setting('synchronous_commit') = 'off' "
                       "OR current_setting('fsync') = 'off')::int");

    if (!rc && forgets && !now.listened)
        log_event(LOG_WARN, "store.not_durable", "settings",
                  "synchronous_commit or fsync of the database is off", NULL);
    return rc;
}

static int listen(struct ctx *ctx)
{
    struct db *db = ctx->db;
    int rc = look_at_durability(ctx);

    if (!rc)
        rc = pg_run(db, ctx, "SET synchronous_commit = off");
    if (!rc)
        rc = pg_run(db, ctx,
                    arena_printf(ctx->arena, "LISTEN %s", channel_of(ctx)));
    if (!rc)
        rc = pg_run(db, ctx,
                    arena_printf(ctx->arena,
                                 "SELECT pg_advisory_lock_shared(%d, %d)",
                                 (int)PG_LOCK_HOST, (int)db->pg->site));
    if (!rc)
        rc = take_key(ctx);
    if (!rc)
        rc = count_hosts(ctx);
    if (rc)
        return rc;
    now.generation = db->pg->generation;
    if (now.listened)
        ask_anew(ctx);
    now.listened = true;
    add_line(ctx, "h");
    if (now.missed)
        add_line(ctx, "a");
    now.missed = false;
    return 0;
}

/* ---- what changes between two looks ---- */

static void look_at_counters(struct ctx *ctx)
{
    struct lock_page *page = page_of(ctx);
    char line[LIST_BYTES] = "c";
    size_t used = 1;
    int i;

    for (i = 0; i < LOCK_COUNTERS; i++) {
        uint64_t number = atomic_load(&page->counters[i]);

        if (number == now.counters[i])
            continue;
        now.counters[i] = number;
        used += (size_t)snprintf(line + used, sizeof line - used, "%d,", i);
        if (used < sizeof line - 16)
            continue;
        add_line(ctx, line);
        used = 1;
    }
    line[used] = '\0';
    if (used > 1)
        add_line(ctx, line);
}

static void look_at_meters(struct ctx *ctx)
{
    struct lock_page *page = page_of(ctx);
    char line[LIST_BYTES] = "m";
    size_t used = 1;
    int i;

    for (i = 0; i < LOCK_METERS; i++) {
        uint32_t taken = atomic_load(&page->taken[i]);

        if (taken == now.taken[i])
            continue;
        used += (size_t)snprintf(line + used, sizeof line - used, "%d:%u,", i,
                                 taken - now.taken[i]);
        now.taken[i] = taken;
        if (used < sizeof line - 24)
            continue;
        add_line(ctx, line);
        used = 1;
    }
    line[used] = '\0';
    if (used > 1)
        add_line(ctx, line);
}

/* Who changes modules tells the own front and us; where that did not come
 * through (a command on a machine that serves nothing), the number tells. */
static int look_at_modules(struct ctx *ctx)
{
    int64_t epoch, time = clock_monotonic();
    int rc = read_epoch(&epoch, ctx);

    if (rc)
        return rc;
    now.looked = time;
    if (epoch == now.epoch || (now.epoch < 0 && !now.behind)) {
        now.epoch = epoch;
        now.behind = 0;
    } else if (!now.behind) {
        now.behind = time; /* the own front may just be hearing of it */
    } else if (time - now.behind >= LOOK_MS / 2) {
        now.epoch = epoch;
        now.behind = 0;
        log_event(LOG_INFO, "hosts.modules", NULL);
        outlet_reload();
    }
    return 0;
}

static int tell_and_look(struct ctx *ctx)
{
    int64_t time = clock_monotonic();
    int rc = 0;

    if (time - now.counted >= COUNT_MS || !now.counted)
        rc = count_hosts(ctx);
    if (!rc && (time - now.looked >= LOOK_MS || !now.looked))
        rc = look_at_modules(ctx);
    if (rc)
        return rc;
    if (time - now.exchanged >= EXCHANGE_MS) {
        now.exchanged = time;
        look_at_counters(ctx);
        look_at_meters(ctx);
    }
    if (now.wake && time - now.woken >= WAKE_MS) {
        now.woken = time;
        now.wake = false;
        add_line(ctx, "w");
    }
    if (now.used > TEXT_START && clock_monotonic() - now.since >= GATHER_MS)
        rc = flush(ctx);
    return rc;
}

static int wait_ms(void)
{
    if (!now.generation)
        return LOOK_MS / 2;
    if (!now.looked || !now.counted)
        return 0;
    if (now.hosts < 2)
        return LOOK_MS / 2;
    return now.used > TEXT_START ? GATHER_MS : EXCHANGE_MS;
}

int pg_hosts_round(struct ctx *ctx)
{
    struct db *db = ctx->db;
    int rc;

    ctx->deadline = clock_monotonic() + ROUND_LIMIT_MS;
    rc = pg_ensure(db, ctx);
    if (!rc && now.generation != db->pg->generation)
        rc = listen(ctx);
    if (!rc)
        hear(ctx);
    if (!rc && db->pg->conn)
        rc = tell_and_look(ctx);
    if (!rc && db->pg->conn) /* what came with the answers */
        hear(ctx);
    if (rc || !db->pg->conn) {
        now.generation = 0;
        atomic_store(&page_of(ctx)->alone_at, 0);
        changes_missed(page_of(ctx));
        ctx_clear(ctx);
    }
    ctx->deadline = 0;
    return wait_ms();
}
