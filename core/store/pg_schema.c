/*
 * pg_schema.c - what tables there are, and statements that change them.
 *
 * A module's migration may touch the tables of its own prefix only. There is
 * no authorizer here: a statement is looked at word by word before it runs,
 * and a word that names a table of somebody else is refused, wherever it
 * stands.
 */
#include "base/banned.h"

#include "store/pg.h"

#include <strings.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/map.h"
#include "base/str.h"
#include "store/migrate.h"

int pg_table_exists(struct db *db, struct ctx *ctx, const char *name)
{
    int64_t there = 0;
    int rc =
        db_int(&there, ctx, "SELECT to_regclass(quote_ident(?1)) IS NOT NULL",
               "s", name);

    (void)db;
    return rc ? rc : there != 0;
}

int pg_columns(struct db *db, struct map **out, struct ctx *ctx,
               const char *table)
{
    QUERY_AUTO *query = NULL;
    int rc;

    (void)db;
    *out = map_new(ctx->arena);
    rc = db_query(&query, ctx,
                  "SELECT column_name FROM information_schema.columns"
                  " WHERE table_schema = current_schema() AND table_name = ?1",
                  "s", table);
    while (!rc && (rc = query_next(query)) == 1) {
        map_set(*out, query_text(query, 0), (void *)table);
        rc = 0;
    }
    return rc;
}

int pg_index_exists(struct db *db, bool *out, struct ctx *ctx,
                    const char *table, const char *index)
{
    int64_t one;
    int rc = db_int(&one, ctx,
                    "SELECT 1 FROM pg_indexes WHERE schemaname ="
                    " current_schema() AND tablename = ?1 AND indexname = ?2",
                    "ss", table, index);

    (void)db;
    *out = rc == 0;
    return rc == E_NOT_FOUND ? 0 : rc;
}

/* ---- the statements of a text ---- */

/* Past the ';' that ends the statement; quotes and comments are passed over. */
static const char *statement_end(const char *at)
{
    while (*at && *at != ';') {
        if (*at == '\'' || *at == '"') {
            char quote = *at++;

            while (*at && *at != quote)
                at++;
        } else if (at[0] == '-' && at[1] == '-') {
            while (at[1] && at[1] != '\n')
                at++;
        }
        if (*at)
            at++;
    }
    return at;
}

static bool empty(const char *at, const char *end)
{
    while (at < end) {
        if (end - at > 1 && at[0] == '-' && at[1] == '-')
            while (at < end && *at != '\n')
                at++;
        else if (!isspace((unsigned char)*at))
            return false;
        else
            at++;
    }
    return true;
}

/* ---- what a module may do ---- */

static bool name_char(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static int refuse(struct ctx *ctx, const char *what)
{
    return fail(ctx, E_FORBIDDEN, "store.prefix",
                "a module's migration may not touch %s", what);
}

static bool allowed_verb(const char *at)
{
    static const char *const verbs[] = {
        "CREATE TABLE", "CREATE INDEX", "CREATE UNIQUE INDEX",
        "ALTER TABLE",  "DROP TABLE",   "DROP INDEX",
        "INSERT INTO",  "UPDATE",       "DELETE FROM",
        "SELECT",       "WITH",
    };
    size_t i;

    for (i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (strncasecmp(at, verbs[i], strlen(verbs[i])) == 0)
            return true;
    return false;
}

/* A word that names a relation which is not the module's. */
static int check_word(struct db *db, struct ctx *ctx, const char *word,
                      const char *prefix)
{
    int there;

    if (strncasecmp(word, prefix, strlen(prefix)) == 0)
        return 0;
    if (strncasecmp(word, "pg_", 3) == 0 ||
        strcasecmp(word, "information_schema") == 0)
        return refuse(ctx, word);
    there = pg_table_exists(db, ctx, word);
    if (there < 0)
        return there;
    return there ? refuse(ctx, word) : 0;
}

/* What CREATE TABLE and CREATE INDEX name must be of the prefix. */
static int check_new(struct ctx *ctx, const char *sql, const char *prefix)
{
    static const char *const heads[] = { "CREATE TABLE IF NOT EXISTS ",
                                         "CREATE TABLE " };
    size_t i;

    for (i = 0; i < sizeof heads / sizeof *heads; i++)
        if (strncasecmp(sql, heads[i], strlen(heads[i])) == 0) {
            const char *name = sql + strlen(heads[i]);

            while (*name == ' ' || *name == '"')
                name++;
            return strncasecmp(name, prefix, strlen(prefix)) == 0
                       ? 0
                       : refuse(ctx, "a table without its prefix");
        }
    return 0;
}

static int check_module(struct db *db, struct ctx *ctx, const char *sql,
                        const char *prefix)
{
    const char *at = sql;
    int rc;

    while (isspace((unsigned char)*sql))
        sql++;
    if (!allowed_verb(sql))
        return refuse(ctx, "anything but tables, indexes and their rows");
    rc = check_new(ctx, sql, prefix);
    while (!rc && *at) {
        if (*at == '\'') {
            for (at++; *at && *at != '\''; at++)
                ;
        } else if (name_char(*at)) {
            const char *start = at;

            while (name_char(*at))
                at++;
            rc = check_word(
                db, ctx, arena_strndup(ctx->arena, start, (size_t)(at - start)),
                prefix);
            continue;
        }
        if (*at)
            at++;
    }
    return rc;
}

/* ---- running ---- */

static int run_statement(struct db *db, struct ctx *ctx, const char *sql,
                         size_t length, const char *prefix)
{
    char *text;
    bool reads;
    int parameters, rc = 0;

    if (prefix)
        rc = check_module(db, ctx, arena_strndup(ctx->arena, sql, length),
                          prefix);
    if (rc)
        return rc;
    text = pg_translate(sql, length, &reads, &parameters);
    if (!text)
        return fail(ctx, E_LIMIT, "store.too_big", "a statement is too large");
    pg_enter(db, ctx);
    rc = pg_run(db, ctx, text);
    free(text);
    return rc;
}

/* A text in PostgreSQL's own words goes as it is, functions and all. */
static int run_whole(struct db *db, struct ctx *ctx, const char *sql)
{
    struct pg *pg = db->pg;
    PGresult *result;
    int rc;

    pg_enter(db, ctx);
    rc = pg_settle(db, ctx);
    if (rc)
        return rc;
    pq.PQexitPipelineMode(pg->conn);
    result = pq.PQexec(pg->conn, sql);
    if (pq.PQresultStatus(result) != PGRES_COMMAND_OK &&
        pq.PQresultStatus(result) != PGRES_TUPLES_OK)
        rc = pg_fail(db, ctx, result, sql);
    pq.PQclear(result);
    pq.PQenterPipelineMode(pg->conn);
    return rc;
}

int pg_run_text(struct db *db, struct ctx *ctx,
                const struct migration *migration, const char *prefix)
{
    const char *at = migration->sql;
    int rc = 0;

    if (migration->postgresql) {
        rc = run_whole(db, ctx, migration->postgresql);
    } else {
        while (!rc && *at) {
            const char *end = statement_end(at);

            if (!empty(at, end))
                rc = run_statement(db, ctx, at, (size_t)(end - at), prefix);
            at = *end ? end + 1 : end;
        }
    }
    if (rc)
        tx_doom(db);
    return rc;
}
