/*
 * backup.h - copies of a running site, and putting one back.
 *
 * A backup is a folder:
 *
 *   manifest.json   format, time, program, hashes (written last)
 *   tenon.db        the database in one file, checked
 *   files/          blobs, as in the site; or files.list, their names alone
 *   tenon.cfg       settings; passwords in addresses are blanked (S36)
 *   forms/ flows/ scripts/ plugins/ themes/ pages/   the site's own
 *
 * or, encrypted, a folder of part-00001 … with the same in it
 * (store/archive.h).
 */
#ifndef STORE_BACKUP_H
#define STORE_BACKUP_H

#include <stdbool.h>
#include <stdint.h>

struct ctx;

enum { BACKUP_FORMAT = 1 };

struct backup_key;

struct backup_options {
    /* Called now and then: done and total bytes. May be NULL. */
    void (*progress)(void *payload, int64_t done, int64_t total);
    void *payload;
    /* Encrypts, decrypts (store/archive.h); NULL: a plain folder. */
    const struct backup_key *key;
    int64_t part_bytes; /* of an archive; 0: the usual size */
    bool gentle;        /* pauses, so that others have the disk */
    bool checked;       /* of a verification: what was saved was whole, so
                           that its hash is enough */
    int64_t total;      /* for progress; backup_make sets it */
    /* Of a restore: the new site stands in `folder`, nothing is replaced yet;
     * other than 0 ends it. May be NULL. */
    int (*prepare)(struct ctx *ctx, const char *folder);
};

/*
 * Copies the site of ctx (store open) into the new folder `to`. The folder
 * appears under its name when it is whole and checked, not before.
 */
int backup_make(struct ctx *ctx, const char *to,
                const struct backup_options *options);

/*
 * What a site on PostgreSQL is copied with, to be said once at the start of a
 * program that makes backups: the migrations of all rooms, and what follows
 * the rows (copy.h).
 */
void backup_schema_with(int (*schema)(struct ctx *ctx),
                        int (*last)(struct ctx *ctx));

/* How large a backup of the site will be, roughly. */
int64_t backup_site_bytes(struct ctx *ctx);

/* Checks a backup: manifest, database, every file by its hash. An archive
 * needs its key: E_FORBIDDEN with "store.backup_key" where it is not that. */
int backup_verify(struct ctx *ctx, const char *from,
                  const struct backup_options *options);

/*
 * Puts a backup into `folder`, which is empty, missing, or a site that nobody
 * has open. It is verified and copied first; the old site stands aside until
 * the new one is in place, and is put back where that was cut off (by the
 * next restore). ctx->db is not open.
 */
int backup_restore(struct ctx *ctx, const char *from, const char *folder,
                   const struct backup_options *options);

/* What a restore that was cut off left: puts the old site back. 1: it did,
 * 0: there was nothing. */
int backup_recover(struct ctx *ctx, const char *folder);

/* The same, where nobody has the site open; E_BUSY else. */
int backup_recover_alone(struct ctx *ctx, const char *folder);

#endif
