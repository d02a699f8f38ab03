/*
 * view.h - pages: a template, data, and the head that the host owns.
 *
 * The process has one current theme (view_open). See README.md for the data
 * that the frame expects (`page.*`).
 */
#ifndef VIEW_VIEW_H
#define VIEW_VIEW_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct ctx;
struct theme;
struct value;

enum { VIEW_PAGE_MAX = 4 * 1024 * 1024 };

/* Opens the site's theme for this process (ctx->site) and keeps it;
 * called again it replaces the old one, when the new one is sound. */
int view_open(struct ctx *ctx, const char *theme);
void view_close(void);
/* NULL before view_open(). For theme_add_pages(). */
struct theme *view_theme(void);

/*
 * A whole page: doctype and head by the host, the body by `template` of the
 * theme. `data` is a map; its `page` map holds the frame's data, missing
 * keys of it get defaults from the context (locale).
 *
 * Returns 0; E_NOT_FOUND (no such template), E_INVALID (it does not
 * compile), E_LIMIT.
 */
int view_page(struct ctx *ctx, struct buf *out, const char *template,
              struct value *data);

/* The template alone, for htmx and for parts of pages. */
int view_fragment(struct ctx *ctx, struct buf *out, const char *template,
                  struct value *data);

/*
 * The Content-Security-Policy of a page with this nonce (S23).
 * `out` takes at least VIEW_CSP_MAX bytes.
 */
enum { VIEW_CSP_MAX = 512, VIEW_NONCE_MAX = 32 };
void view_csp(char out[VIEW_CSP_MAX], const char *nonce);
/* A fresh nonce, from the system's random source. */
void view_nonce(char out[VIEW_NONCE_MAX]);

/* Two letters (or one Chinese character pair) for a face without picture:
 * "张伟" → "张伟", "Zhang Wei" → "ZW". Arena text. */
const char *view_initials(struct ctx *ctx, const char *name);
/* "1" … "8", always the same for one id. */
const char *view_tone(int64_t id);

#endif
