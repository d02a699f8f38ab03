/*
 * health.c - what may be wrong with what people arranged for themselves.
 */
#include "base/banned.h"

#include "portal/health.h"

#include "store/health.h"

static const struct health_kind kinds[] = {
    { "portal.health.widget", HEALTH_NOTE,
      "SELECT CAST(person AS TEXT) || ' ' || widget FROM home_widget"
      " WHERE NOT EXISTS (SELECT 1 FROM org_user u"
      " WHERE u.id = home_widget.person)",
      "DELETE FROM home_widget WHERE NOT EXISTS (SELECT 1 FROM org_user u"
      " WHERE u.id = home_widget.person)",
      NULL },
    { NULL, HEALTH_NOTE, NULL, NULL, NULL },
};

const struct health_room portal_health = { "portal", kinds, NULL };
