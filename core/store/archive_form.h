/*
 * archive_form.h - how an archive is laid out; for archive.c and
 * archive_read.c.
 */
#ifndef STORE_ARCHIVE_FORM_H
#define STORE_ARCHIVE_FORM_H

#include <sodium.h>

#include "store/archive.h"

struct arena;

#define ARCHIVE_MAGIC "tenon-backup-1\n"
/* What all versions begin with. */
#define ARCHIVE_ANY_MAGIC "tenon-backup-"

enum {
    ARCHIVE_MAGIC_SIZE = 16, /* with its NUL */
    ARCHIVE_KEY_NAME = 8,
    ARCHIVE_HEAD = ARCHIVE_MAGIC_SIZE + ARCHIVE_KEY_NAME +
                   crypto_secretstream_xchacha20poly1305_HEADERBYTES,
    ARCHIVE_PIECE = 64 * 1024,
    ARCHIVE_SEALED =
        ARCHIVE_PIECE + crypto_secretstream_xchacha20poly1305_ABYTES,
    ARCHIVE_ENTRY = 1 + 2 + 8,
};

enum archive_entry { ARCHIVE_FILE = 1, ARCHIVE_END = 2 };

/* What tells one key from another; nothing can be found out from it. */
void archive_key_name(unsigned char out[ARCHIVE_KEY_NAME],
                      const struct backup_key *key);
/* FOLDER/part-00001 */
const char *archive_part(struct arena *arena, const char *folder, int part);

#endif
