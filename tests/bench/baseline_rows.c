/*
 * baseline_rows.c - the figures record.create and flow.step are compared
 * with: a bare loop that writes the same rows into the same tables with the
 * same indexes and the same `synchronous`, one transaction each, and does
 * nothing else.
 *
 * usage: baseline_rows DATABASE SECONDS FULL|NORMAL WORK…
 *   insert:TABLE[*COUNT]       another row like TABLE's newest one
 *   update:TABLE:COLUMN,…      the columns of one of TABLE's last rows anew
 *
 * DATABASE is a copy of a site's, with some rows of the real kind in it; each
 * new row takes the newest one's values, with fresh ones in the columns that
 * are unique. Prints transactions a second.
 */
#include "base/banned.h"

#include <sqlite3.h>

enum { WORKS_MAX = 32, COLUMNS_MAX = 100, RECENT = 1000 };

struct work {
    char table[64];
    sqlite3_stmt *stmt;
    int count; /* rows of it in a transaction */
    int columns;
    int fresh[COLUMNS_MAX]; /* a value of its own each time */
    sqlite3_value *values[COLUMNS_MAX];
    int update;
    sqlite3_int64 recent[RECENT]; /* rowids, of an update */
    int recents;
};

static sqlite3 *db;
static struct work works[WORKS_MAX];
static int work_count;
static sqlite3_int64 next_id;

static void must(int rc, const char *what)
{
    if (rc == SQLITE_OK || rc == SQLITE_DONE || rc == SQLITE_ROW)
        return;
    fprintf(stderr, "%s: %s\n", what, sqlite3_errmsg(db));
    exit(1);
}

static void exec(const char *sql)
{
    must(sqlite3_exec(db, sql, NULL, NULL, NULL), sql);
}

static sqlite3_stmt *prepare(char *sql)
{
    sqlite3_stmt *stmt = NULL;

    must(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), sql);
    sqlite3_free(sql);
    return stmt;
}

static int column_index(sqlite3_stmt *row, const char *name)
{
    int i;

    for (i = 0; i < sqlite3_column_count(row); i++)
        if (strcmp(sqlite3_column_name(row, i), name) == 0)
            return i;
    return -1;
}

/* The last column of each unique index, and the primary key's. */
static void find_fresh(struct work *work, sqlite3_stmt *row)
{
    sqlite3_stmt *keys = prepare(sqlite3_mprintf(
        "SELECT name FROM pragma_table_info(%Q) WHERE pk = "
        "(SELECT max(pk) FROM pragma_table_info(%Q)) AND pk > 0 UNION "
        "SELECT (SELECT c.name FROM pragma_index_info(i.name) c "
        "ORDER BY c.seqno DESC LIMIT 1) FROM pragma_index_list(%Q) i "
        "WHERE i.\"unique\"",
        work->table, work->table, work->table));

    while (sqlite3_step(keys) == SQLITE_ROW) {
        int i = column_index(row, (const char *)sqlite3_column_text(keys, 0));

        if (i >= 0)
            work->fresh[i] = 1;
    }
    sqlite3_finalize(keys);
}

static void prepare_insert(struct work *work)
{
    sqlite3_stmt *row = prepare(sqlite3_mprintf(
        "SELECT * FROM \"%w\" ORDER BY rowid DESC LIMIT 1", work->table));
    sqlite3_str *sql = sqlite3_str_new(db);
    int i;

    if (sqlite3_step(row) != SQLITE_ROW) {
        fprintf(stderr, "%s has no row to write again\n", work->table);
        exit(1);
    }
    work->columns = sqlite3_column_count(row);
    if (work->columns > COLUMNS_MAX)
        exit(1);
    find_fresh(work, row);
    sqlite3_str_appendf(sql, "INSERT INTO \"%w\" VALUES (", work->table);
    for (i = 0; i < work->columns; i++) {
        work->values[i] = sqlite3_value_dup(sqlite3_column_value(row, i));
        sqlite3_str_appendall(sql, i ? ",?" : "?");
    }
    sqlite3_str_appendall(sql, ")");
    sqlite3_finalize(row);
    work->stmt = prepare(sqlite3_str_finish(sql));
}

static void prepare_update(struct work *work, const char *columns)
{
    sqlite3_stmt *rows = prepare(
        sqlite3_mprintf("SELECT rowid FROM \"%w\" ORDER BY rowid DESC LIMIT %d",
                        work->table, RECENT));
    sqlite3_str *sql = sqlite3_str_new(db);

    while (work->recents < RECENT && sqlite3_step(rows) == SQLITE_ROW)
        work->recent[work->recents++] = sqlite3_column_int64(rows, 0);
    sqlite3_finalize(rows);
    if (!work->recents)
        exit(1);
    sqlite3_str_appendf(sql, "UPDATE \"%w\" SET ", work->table);
    while (*columns) {
        int length = (int)strcspn(columns, ",");

        sqlite3_str_appendf(sql, "\"%.*w\" = \"%.*w\"", length, columns, length,
                            columns);
        columns += length;
        if (*columns == ',') {
            columns++;
            sqlite3_str_appendall(sql, ", ");
        }
    }
    sqlite3_str_appendall(sql, " WHERE rowid = ?");
    work->stmt = prepare(sqlite3_str_finish(sql));
    work->update = 1;
}

/* The full-text index keeps no row that could be read: the tokens come with
 * the word. */
static void prepare_tokens(struct work *work, const char *tokens)
{
    sqlite3_stmt *row = prepare(sqlite3_mprintf("SELECT 1, %Q", tokens));
    int i;

    must(sqlite3_step(row), "tokens");
    work->count = 1;
    work->columns = 2;
    work->fresh[0] = 1;
    for (i = 0; i < 2; i++)
        work->values[i] = sqlite3_value_dup(sqlite3_column_value(row, i));
    sqlite3_finalize(row);
    work->stmt = prepare(sqlite3_mprintf(
        "INSERT INTO search_index (rowid, tokens) VALUES (?, ?)"));
}

static void take_work(const char *word)
{
    struct work *work = &works[work_count++];
    const char *table = strchr(word, ':'), *end;

    if (!table || work_count > WORKS_MAX)
        exit(2);
    if (strncmp(word, "tokens:", 7) == 0) {
        prepare_tokens(work, table + 1);
        return;
    }
    table++;
    end = table + strcspn(table, ":*");
    snprintf(work->table, sizeof work->table, "%.*s", (int)(end - table),
             table);
    work->count = *end == '*' ? (int)strtol(end + 1, NULL, 10) : 1;
    if (strncmp(word, "update:", 7) == 0)
        prepare_update(work, *end == ':' ? end + 1 : "");
    else
        prepare_insert(work);
}

static void bind_fresh(struct work *work, int column)
{
    char text[32];

    next_id++;
    if (sqlite3_value_type(work->values[column]) == SQLITE_INTEGER) {
        sqlite3_bind_int64(work->stmt, column + 1, next_id);
        return;
    }
    snprintf(text, sizeof text, "%lld", (long long)next_id);
    sqlite3_bind_text(work->stmt, column + 1, text, -1, SQLITE_TRANSIENT);
}

static void run_work(struct work *work)
{
    int i, n;

    for (n = 0; n < work->count; n++) {
        if (work->update)
            sqlite3_bind_int64(work->stmt, 1,
                               work->recent[next_id++ % work->recents]);
        for (i = 0; i < work->columns; i++) {
            if (work->fresh[i])
                bind_fresh(work, i);
            else
                sqlite3_bind_value(work->stmt, i + 1, work->values[i]);
        }
        must(sqlite3_step(work->stmt), work->table);
        sqlite3_reset(work->stmt);
    }
}

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    double start, end;
    long count = 0;
    int i;

    if (argc < 5) {
        fputs("usage: baseline_rows DATABASE SECONDS FULL|NORMAL WORK…\n",
              stderr);
        return 2;
    }
    must(sqlite3_open(argv[1], &db), argv[1]);
    exec("PRAGMA journal_mode=WAL");
    exec(strcmp(argv[3], "FULL") == 0 ? "PRAGMA synchronous=FULL"
                                      : "PRAGMA synchronous=NORMAL");
    exec("PRAGMA foreign_keys=ON");
    exec("PRAGMA cache_size=-8192");
    /* Beyond every id of the site: 63 bits begin with the time. */
    next_id = (sqlite3_int64)time(NULL) << 30;
    for (i = 4; i < argc; i++)
        take_work(argv[i]);
    start = now();
    end = start + strtod(argv[2], NULL);
    while (now() < end) {
        exec("BEGIN IMMEDIATE");
        for (i = 0; i < work_count; i++)
            run_work(&works[i]);
        exec("COMMIT");
        count++;
    }
    printf("%.1f\n", (double)count / (now() - start));
    return 0;
}
