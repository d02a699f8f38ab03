/*
 * health.h - what the doctor asks this room (store/health.h).
 */
#ifndef ACCESS_HEALTH_H
#define ACCESS_HEALTH_H

struct health_room;

extern const struct health_room access_health;

#endif
