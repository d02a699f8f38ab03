/*
 * ballast.h - room that is kept for the moment when the disk is full.
 *
 * On a full disk SQLite can neither delete rows nor move its log (pitfalls
 * 2). SITE/run/ballast holds 16 MiB that are released then, so that people
 * can make room; the keeper puts it back when there is some.
 */
#ifndef STORE_BALLAST_H
#define STORE_BALLAST_H

#include <stdbool.h>
#include <stdint.h>

enum { BALLAST_BYTES = 16 * 1024 * 1024 };

/* Gives the room back to the disk. folder NULL: nothing. */
void ballast_release(const char *folder);

/* Writes the ballast where it is missing or short and twice its size would
 * still be free afterwards. True where it is there now. */
bool ballast_restore(const char *folder);

/* Bytes free for this user on the site's disk; -1 where nobody can say. */
int64_t disk_free(const char *folder);

/* Leaves SITE/run/unclean: the next start checks the database. */
void ballast_mark_unclean(const char *folder);
bool ballast_is_unclean(const char *folder);
void ballast_mark_clean(const char *folder);

#endif
