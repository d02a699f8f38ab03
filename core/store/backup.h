/*
 * backup.h - copies of a running site, and putting one back.
 *
 * A backup is a folder:
 *
 *   manifest.json   format, time, program, hashes (written last)
 *   tenon.db        the database in one file, checked
 *   files/          blobs, as in the site
 *   tenon.cfg       settings; passwords in addresses are blanked (S36)
 *   forms/ flows/ scripts/ plugins/ themes/ pages/   the site's own
 */
#ifndef STORE_BACKUP_H
#define STORE_BACKUP_H

#include <stdint.h>

struct ctx;

enum { BACKUP_FORMAT = 1 };

struct backup_options {
    /* Called now and then: done and total bytes. May be NULL. */
    void (*progress)(void *payload, int64_t done, int64_t total);
    void *payload;
};

/*
 * Copies the site of ctx (store open) into the new folder `to`. The folder
 * appears under its name when it is whole and checked, not before.
 */
int backup_make(struct ctx *ctx, const char *to,
                const struct backup_options *options);

/* Checks a backup: manifest, database, every file by its hash. */
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
