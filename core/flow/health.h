/*
 * health.h - what the doctor asks this room (store/health.h).
 */
#ifndef FLOW_HEALTH_H
#define FLOW_HEALTH_H

struct health_room;

extern const struct health_room flow_health;

#endif
