/*
 * trace_statements.c - writes down what a worker asks of the store, for the
 * baselines: they run the product's own statements, not a copy that ages.
 *
 * Preloaded (LD_PRELOAD). With TENON_BENCH_TRACE=PATH each process appends
 * its statements, values filled in, one a line, to PATH.PID. PATH lies in the
 * site: a worker writes nowhere else.
 */
#include "base/banned.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdint.h>

__attribute__((visibility("default"))) int sqlite3_open_v2(const char *name,
                                                           sqlite3 **out,
                                                           int flags,
                                                           const char *vfs);

static int on_statement(unsigned kind, void *payload, void *stmt, void *text)
{
    char *sql, *c, path[512];
    size_t length;
    int fd;

    (void)kind;
    (void)payload;
    /* A trigger's own statement comes as a comment. */
    if (strncmp(text, "--", 2) == 0)
        return 0;
    sql = sqlite3_expanded_sql(stmt);
    snprintf(path, sizeof path, "%s.%d", getenv("TENON_BENCH_TRACE"),
             (int)getpid());
    fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (sql && fd >= 0) {
        for (c = sql; *c; c++)
            if (*c == '\n')
                *c = ' ';
        length = (size_t)(c - sql);
        *c = '\n'; /* the NUL's place */
        (void)!write(fd, sql, length + 1);
    }
    if (fd >= 0)
        close(fd);
    sqlite3_free(sql);
    return 0;
}

int sqlite3_open_v2(const char *name, sqlite3 **out, int flags, const char *vfs)
{
    int (*real)(const char *, sqlite3 **, int, const char *) =
        (int (*)(const char *, sqlite3 **, int, const char *))(uintptr_t)dlsym(
            RTLD_NEXT, "sqlite3_open_v2");
    int rc = real(name, out, flags, vfs);

    if (rc == SQLITE_OK && getenv("TENON_BENCH_TRACE"))
        sqlite3_trace_v2(*out, SQLITE_TRACE_STMT, on_statement, NULL);
    return rc;
}
