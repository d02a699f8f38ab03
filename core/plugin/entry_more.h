/*
 * entry_more.h - the registrations besides hooks, routes, pages, menus and
 * services: their members and checks. Only for entry.c and entry_more.c.
 */
#ifndef PLUGIN_ENTRY_MORE_H
#define PLUGIN_ENTRY_MORE_H

#include <stddef.h>

#include "plugin/entry.h"

enum { ORDER_MAX = 1000 };

extern const struct member widget_members[], job_members[], offer_members[],
    participants_members[], field_type_members[];

int check_widget(struct ctx *ctx, struct entry *entry);
int check_job(struct ctx *ctx, struct entry *entry);
int check_offer(struct ctx *ctx, struct entry *entry);
int check_participants(struct ctx *ctx, struct entry *entry);
int check_field_type(struct ctx *ctx, struct entry *entry);

/* Of entry.c: refuses a member, says what it must be. */
int entry_refuse(struct ctx *ctx, const struct entry *entry, const char *name,
                 const char *expected);
/* The same name twice in one module. */
int entry_taken(struct ctx *ctx, struct entry *entry);
/* "ID.NAME" of this module, which becomes the entry's name. */
int entry_own_name(struct ctx *ctx, struct entry *entry, const char *name);
/* An address of this site, without anything to fill in. */
bool entry_address_ok(const char *path);

#endif
