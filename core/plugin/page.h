/*
 * page.h - a module's page inside the frame.
 */
#ifndef PLUGIN_PAGE_H
#define PLUGIN_PAGE_H

struct ctx;
struct request;
struct response;
struct tn_module;
struct value;

/* Renders pages/NAME.mustache of the module over `data`. title: finished. */
int page_render(struct ctx *ctx, struct request *request,
                struct response *response, const struct tn_module *module,
                const char *name, const char *title, struct value *data);

#endif
