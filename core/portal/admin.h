/*
 * admin.h - shared by the administration pages of portal/.
 */
#ifndef PORTAL_ADMIN_H
#define PORTAL_ADMIN_H

struct ctx;
struct value;

/* Puts the breadcrumb "Administration" (and `label` with `url`, where not
 * NULL) into a page's data. */
void admin_crumbs(struct ctx *ctx, struct value *data, const char *label,
                  const char *url);
/* A column of a list of theme `list/list`. key: of the catalog. */
void admin_column(struct ctx *ctx, struct value *list, const char *key);
/* A row, and its cells of plain text in the order of the columns. */
struct value *admin_row(struct ctx *ctx, struct value *list, const char *id,
                        const char *url, const char *label);
void admin_cell(struct ctx *ctx, struct value *list, struct value *row,
                const char *text);
/* A list with its title and address; `empty` is what stands where nothing
 * is. */
struct value *admin_list(struct ctx *ctx, const char *url, const char *title,
                         const char *empty);

void admin_users_start(void);
void admin_departments_start(void);
void admin_roles_start(void);
void admin_modules_start(void);
void admin_settings_start(void);
void admin_backups_start(void);
void admin_work_start(void); /* jobs and incidents */

#endif
