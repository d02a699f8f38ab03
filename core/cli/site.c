/*
 * site.c - what commands that work on a site's people share.
 */
#include "base/banned.h"

#include "cli/site.h"

#include "audit/audit.h"
#include "base/arena.h"
#include "base/ctx.h"
#include "base/log.h"
#include "base/site.h"
#include "base/str.h"
#include "cli/cli.h"
#include "flow/flow.h"
#include "form/form.h"
#include "notify/mail.h"
#include "notify/notify.h"
#include "org/org.h"
#include "org/person.h"
#include "store/db.h"
#include "worker/schema.h"

int site_command_open(struct ctx *ctx, const char *folder)
{
    int rc = cli_site(ctx, folder);

    schema_start();
    if (!rc)
        rc = db_open(ctx, ctx->site->folder, DB_WORKER);
    if (!rc)
        rc = epoch_read(ctx);
    ctx->system = true;
    log_person_with(person_id);
    return rc;
}

void site_command_close(struct ctx *ctx)
{
    person_forget_all();
    if (ctx->db)
        db_close(ctx->db);
    ctx->db = NULL;
}

int site_department(int64_t *id, struct ctx *ctx, const char *name)
{
    const struct department **list;
    size_t i, count;
    int rc = department_list(&list, &count, ctx);

    *id = 0;
    for (i = 0; !rc && i < count; i++) {
        if (strcmp(list[i]->name, name) != 0)
            continue;
        if (*id)
            return fail(ctx, E_CONFLICT, "cli.user.two_departments",
                        "two departments are called %s", name);
        *id = list[i]->id;
    }
    if (!rc && !*id)
        rc = fail(ctx, E_NOT_FOUND, "org.department.absent",
                  "no such department");
    return rc;
}

const char *site_link(struct ctx *ctx, const char *purpose, const char *token)
{
    return mail_link(
        ctx,
        arena_printf(ctx->arena, "/%s/%s",
                     strcmp(purpose, "first_run") == 0 ? "first-run" : purpose,
                     token));
}

void site_rooms_start(void)
{
    audit_start();
    notify_start();
    form_start();
    flow_start_room();
}
