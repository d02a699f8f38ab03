/*
 * backup_parts.h - what making a backup and putting it back share.
 */
#ifndef STORE_BACKUP_PARTS_H
#define STORE_BACKUP_PARTS_H

#include <stddef.h>
#include <stdint.h>

struct ctx;

/* The names of stored files that were not copied, a line each. */
#define BACKUP_LIST "files.list"

/* Names of the folders that belong to a backup, ended by NULL. */
extern const char *const backup_folders[];

/* integrity_check and foreign_key_check of a database file that nobody else
 * has open. E_INVALID with "store.backup_bad". */
int backup_check_database(struct ctx *ctx, const char *path);

/* Copies the whole database, as it is at one moment, into FOLDER/tenon.db:
 * an SQLite file of the same schema whatever the site's store is. */
struct backup_options;
int backup_copy_database(struct ctx *ctx, const char *folder,
                         const struct backup_options *options);
/* Of a gentle backup: waits as long as the last piece took, at most a moment:
 * others have the disk meanwhile. */
void backup_pause(int64_t ms);
/* How large that will be, roughly. */
int64_t backup_database_bytes(struct ctx *ctx);

/* manifest.json of a format that this program knows. */
struct value;
int backup_manifest_parse(struct value **out, struct ctx *ctx, const char *text,
                          size_t length);

/* The rest of a backup, its settings and definitions: one hash over names
 * and contents, in the order of the names. `list` gathers "NAME HASH". */
struct vector;
void backup_rest_add(struct vector *list, struct ctx *ctx, const char *name,
                     const char *hash);
const char *backup_rest_hash(struct ctx *ctx, struct vector *list);
/* Gathers all of them from the folder of a plain backup. */
int backup_rest_gather(struct vector *list, struct ctx *ctx,
                       const char *folder);
/* E_INVALID where the manifest names another hash of the rest. */
int backup_rest_check(struct ctx *ctx, const struct value *manifest,
                      struct vector *list);

/* restore_archive.c: backup_verify() of an archive, and unpacking one into
 * the folder `to`, which is there. */
int archive_verify(struct ctx *ctx, const char *from,
                   const struct backup_options *options);
int archive_unpack(struct ctx *ctx, const char *from, const char *to,
                   const struct backup_options *options);

int backup_hash_file(const char **hash, int64_t *size, struct ctx *ctx,
                     const char *path);

#endif
