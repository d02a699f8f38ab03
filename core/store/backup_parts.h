/*
 * backup_parts.h - what making a backup and putting it back share.
 */
#ifndef STORE_BACKUP_PARTS_H
#define STORE_BACKUP_PARTS_H

#include <stdint.h>

struct ctx;

/* Names of the folders that belong to a backup, ended by NULL. */
extern const char *const backup_folders[];

/* integrity_check and foreign_key_check of a database file that nobody else
 * has open. E_INVALID with "store.backup_bad". */
int backup_check_database(struct ctx *ctx, const char *path);

int backup_hash_file(const char **hash, int64_t *size, struct ctx *ctx,
                     const char *path);

#endif
