/*
 * seal.c - chaining committed rows, and verifying the chain.
 *
 * A seal closes the rows that were committed when it was made; its hash
 * covers the seal before it, and each row's id and hash. A row that is edited
 * breaks its own hash, one that is removed or put in breaks its seal, a seal
 * that is removed breaks the next one. The newest seal's hash also goes to
 * the log, which may leave the machine: against that, cutting off the end
 * shows as well.
 */
#include "base/banned.h"

#include <endian.h>

#include "audit/audit.h"
#include "audit/internal.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/log.h"
#include "event/job.h"
#include "store/db.h"

enum { SEAL_ROWS_MAX = 1000, SEAL_EVERY_MS = 1000, LOG_EVERY_MS = 60 * 1000 };

struct seal {
    int64_t number, at, entries, first, last;
    unsigned char previous[HASH_SIZE], hash[HASH_SIZE];
};

void audit_chain_begin(unsigned char chain[HASH_SIZE],
                       const unsigned char previous[HASH_SIZE], int64_t number,
                       int64_t at)
{
    unsigned char data[HASH_SIZE + 16];
    uint64_t words[2] = { htole64((uint64_t)number), htole64((uint64_t)at) };

    memcpy(data, previous, HASH_SIZE);
    memcpy(data + HASH_SIZE, words, sizeof words);
    hash_data(chain, data, sizeof data, NULL, 0);
}

void audit_chain_add(unsigned char chain[HASH_SIZE],
                     const struct audit_row *row)
{
    unsigned char data[HASH_SIZE + 8 + HASH_SIZE] = { 0 };
    uint64_t id = htole64((uint64_t)row->id);

    memcpy(data, chain, HASH_SIZE);
    memcpy(data + HASH_SIZE, &id, sizeof id);
    if (row->hash && row->hash_size == HASH_SIZE)
        memcpy(data + HASH_SIZE + sizeof id, row->hash, HASH_SIZE);
    hash_data(chain, data, sizeof data, NULL, 0);
}

static void read_seal(struct seal *seal, struct query *query)
{
    const void *previous, *hash;
    size_t previous_size, hash_size;

    *seal = (struct seal){
        .number = query_int(query, 0),
        .at = query_int(query, 1),
        .entries = query_int(query, 2),
        .first = query_int(query, 3),
        .last = query_int(query, 4),
    };
    previous = query_blob(query, 5, &previous_size);
    if (previous && previous_size == HASH_SIZE)
        memcpy(seal->previous, previous, HASH_SIZE);
    hash = query_blob(query, 6, &hash_size);
    if (hash && hash_size == HASH_SIZE)
        memcpy(seal->hash, hash, HASH_SIZE);
}

/* ---- sealing ---- */

static int newest_seal(struct seal *seal, struct ctx *ctx)
{
    QUERY_AUTO *query = NULL;
    int rc;

    *seal = (struct seal){ 0 };
    rc = db_query(&query, ctx,
                  "SELECT number, at, entries, first, last, previous, hash "
                  "FROM audit_seal ORDER BY number DESC LIMIT 1",
                  "");
    if (rc)
        return rc;
    rc = query_next(query);
    if (rc > 0)
        read_seal(seal, query);
    return rc < 0 ? rc : 0;
}

/* Hashes what is unsealed into *seal, the ids into `ids`. */
static int chain_rows(struct seal *seal, int64_t *ids, struct ctx *ctx)
{
    QUERY_AUTO *query = NULL;
    struct audit_row row;
    int rc;

    rc = db_query(&query, ctx,
                  "SELECT " AUDIT_COLUMNS " FROM audit_entry "
                  "WHERE seal IS NULL ORDER BY id LIMIT ?1",
                  "i", (int64_t)SEAL_ROWS_MAX);
    if (rc)
        return rc;
    while ((rc = query_next(query)) > 0) {
        audit_row_read(&row, query);
        audit_chain_add(seal->hash, &row);
        if (seal->entries == 0)
            seal->first = row.id;
        seal->last = row.id;
        ids[seal->entries++] = row.id;
    }
    return rc;
}

static int write_seal(struct ctx *ctx, const struct seal *seal,
                      const int64_t *ids)
{
    int rc;

    rc = db_post(ctx,
                 "INSERT INTO audit_seal (number, at, entries, first, last, "
                 "previous, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                 "iiiiibb", seal->number, seal->at, seal->entries, seal->first,
                 seal->last, seal->previous, (size_t)HASH_SIZE, seal->hash,
                 (size_t)HASH_SIZE);
    return rc ? rc
              : db_post_ids(ctx,
                            "UPDATE audit_entry SET seal = ?17 "
                            "WHERE id IN " DB_IDS,
                            ids, (size_t)seal->entries, seal->number);
}

/* One seal of at most SEAL_ROWS_MAX rows: the lock is held some 10 ms. */
static int seal_some(struct seal *seal, struct ctx *ctx)
{
    int64_t *ids = arena_array(ctx->arena, SEAL_ROWS_MAX, sizeof *ids);
    struct seal before;
    /* One sealer at a time; rows that are committed meanwhile are the next
     * one's, also those with smaller ids. */
    int rc = tx_guard(ctx, "audit.seal");

    if (!rc)
        rc = newest_seal(&before, ctx);
    if (rc)
        return rc;
    *seal = (struct seal){ .number = before.number + 1, .at = clock_now() };
    memcpy(seal->previous, before.hash, HASH_SIZE);
    audit_chain_begin(seal->hash, seal->previous, seal->number, seal->at);
    rc = chain_rows(seal, ids, ctx);
    if (rc || seal->entries == 0)
        return rc;
    return write_seal(ctx, seal, ids);
}

static void tell_log(struct ctx *ctx, const struct seal *seal)
{
    static int64_t told;
    int64_t now = clock_monotonic();

    if (told && now - told < LOG_EVERY_MS)
        return;
    told = now;
    log_event(LOG_INFO, "audit.sealed", "number", log_int(seal->number), "hash",
              hex_of(ctx->arena, seal->hash, HASH_SIZE), NULL);
}

int audit_seal(struct ctx *ctx)
{
    struct seal seal;
    int64_t there;
    int count = 0, rc;

    do {
        rc = db_int(&there, ctx,
                    "SELECT 1 FROM audit_entry WHERE seal IS NULL LIMIT 1", "");
        if (rc == E_NOT_FOUND)
            return count;
        if (!rc)
            rc = tx_begin_shared(ctx, "audit seal");
        if (rc)
            return rc;
        rc = tx_end(ctx, seal_some(&seal, ctx));
        if (rc)
            return rc;
        count += (int)seal.entries;
        if (seal.entries)
            tell_log(ctx, &seal);
    } while (seal.entries == SEAL_ROWS_MAX);
    return count;
}

/* Each second while there is something. */
static int seal_tick(struct ctx *ctx, int64_t *next_due)
{
    static int64_t sealed;
    int64_t now = clock_monotonic(), there;
    int rc;

    rc = db_int(&there, ctx,
                "SELECT 1 FROM audit_entry WHERE seal IS NULL LIMIT 1", "");
    if (rc)
        return rc == E_NOT_FOUND ? 0 : rc;
    if (sealed && now - sealed < SEAL_EVERY_MS) {
        *next_due = clock_now() + SEAL_EVERY_MS - (now - sealed);
        return 0;
    }
    sealed = now;
    rc = audit_seal(ctx);
    return rc < 0 ? rc : 0;
}

void audit_start(void)
{
    job_tick_register("audit.seal", seal_tick);
}

/* ---- verifying ---- */

static int broken(struct ctx *ctx, int64_t id)
{
    return fail(ctx, E_INVALID, "audit.broken",
                "the audit trail was changed at entry %lld", (long long)id);
}

/* An erased row must name the entry that erased it. */
static int check_erased(struct ctx *ctx, const struct audit_row *row)
{
    int64_t there;
    int rc = db_int(&there, ctx,
                    "SELECT 1 FROM audit_entry WHERE id = ?1 AND subject = ?2 "
                    "AND subject_id = ?3 AND action = 'erase'",
                    "isi", row->erased, row->subject, row->subject_id);

    return rc == E_NOT_FOUND ? broken(ctx, row->id) : rc;
}

static int check_row(struct ctx *ctx, const struct audit_row *row)
{
    unsigned char hash[HASH_SIZE];

    if (row->hash_size != HASH_SIZE)
        return broken(ctx, row->id);
    if (row->erased)
        return check_erased(ctx, row);
    audit_row_hash(hash, ctx, row);
    if (memcmp(hash, row->hash, HASH_SIZE) != 0)
        return broken(ctx, row->id);
    return 0;
}

/* Verifies each row a query gives, in a scratch arena: a trail is longer
 * than a call's memory. */
static int check_rows(struct ctx *ctx, struct query *query,
                      unsigned char *chain, int64_t *count)
{
    struct ctx scratch = ctx_apart(ctx);
    struct audit_row row;
    int rc;

    scratch.arena = arena_new(0);
    while ((rc = query_next(query)) > 0) {
        audit_row_read(&row, query);
        rc = check_row(&scratch, &row);
        if (rc == E_INVALID)
            rc = broken(ctx, row.id);
        if (rc)
            break;
        if (chain)
            audit_chain_add(chain, &row);
        (*count)++;
        if (*count % 100 == 0)
            arena_reset(scratch.arena);
    }
    arena_free(scratch.arena);
    return rc;
}

static int check_seal(struct ctx *ctx, const struct seal *seal,
                      const struct seal *before, int64_t *checked)
{
    unsigned char chain[HASH_SIZE];
    QUERY_AUTO *query = NULL;
    int64_t count = 0;
    int rc;

    if (seal->number != before->number + 1 ||
        memcmp(seal->previous, before->hash, HASH_SIZE) != 0)
        return broken(ctx, seal->first);
    audit_chain_begin(chain, seal->previous, seal->number, seal->at);
    rc = db_query(&query, ctx,
                  "SELECT " AUDIT_COLUMNS " FROM audit_entry "
                  "WHERE id BETWEEN ?1 AND ?2 AND seal = ?3 ORDER BY id",
                  "iii", seal->first, seal->last, seal->number);
    if (!rc)
        rc = check_rows(ctx, query, chain, &count);
    if (rc)
        return rc;
    if (count != seal->entries || memcmp(chain, seal->hash, HASH_SIZE) != 0)
        return broken(ctx, seal->first);
    *checked += count;
    return 0;
}

/* Rows that no seal has closed yet, or that name one that does not exist. */
static int check_rest(struct ctx *ctx, int64_t sealed, int64_t last,
                      int64_t *checked)
{
    QUERY_AUTO *query = NULL;
    int64_t total;
    int rc;

    rc = db_int(&total, ctx,
                "SELECT count(*) FROM audit_entry WHERE seal IS NOT NULL", "");
    if (!rc && total != sealed) {
        int64_t first = 0;

        rc = db_int(&first, ctx,
                    "SELECT coalesce(min(id), 0) FROM audit_entry "
                    "WHERE seal > ?1 OR seal < 1",
                    "i", last);
        return rc ? rc : broken(ctx, first);
    }
    if (!rc)
        rc = db_query(&query, ctx,
                      "SELECT " AUDIT_COLUMNS " FROM audit_entry "
                      "WHERE seal IS NULL ORDER BY id",
                      "");
    return rc ? rc : check_rows(ctx, query, NULL, checked);
}

static int verify(struct ctx *ctx, int64_t *checked)
{
    struct seal seal, before = { 0 };
    QUERY_AUTO *query = NULL;
    int rc;

    rc = db_query(&query, ctx,
                  "SELECT number, at, entries, first, last, previous, hash "
                  "FROM audit_seal ORDER BY number",
                  "");
    if (rc)
        return rc;
    while ((rc = query_next(query)) > 0) {
        read_seal(&seal, query);
        rc = check_seal(ctx, &seal, &before, checked);
        if (rc)
            return rc;
        before = seal;
    }
    return rc ? rc : check_rest(ctx, *checked, before.number, checked);
}

int audit_verify(struct ctx *ctx, int64_t *checked)
{
    int rc = read_begin(ctx);

    *checked = 0;
    if (rc)
        return rc;
    rc = verify(ctx, checked);
    read_end(ctx);
    return rc;
}
