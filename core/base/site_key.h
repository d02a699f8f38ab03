/*
 * site_key.h - the site's secret: signs what browsers keep for us.
 */
#ifndef BASE_SITE_KEY_H
#define BASE_SITE_KEY_H

struct ctx;

enum { SITE_KEY_SIZE = 32 };

/*
 * Reads SITE/site.key, for the service's user alone (S36); makes it where
 * there is none. No backup holds it: a site that was restored elsewhere makes
 * its own, and what the old one signed counts no more. Known to the process
 * from then on. Returns 0, or a problem with the file.
 */
int site_key(unsigned char out[SITE_KEY_SIZE], struct ctx *ctx);

#endif
