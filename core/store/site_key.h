/*
 * site_key.h - the site's secret: signs what browsers keep for us.
 */
#ifndef STORE_SITE_KEY_H
#define STORE_SITE_KEY_H

struct ctx;

enum { SITE_KEY_SIZE = 32 };

/*
 * Reads the key; makes it where there is none. Known to the process from then
 * on. Returns 0, or a problem.
 *
 * On SQLite it is in SITE/site.key, for the service's user alone (S36): no
 * backup holds it, a site that was restored elsewhere makes its own, and what
 * the old one signed counts no more. On PostgreSQL it is in the database,
 * because all hosts sign with the same; a key that the first one's folder has
 * goes there.
 */
int site_key(unsigned char out[SITE_KEY_SIZE], struct ctx *ctx);

#endif
