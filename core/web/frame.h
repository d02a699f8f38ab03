/*
 * frame.h - the part of a page's data that every page has, error pages too.
 */
#ifndef WEB_FRAME_H
#define WEB_FRAME_H

struct ctx;
struct request;
struct response;
struct value;

/* The map `page` of view/README.md without person, menu and counts: nonce,
 * title, csrf, locale, theme_mode, path, demo, languages. */
struct value *frame_page(struct ctx *ctx, struct request *request,
                         struct response *response, const char *title);

/* Writes a page of this data with its CSP (S23). */
int frame_answer(struct ctx *ctx, struct request *request,
                 struct response *response, const char *template,
                 struct value *data);

/* "light", "dark", or NULL for the device's: the person's choice, else the
 * cookie's (E50). */
const char *frame_theme(struct ctx *ctx, const struct request *request);

#endif
