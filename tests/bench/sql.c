/*
 * sql.c - runs SQL from standard input on a site's database that nobody
 * serves: how tests/bench fills one with 100,000 records. Prints rows, their
 * columns parted by tabs.
 *
 * usage: bench_sql DATABASE <STATEMENTS
 */
#include "base/banned.h"

#include <sqlite3.h>

enum { INPUT_MAX = 1 << 20 };

static int put_row(void *unused, int count, char **texts, char **names)
{
    int i;

    (void)unused;
    (void)names;
    for (i = 0; i < count; i++)
        printf("%s%s", i ? "\t" : "", texts[i] ? texts[i] : "");
    putchar('\n');
    return 0;
}

int main(int argc, char **argv)
{
    static char input[INPUT_MAX];
    char *error = NULL;
    sqlite3 *db;

    if (argc != 2) {
        fputs("usage: bench_sql DATABASE <STATEMENTS\n", stderr);
        return 2;
    }
    input[fread(input, 1, sizeof input - 1, stdin)] = '\0';
    if (sqlite3_open_v2(argv[1], &db, SQLITE_OPEN_READWRITE, NULL) !=
            SQLITE_OK ||
        sqlite3_exec(db, input, put_row, NULL, &error) != SQLITE_OK) {
        fprintf(stderr, "%s: %s\n", argv[1],
                error ? error : sqlite3_errmsg(db));
        return 1;
    }
    sqlite3_close(db);
    return 0;
}
