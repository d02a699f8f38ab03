/*
 * published.h - which files of the site's forms/ and flows/, and of modules,
 * this host has published last (SITE/published.json), so that a file counts as
 * changed where it was changed. Hosts that share a database have folders of
 * their own: an old file of one must not take the place of what another has
 * published since.
 */
#ifndef BASE_PUBLISHED_H
#define BASE_PUBLISHED_H

#include <stdbool.h>

struct ctx;
struct published; /* in the arena */

/* What is remembered; nothing of it where the file is missing or damaged. */
struct published *published_read(struct ctx *ctx);

/*
 * Whether the file ("forms/leave.json", "module/crm") may be as old as it is
 * here: it has not changed since this host published it, or this host has never
 * published it. `hash` is of its content now. Here and below, NULL stands for
 * files that are not the site's: of them nothing is remembered.
 */
bool published_may_be_old(const struct published *published, const char *file,
                          const char *hash);

void published_set(struct published *published, const char *file,
                   const char *hash);

/* Writes what has changed. What can't be written is logged: the next start
 * publishes as the first. */
void published_write(struct ctx *ctx, const struct published *published);

#endif
