/*
 * health.h - what the doctor asks this room (store/health.h).
 */
#ifndef EVENT_HEALTH_H
#define EVENT_HEALTH_H

struct health_room;

extern const struct health_room event_health;

#endif
