/*
 * store_setting.h - another store in a site's tenon.cfg.
 */
#ifndef STORE_STORE_SETTING_H
#define STORE_STORE_SETTING_H

#include <stddef.h>

struct ctx;
struct store_settings;

/*
 * *out: the text of a tenon.cfg with its group "store" changed to `store`, or
 * added; everything else, comments too, stays. Refuses a text that could not
 * be read with it.
 */
int store_setting_text(const char **out, struct ctx *ctx, const char *text,
                       size_t length, const struct store_settings *store);

/* Writes that into the site's tenon.cfg; the former file is kept beside it as
 * tenon.cfg.DRIVER, named by the driver that it had. */
int store_setting_write(struct ctx *ctx, const struct store_settings *store);

#endif
