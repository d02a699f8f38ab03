/*
 * health.h - what the doctor asks this room (store/health.h).
 */
#ifndef ORG_HEALTH_H
#define ORG_HEALTH_H

struct health_room;

extern const struct health_room org_health;

#endif
