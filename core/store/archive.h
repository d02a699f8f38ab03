/*
 * archive.h - a backup as one encrypted stream, in parts.
 *
 * FOLDER/part-00001, part-00002, … are one stream, cut where a part is full
 * so that each is an object of an object store. The stream is libsodium's
 * secretstream (XChaCha20-Poly1305) behind a head that names the format and
 * the key: a byte that was changed, a piece that is missing, put in or in
 * another place, an end that was cut off, another key: all are found, and
 * nothing of such a piece is given out.
 */
#ifndef STORE_ARCHIVE_H
#define STORE_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ctx;

enum { BACKUP_KEY_SIZE = 32, ARCHIVE_NAME_MAX = 300 };
#define ARCHIVE_PART_BYTES ((int64_t)1024 * 1024 * 1024)

struct backup_key {
    unsigned char bytes[BACKUP_KEY_SIZE];
};

/* A new key in the new file `path`, readable by its owner alone. */
int backup_key_make(struct ctx *ctx, const char *path);
/* E_INVALID where others may read the file, or it holds no key. */
int backup_key_read(struct backup_key *out, struct ctx *ctx, const char *path);

/* Whether the folder holds an archive. */
bool archive_is(struct ctx *ctx, const char *folder);

/* ---- writing ---- */

struct archive_out;

/* Begins an archive in a folder that is there. part_bytes: 0 for the usual
 * size. */
int archive_create(struct archive_out **out, struct ctx *ctx,
                   const char *folder, const struct backup_key *key,
                   int64_t part_bytes);
/* All of what `fd` holds, as NAME ("files/ab/cdef"). E_CONFLICT where it
 * became shorter meanwhile. */
int archive_add(struct archive_out *out, struct ctx *ctx, const char *name,
                int fd);
/* The end; all parts are synced. Frees `out`, whatever comes of it. */
int archive_finish(struct archive_out *out, struct ctx *ctx);
/* Closes and frees without an end: whoever reads it finds it cut off. */
void archive_abandon(struct archive_out *out);

/* ---- reading ---- */

struct archive_take {
    int (*begin)(struct ctx *ctx, void *payload, const char *name,
                 int64_t size);
    int (*data)(struct ctx *ctx, void *payload, const void *data, size_t size);
    int (*end)(struct ctx *ctx, void *payload);
    void *payload;
};

/*
 * Gives each file of an archive. Names are relative, without "..". What it
 * gives is authentic as far as it got; that the archive is whole shows only at
 * the end.
 *
 * E_UNSUPPORTED: made by a newer program; E_FORBIDDEN: another key; E_INVALID:
 * damaged or cut off.
 */
int archive_read(struct ctx *ctx, const char *folder,
                 const struct backup_key *key, const struct archive_take *take);

#endif
