/*
 * checklist.h - the first steps with a module: checklist.json of its folder,
 * {"steps": [{"title", "form", "path", "where"?}]}. They stand on the home
 * page of everybody who may take them, until all are taken or he hides them.
 */
#ifndef PLUGIN_CHECKLIST_H
#define PLUGIN_CHECKLIST_H

#include "plugin/module.h"

/* Reads checklist.json, where there is one, into module->checklist.
 * E_INVALID with file and pointer. */
int checklist_read(struct ctx *ctx, struct tn_module *module);

/* Puts it on the home page; while a worker starts. */
void checklist_apply(struct tn_module *module);

#endif
