/*
 * health.h - what the doctor asks this room (store/health.h).
 */
#ifndef AUDIT_HEALTH_H
#define AUDIT_HEALTH_H

struct health_room;

extern const struct health_room audit_health;

#endif
