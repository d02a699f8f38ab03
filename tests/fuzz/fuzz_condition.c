/*
 * fuzz_condition.c - filters from outside (S20, S21): what condition_sql
 * writes is always one statement that SQLite takes, holds only words of our
 * own, and has a parameter for each value.
 */
#include "base/banned.h"

#include "store/condition.h"

#include <stdint.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/json.h"
#include "base/log.h"
#include "store/db.h"
#include "store/migrate.h"

/* Ends the run with a report. */
#define MUST(condition) ((condition) ? (void)0 : __builtin_trap())

static const struct migration tables[] = {
    { "fuzz", 1, "t",
      "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER, s TEXT, l TEXT) "
      "STRICT; INSERT INTO t VALUES (1, 2, 'three', '[\"four\"]');",
      NULL },
    { 0 },
};

static int resolve(struct condition_column *out, struct ctx *ctx, void *payload,
                   const char *field)
{
    (void)ctx;
    (void)payload;
    switch (field[0]) {
    case 'n':
        *out = (struct condition_column){ .sql = "t.n" };
        return 0;
    case 's':
        *out = (struct condition_column){ .sql = "t.s", .text = true };
        return 0;
    case 'l':
        *out = (struct condition_column){ .sql = "t.l", .list = true };
        return 0;
    }
    return E_NOT_FOUND;
}

/* Every word of the SQL is one of ours. */
static void check_words(const char *sql)
{
    static const char *const words[] = {
        "t.n",  "t.s",   "t.l",   "NOT",    "AND",     "OR",        "IS",
        "NULL", "IN",    "LIKE",  "ESCAPE", "BETWEEN", "EXISTS",    "SELECT",
        "FROM", "WHERE", "AS",    "j",      "j.value", "json_each", "coalesce",
        "0",    "1",     "lower", "FALSE",  "TRUE",    "DISTINCT",
    };
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._";
    size_t length, i;

    while (*sql) {
        length = strspn(sql, letters);
        if (length == 0) {
            MUST(strchr(" ()=<>?,'\\[]", *sql));
            sql++;
            continue;
        }
        for (i = 0; i < sizeof words / sizeof *words; i++)
            if (strlen(words[i]) == length &&
                strncmp(words[i], sql, length) == 0)
                break;
        MUST(i < sizeof words / sizeof *words);
        sql += length;
    }
}

static void run(struct ctx *ctx, const struct condition *condition)
{
    struct vector values;
    struct buf where, sql;
    QUERY_AUTO *query = NULL;
    size_t i, marks = 0;
    int rc;

    buf_init(&where, ctx->arena, 1 << 20);
    buf_init(&sql, ctx->arena, 1 << 20);
    vector_init(&values, ctx->arena);
    if (condition_sql(&where, &values, ctx, condition, resolve, NULL)) {
        MUST(ctx->problems);
        return;
    }
    check_words(buf_text(&where));
    for (i = 0; i < where.length; i++)
        marks += where.data[i] == '?';
    MUST(marks == values.count);
    buf_addf(&sql, "SELECT id FROM t WHERE %s", buf_text(&where));
    rc = db_query_values(&query, ctx, buf_text(&sql),
                         (const struct value *const *)values.items,
                         values.count);
    /* SQLite's own limits may refuse; a syntax error may not be. */
    if (!rc)
        while (query_next(query) > 0)
            ;
    else
        MUST(!strstr(ctx_error(ctx), "syntax"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena *arena, *lasting;
    static struct db *db;
    struct condition *condition;
    struct value *json;
    struct ctx ctx;

    if (!arena) {
        log_level_set(LOG_ERROR + 1);
        lasting = arena_new(0);
        arena = arena_new(0);
        ctx_init(&ctx, lasting);
        MUST(db_open(&ctx, NULL, DB_MEMORY) == 0);
        MUST(migrate(&ctx, tables) == 0);
        db = ctx.db;
    }
    arena_reset(arena);
    ctx_init(&ctx, arena);
    ctx.db = db;
    if (json_parse(&json, &ctx, (const char *)data, size))
        return 0;
    if (condition_parse(&condition, &ctx, json)) {
        MUST(ctx.problems);
        return 0;
    }
    run(&ctx, condition);
    return 0;
}
