/*
 * page.h - a module's page inside the frame.
 */
#ifndef PLUGIN_PAGE_H
#define PLUGIN_PAGE_H

#include <stdbool.h>

struct ctx;
struct request;
struct response;
struct tn_module;
struct value;

/* Renders pages/NAME.mustache of the module over `data`. title: finished. */
int page_render(struct ctx *ctx, struct request *request,
                struct response *response, const struct tn_module *module,
                const char *name, const char *title, struct value *data);

/* The name of a template below pages/: "today", "parts/row". */
bool page_name_ok(const char *name);

/* A template of the module over `data` as a part of somebody else's page. */
int page_part(struct value **html, struct ctx *ctx,
              const struct tn_module *module, const char *name,
              struct value *data);

#endif
