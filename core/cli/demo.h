/*
 * demo.h - the demo company of `tenon init --demo`.
 */
#ifndef CLI_DEMO_H
#define CLI_DEMO_H

struct ctx;

/*
 * Fills a new site (ctx->site, store open, ctx->system) with the people of
 * share/demo/company.json, the forms and flows beside it, and a few weeks of
 * applications that went their real way: each is submitted and decided by the
 * same functions that pages call, at the time it says. Texts are taken in
 * ctx->locale. Every account gets the password DEMO_PASSWORD, which only a
 * demo site has (S61).
 */
int demo_fill(struct ctx *ctx);

/* Switches the example modules on and fills them; after demo_fill(). */
int demo_modules(struct ctx *ctx);

#define DEMO_PASSWORD "tenon-demo"

#endif
