/*
 * published.h - which files of the site's forms/ and flows/ this host has
 * published last (SITE/published.json), so that a file counts as changed where
 * it was changed. Hosts that share a database have folders of their own: an
 * old file of one must not take the place of what another has published since.
 */
#ifndef BASE_PUBLISHED_H
#define BASE_PUBLISHED_H

#include <stdbool.h>

struct ctx;
struct value;

/* What is remembered; nothing of it where the file is missing or damaged. */
struct value *published_read(struct ctx *ctx);

/*
 * Whether `name` ("forms/leave.json") may be as old as it is here: it has not
 * changed since this host published it, or this host has never published it.
 * `hash` is of its content now.
 */
bool published_may_be_old(const struct value *published, const char *name,
                          const char *hash);

/* Remembers it; true where that was not known. */
bool published_set(struct value *published, const char *name, const char *hash);

/* What can't be written is logged: the next start publishes as the first. */
void published_write(struct ctx *ctx, const struct value *published);

#endif
