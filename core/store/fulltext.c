/*
 * fulltext.c - the full-text index: which ids have which tokens.
 */
#include "base/banned.h"

#include "store/fulltext.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/str.h"
#include "base/value.h"
#include "store/dialect.h"

/* ---- FTS5, without content: an entry goes by the tokens that it has ---- */

static int fts5_set(struct ctx *ctx, int64_t id, const char *former,
                    const char *tokens)
{
    int rc = 0;

    if (former)
        rc = db_post(ctx,
                     "INSERT INTO search_index (search_index, rowid, tokens)"
                     " VALUES ('delete', ?1, ?2)",
                     "is", id, former);
    if (!rc && tokens)
        rc = db_post(ctx,
                     "INSERT INTO search_index (rowid, tokens)"
                     " VALUES (?1, ?2)",
                     "is", id, tokens);
    return rc;
}

/* ---- tsvector ---- */

/* Tokens are lexemes as they stand: no parser looks at them. */
static int tsvector_set(struct ctx *ctx, int64_t id, const char *tokens)
{
    if (!tokens)
        return db_post(ctx, "DELETE FROM search_index WHERE rowid = ?1", "i",
                       id);
    return db_post(ctx,
                   "INSERT INTO search_index (rowid, tokens) VALUES (?1,"
                   " array_to_tsvector(array_remove("
                   "string_to_array(?2, ' '), ''))) ON CONFLICT (rowid)"
                   " DO UPDATE SET tokens = excluded.tokens",
                   "is", id, tokens);
}

/* "a" AND ("b" OR "c") as 'a' & ('b' | 'c'). Tokens have no quotes. */
static const char *tsquery_of(struct ctx *ctx, const char *search)
{
    bool quoted = false;
    struct buf out;

    buf_init(&out, ctx->arena, strlen(search) * 2 + 16);
    for (; *search; search++) {
        if (*search == '"') {
            quoted = !quoted;
            buf_add_char(&out, '\'');
        } else if (!quoted && text_starts(search, "AND")) {
            buf_add_char(&out, '&');
            search += 2;
        } else if (!quoted && text_starts(search, "OR")) {
            buf_add_char(&out, '|');
            search += 1;
        } else {
            buf_add_char(&out, *search);
        }
    }
    return buf_text(&out);
}

/* ---- either ---- */

int fulltext_set(struct ctx *ctx, int64_t id, const char *former,
                 const char *tokens)
{
    if (db_dialect(ctx) == DB_SQLITE)
        return fts5_set(ctx, id, former, tokens);
    return tsvector_set(ctx, id, tokens);
}

const char *fulltext_condition(const struct ctx *ctx)
{
    return db_dialect(ctx) == DB_SQLITE ? "s.search_index MATCH ?"
                                        : "s.tokens @@ CAST(? AS tsquery)";
}

struct value *fulltext_value(struct ctx *ctx, const char *search)
{
    return value_text(ctx->arena, db_dialect(ctx) == DB_SQLITE
                                      ? search
                                      : tsquery_of(ctx, search));
}

int fulltext_count(int64_t *out, struct ctx *ctx, const char *search,
                   int64_t most)
{
    const struct value *values[] = { fulltext_value(ctx, search),
                                     value_int(ctx->arena, most) };
    QUERY_AUTO *query = NULL;
    int rc = db_query_values(
        &query, ctx,
        /* sql: names from the definition */
        arena_printf(ctx->arena,
                     "SELECT count(*) FROM (SELECT 1 FROM search_index s"
                     " WHERE %s LIMIT ?) x",
                     fulltext_condition(ctx)),
        values, 2);

    *out = 0;
    if (!rc)
        rc = query_next(query);
    if (rc > 0)
        *out = query_int(query, 0);
    return rc < 0 ? rc : 0;
}

int fulltext_has(bool *out, struct ctx *ctx, int64_t id, const char *search)
{
    const struct value *values[] = { fulltext_value(ctx, search),
                                     value_int(ctx->arena, id) };
    QUERY_AUTO *query = NULL;
    int rc = db_query_values(
        &query, ctx,
        /* sql: names from the definition */
        arena_printf(ctx->arena,
                     "SELECT 1 FROM search_index s WHERE %s AND s.rowid = ?",
                     fulltext_condition(ctx)),
        values, 2);

    if (!rc)
        rc = query_next(query);
    *out = rc > 0;
    return rc < 0 ? rc : 0;
}

int fulltext_empty(struct ctx *ctx)
{
    return db_exec(ctx,
                   db_dialect(ctx) == DB_SQLITE
                       ? "INSERT INTO search_index (search_index)"
                         " VALUES ('delete-all')"
                       : "DELETE FROM search_index",
                   "");
}
