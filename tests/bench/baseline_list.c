/*
 * baseline_list.c - the figure list.page is compared with: the statements of
 * one list page, prepared once, run again and again in a bare loop; every
 * column of every row is looked at.
 *
 * usage: baseline_list DATABASE SECONDS FILE
 *
 * FILE has one statement a line, as trace_statements.c wrote them down.
 * Prints rounds a second and the rows of a round.
 */
#include "base/banned.h"

#include "store/sqlite.h"

enum { STATEMENTS_MAX = 64, LINE_MAX_BYTES = 65536 };

static sqlite3 *db;
static sqlite3_stmt *statements[STATEMENTS_MAX];
static int statement_count;

static void must(int rc, const char *what)
{
    if (rc == SQLITE_OK)
        return;
    fprintf(stderr, "%s: %s\n", what, sqlite3_errmsg(db));
    exit(1);
}

static void read_statements(const char *path)
{
    static char line[LINE_MAX_BYTES];
    FILE *file = fopen(path, "re");

    if (!file)
        exit(1);
    while (statement_count < STATEMENTS_MAX && fgets(line, sizeof line, file))
        must(sqlite3_prepare_v2(db, line, -1, &statements[statement_count++],
                                NULL),
             line);
    fclose(file);
}

static long run_all(void)
{
    long rows = 0;
    size_t bytes = 0;
    int i, c, rc;

    for (i = 0; i < statement_count; i++) {
        sqlite3_stmt *stmt = statements[i];

        while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
            rows++;
            for (c = 0; c < sqlite3_column_count(stmt); c++)
                if (sqlite3_column_text(stmt, c))
                    bytes += (size_t)sqlite3_column_bytes(stmt, c);
        }
        if (rc != SQLITE_DONE)
            must(rc, sqlite3_sql(stmt));
        sqlite3_reset(stmt);
    }
    return bytes ? rows : 0;
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
    long rounds = 0, rows = 0;

    if (argc != 4) {
        fputs("usage: baseline_list DATABASE SECONDS FILE\n", stderr);
        return 2;
    }
    must(sqlite3_open_v2(argv[1], &db, SQLITE_OPEN_READWRITE, NULL), argv[1]);
    must(functions_add(db), "functions"); /* charts call them */
    must(sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL),
         "settings");
    must(sqlite3_exec(db, "PRAGMA cache_size=-8192", NULL, NULL, NULL),
         "settings");
    read_statements(argv[3]);
    rows = run_all();
    start = now();
    end = start + strtod(argv[2], NULL);
    while (now() < end) {
        run_all();
        rounds++;
    }
    printf("%.1f %ld\n", (double)rounds / (now() - start), rows);
    return 0;
}
