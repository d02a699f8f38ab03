/*
 * apply.h - a module's entries come into force: hooks, routes, pages, menu
 * entries, services of the rooms below.
 */
#ifndef PLUGIN_APPLY_H
#define PLUGIN_APPLY_H

struct ctx;
struct entry;
struct tn_module;

void apply_hook(struct entry *entry);
void apply_route(struct entry *entry);
void apply_page(struct entry *entry);
void apply_menu(struct entry *entry);
void apply_service(struct entry *entry);
void apply_widget(struct entry *entry);
void apply_job(struct entry *entry);
void apply_offer(struct entry *entry);
void apply_participants(struct entry *entry);
void apply_field_type(struct entry *entry);

/* The jobs that start by themselves, by the first round of a jobs worker. */
int apply_schedules(struct ctx *ctx, const struct tn_module *module);

/* Instead of a module in quarantine: all its addresses answer 503 with the
 * incident's number. */
void apply_quarantine(struct tn_module *module);

#endif
