/*
 * publish.h - between publish.c (one definition) and publish_folder.c.
 */
#ifndef FORM_PUBLISH_H
#define FORM_PUBLISH_H

#include <stdbool.h>

struct ctx;
struct value;

/* form_publish. may_be_old: what is an earlier version of the form is left, and
 * said in the log (base/published.h). */
int form_publish_from(struct ctx *ctx, const char *name, const char *module,
                      const struct value *definition, const char *logic,
                      bool may_be_old);

#endif
