/*
 * health.c - what may be wrong with grants: they name who is not there.
 */
#include "base/banned.h"

#include "access/health.h"

#include "base/ctx.h"
#include "store/db.h"
#include "store/health.h"

#define NOBODY                                                                 \
    "(who_kind = 'user' AND NOT EXISTS (SELECT 1 FROM org_user u"              \
    " WHERE u.id = access_grant.who)) OR"                                      \
    " (who_kind = 'department' AND NOT EXISTS (SELECT 1 FROM org_department d" \
    " WHERE d.id = access_grant.who)) OR"                                      \
    " (who_kind = 'role' AND NOT EXISTS (SELECT 1 FROM org_role r"             \
    " WHERE r.id = access_grant.who))"

static int remove_grants(struct ctx *ctx)
{
    int rc = tx_begin(ctx, "doctor");

    if (rc)
        return rc;
    rc = db_exec(ctx, "DELETE FROM access_grant WHERE " NOBODY, "");
    if (!rc)
        rc = epoch_raise(ctx, "grant");
    return tx_end(ctx, rc);
}

static const struct health_kind kinds[] = {
    { "access.health.grant", HEALTH_NOTE,
      "SELECT form || ' ' || who_kind || ' ' || CAST(who AS TEXT)"
      " FROM access_grant WHERE " NOBODY,
      NULL, remove_grants },
    { "access.health.reader", HEALTH_NOTE,
      "SELECT CAST(record AS TEXT) || ' ' || CAST(user_id AS TEXT)"
      " FROM access_reader WHERE NOT EXISTS (SELECT 1 FROM org_user u"
      " WHERE u.id = access_reader.user_id)",
      "DELETE FROM access_reader WHERE NOT EXISTS (SELECT 1 FROM org_user u"
      " WHERE u.id = access_reader.user_id)",
      NULL },
    { "access.health.module", HEALTH_NOTE,
      "SELECT module || ' ' || CAST(department AS TEXT)"
      " FROM access_module_department WHERE NOT EXISTS"
      " (SELECT 1 FROM org_department d"
      " WHERE d.id = access_module_department.department)",
      NULL, NULL },
    { NULL, HEALTH_NOTE, NULL, NULL, NULL },
};

const struct health_room access_health = { "access", kinds, NULL };
