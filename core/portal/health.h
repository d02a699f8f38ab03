/*
 * health.h - what the doctor asks this room (store/health.h).
 */
#ifndef PORTAL_HEALTH_H
#define PORTAL_HEALTH_H

struct health_room;

extern const struct health_room portal_health;

#endif
