/*
 * backup.h - what the commands `tenon backup` and `tenon restore` share.
 */
#ifndef CLI_BACKUP_H
#define CLI_BACKUP_H

struct backup_key;
struct backup_options;
struct ctx;

/* Reads the key's file into `key`; path NULL: there is none. */
int backup_key_option(struct backup_options *options, struct backup_key *key,
                      struct ctx *ctx, const char *path);

/* Both print what came of it; an exit code, or negative. key: a file or
 * NULL. */
int restore_verify(struct ctx *ctx, const char *backup, const char *key);
int restore_into(struct ctx *ctx, const char *backup, const char *site,
                 const char *key);

#endif
