/*
 * sql.c - runs SQL from standard input on a site's database that nobody
 * serves: how tests/bench fills one with records. Prints rows, their columns
 * parted by tabs. sort_key(TEXT) gives what the product writes beside a text.
 *
 * usage: bench_sql DATABASE <STATEMENTS
 */
#include "base/banned.h"

#include <sqlite3.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "form/field_type.h"
#include "form/record_internal.h"

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

static void sort_key(sqlite3_context *call, int count, sqlite3_value **values)
{
    static const struct field_type type = { .flags = FIELD_SORT_KEY };
    const struct field field = { .type = &type };
    struct ctx ctx = { .arena = sqlite3_user_data(call) };
    const char *text = (const char *)sqlite3_value_text(values[0]);

    (void)count;
    arena_reset(ctx.arena);
    if (text)
        sqlite3_result_text(call,
                            value_as_text(record_sort_value(
                                &ctx, &field, value_text(ctx.arena, text))),
                            -1, SQLITE_TRANSIENT);
}

int main(int argc, char **argv)
{
    static char input[INPUT_MAX];
    struct arena *arena = arena_new(1 << 20);
    char *error = NULL;
    sqlite3 *db;

    if (argc != 2) {
        fputs("usage: bench_sql DATABASE <STATEMENTS\n", stderr);
        return 2;
    }
    input[fread(input, 1, sizeof input - 1, stdin)] = '\0';
    if (sqlite3_open_v2(argv[1], &db, SQLITE_OPEN_READWRITE, NULL) !=
            SQLITE_OK ||
        sqlite3_create_function(db, "sort_key", 1, SQLITE_UTF8, arena, sort_key,
                                NULL, NULL) != SQLITE_OK ||
        sqlite3_exec(db, input, put_row, NULL, &error) != SQLITE_OK) {
        fprintf(stderr, "%s: %s\n", argv[1],
                error ? error : sqlite3_errmsg(db));
        return 1;
    }
    sqlite3_close(db);
    arena_free(arena);
    return 0;
}
