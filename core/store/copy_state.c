/*
 * copy_state.c - how far a copy is, kept in the target itself: written in the
 * transactions that it speaks of, so that it is never wrong.
 *
 * kind "source": the site that is copied. "table": the rows that are there,
 * and the hash of the source's rows up to there. "index", "later": an index,
 * and a foreign key or a trigger, that has been taken out, and how it is made.
 */
#include "base/banned.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/str.h"
#include "store/bulk.h"
#include "store/copy_parts.h"

enum { FEW_ROWS = 1000 };

static const char state_table[] =
    "CREATE TABLE store_copy (kind TEXT NOT NULL, name TEXT NOT NULL,"
    " number INTEGER NOT NULL, detail TEXT NOT NULL, done INTEGER NOT NULL,"
    " PRIMARY KEY (kind, name)) STRICT";

bool bulk_skips(const char *table)
{
    static const char *const names[] = {
        "store_copy",   /* here */
        "store_node",   /* beside PostgreSQL's sequence of node numbers */
        "search_index", /* without its texts; the form room fills it again */
    };
    size_t i;

    for (i = 0; i < sizeof names / sizeof *names; i++)
        if (text_equal(table, names[i]))
            return true;
    return text_starts(table, "search_index_");
}

int bulk_table_names(struct vector *names, struct ctx *ctx, const char *sql)
{
    QUERY_AUTO *query = NULL;
    int rc = db_query(&query, ctx, sql, "");

    while (!rc && (rc = query_next(query)) == 1) {
        const char *name = query_copy(query, 0);

        if (!bulk_skips(name))
            vector_add(names, (void *)name);
        rc = 0;
    }
    return rc;
}

const char *bulk_names(struct ctx *ctx, const struct bulk_table *table)
{
    struct buf names;
    size_t i;

    buf_init(&names, ctx->arena, 65536);
    for (i = 0; i < table->count; i++)
        buf_addf(&names, "%s\"%s\"", i ? ", " : "", table->columns[i]->name);
    return buf_text(&names);
}

static const struct bulk *bulk_of(struct ctx *ctx)
{
    return ctx->db->driver->bulk;
}

static int put(struct ctx *to, const char *kind, const char *name,
               int64_t number, const char *detail, bool done)
{
    return db_exec(to,
                   "INSERT INTO store_copy (kind, name, number, detail, done)"
                   " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (kind, name)"
                   " DO UPDATE SET number = excluded.number,"
                   " detail = excluded.detail, done = excluded.done",
                   "ssisi", kind, name, number, detail, (int64_t)done);
}

/* ---- which copy ---- */

static int begin_anew(struct copy *copy)
{
    struct ctx *to = copy->to;
    struct vector names;
    int rc;

    vector_init(&names, to->arena);
    rc = bulk_of(to)->tables(&names, to);
    if (rc)
        return rc;
    if (names.count)
        return fail(to, E_CONFLICT, "store.copy_not_empty",
                    "the target is not empty: it has the table %s; name an "
                    "empty database",
                    (const char *)names.items[0]);
    rc = tx_begin(to, "copy");
    if (rc)
        return rc;
    rc = db_exec(to, state_table, "");
    if (!rc)
        rc = put(to, "source", "", 0, copy->options->identity, false);
    return tx_end(to, rc);
}

int copy_state_open(struct copy *copy)
{
    struct ctx *to = copy->to;
    const char *identity = NULL;
    int rc = db_table_exists(to, "store_copy");

    if (rc <= 0)
        return rc ? rc : begin_anew(copy);
    rc = db_text(&identity, to,
                 "SELECT detail FROM store_copy WHERE kind = 'source'", "");
    if (rc == E_NOT_FOUND)
        rc = 0;
    if (rc || text_equal(identity, copy->options->identity))
        return rc;
    return fail(to, E_CONFLICT, "store.copy_other",
                "the target holds a half copy of another site; name an empty "
                "database");
}

int copy_state_close(struct ctx *to)
{
    return db_exec(to, "DROP TABLE store_copy", "");
}

/* ---- tables ---- */

int copy_state_get(struct copy_state *out, struct ctx *to, const char *table)
{
    QUERY_AUTO *query = NULL;
    int rc = db_query(&query, to,
                      "SELECT number, detail, done FROM store_copy"
                      " WHERE kind = 'table' AND name = ?1",
                      "s", table);

    *out = (struct copy_state){ 0 };
    if (!rc)
        rc = query_next(query);
    if (rc <= 0)
        return rc;
    out->there = true;
    out->rows = query_int(query, 0);
    out->hash = query_copy(query, 1);
    out->done = query_int(query, 2) != 0;
    return 0;
}

int copy_state_set(struct ctx *to, const char *table, int64_t rows,
                   const char *hash, bool done)
{
    return put(to, "table", table, rows, hash, done);
}

int copy_state_forget(struct ctx *to, const char *table)
{
    int rc = tx_begin(to, "copy");

    if (rc)
        return rc;
    return tx_end(to, db_exec(to,
                              "DELETE FROM store_copy WHERE kind = 'table'"
                              " AND name = ?1",
                              "s", table));
}

/* ---- what comes after the rows ---- */

/* To take it out and make it again would cost more than to keep it. */
static bool stays(const struct copy *copy, const struct bulk_later *item)
{
    size_t i;

    for (i = 0; item->index && i < copy->tables.count; i++) {
        const struct copy_table *table = copy->tables.items[i];

        if (text_equal(table->from->name, item->table))
            return table->expected < FEW_ROWS;
    }
    return false;
}

int copy_state_put_off(struct copy *copy)
{
    struct ctx *to = copy->to;
    const struct bulk *bulk = bulk_of(to);
    struct vector list;
    size_t i;
    int rc;

    vector_init(&list, to->arena);
    rc = bulk->later(&list, to);
    if (!rc)
        rc = tx_begin(to, "copy");
    if (rc)
        return rc;
    /* What leans on another stands behind it. */
    for (i = list.count; !rc && i > 0; i--) {
        const struct bulk_later *item = list.items[i - 1];

        if (stays(copy, item))
            continue;
        rc = put(to, item->index ? "index" : "later", item->name, (int64_t)i,
                 item->make, false);
        if (!rc)
            rc = bulk->run(to, item->drop);
    }
    return tx_end(to, rc);
}

/* The next one but for the one that is being made beside. */
static int next_later(struct bulk_later *out, struct ctx *to,
                      const char *beside)
{
    QUERY_AUTO *query = NULL;
    int rc = db_query(&query, to,
                      "SELECT name, detail, kind = 'index' FROM store_copy"
                      " WHERE kind IN ('index', 'later') AND name <> ?1"
                      " ORDER BY kind, number, name LIMIT 1",
                      "s", beside ? beside : "");

    *out = (struct bulk_later){ 0 };
    if (!rc)
        rc = query_next(query);
    if (rc == 1) {
        out->name = query_copy(query, 0);
        out->make = query_copy(query, 1);
        out->index = query_int(query, 2) != 0;
    }
    return rc;
}

/* Here; make NULL: it has been made beside. */
static int make_one(struct ctx *to, const char *name, const char *make)
{
    int rc = tx_begin(to, "copy");

    if (rc)
        return rc;
    if (make)
        rc = bulk_of(to)->run(to, make);
    if (!rc)
        rc = db_exec(to,
                     "DELETE FROM store_copy WHERE kind IN ('index', 'later')"
                     " AND name = ?1",
                     "s", name);
    return tx_end(to, rc);
}

/* Waits for the one beside, if there is one. */
static int meet_beside(struct ctx *to, const char **beside)
{
    const char *name = *beside;
    int rc = name ? bulk_of(to)->beside_end(to) : 0;

    *beside = NULL;
    return rc || !name ? rc : make_one(to, name, NULL);
}

static int make_all(struct ctx *to, const char **beside)
{
    const struct bulk *bulk = bulk_of(to);
    struct bulk_later item;
    int rc;

    while ((rc = next_later(&item, to, *beside)) == 1) {
        rc = 0;
        /* What is no index may need one that is still being made. */
        if (*beside && (!item.index || !bulk->beside_busy(to)))
            rc = meet_beside(to, beside);
        else if (item.index && !*beside && bulk->beside_begin &&
                 bulk->beside_begin(to, item.make))
            *beside = item.name;
        else
            rc = make_one(to, item.name, item.make);
        if (rc)
            return rc;
    }
    return rc;
}

int copy_state_make_up(struct ctx *to)
{
    const char *beside = NULL;
    int rc = make_all(to, &beside);

    return rc ? rc : meet_beside(to, &beside);
}
