/*
 * copy.h - a whole site from one store into another: SQLite to PostgreSQL,
 * PostgreSQL to SQLite, or to another PostgreSQL.
 *
 * The source is read in one snapshot and not changed. Every table is copied
 * in the order of its primary key, in parts that are committed with a note of
 * how far they are, so that a copy that was cut off goes on. At the end each
 * table is read again from the target and its number of rows and its hash
 * are compared with the source's.
 *
 * While it is unfinished the target holds the table store_copy, and nobody
 * can open it as a site (db.c).
 */
#ifndef STORE_COPY_H
#define STORE_COPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ctx;

/* Values that the other store cannot keep and that were put right: a text is
 * cut at a NUL, as everybody who reads it cuts it; bytes that are no UTF-8
 * become U+FFFD; what is not a number becomes NULL. */
struct copy_cleaned {
    const char *table, *column;
    int64_t count;
};

struct copy_options {
    /* Which site it is: a half copy of another one is refused. */
    const char *identity;
    /* Makes the tables of the core in the target; the same migrations that
     * made the source's. */
    int (*schema)(struct ctx *to);
    /* The source is in use and stays so: it is read in its one snapshot,
     * and nobody is kept from it. */
    bool shared;
    /* Called in the target's last transaction, may be NULL: what the copy
     * needs besides rows (the full-text index is not copied). */
    int (*last)(struct ctx *to);
    /* Now and then; the work is each row twice, copied and compared. */
    void (*progress)(void *payload, int64_t done, int64_t total);
    void *payload;
};

struct copy_report {
    int64_t tables, rows;
    int64_t kept;     /* rows that an earlier attempt had copied */
    int64_t copy_ms;  /* until the last row was in, indexes included */
    int64_t check_ms; /* comparing */
    struct copy_cleaned *cleaned;
    size_t cleaned_count;
};

/*
 * Both stores are open, with DB_ALONE, in no transaction. Errors are in `to`,
 * whose arena must not outlive the other's.
 * E_CONFLICT: the target is neither empty nor a half copy of this site, and
 * nothing was touched. E_BUSY: other hosts use one of the two. E_STORE with
 * "store.copy_differs": what was copied is not what is there.
 */
int copy_site(struct copy_report *report, struct ctx *to, struct ctx *from,
              const struct copy_options *options);

#endif
