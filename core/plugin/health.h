/*
 * health.h - what the doctor asks this room (store/health.h).
 */
#ifndef PLUGIN_HEALTH_H
#define PLUGIN_HEALTH_H

struct health_room;

extern const struct health_room plugin_health;

#endif
