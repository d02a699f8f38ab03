/*
 * health.h - what the doctor asks this room (store/health.h).
 */
#ifndef FORM_HEALTH_H
#define FORM_HEALTH_H

struct health_room;

extern const struct health_room form_health;

#endif
