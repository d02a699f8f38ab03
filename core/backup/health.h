/*
 * health.h - what the doctor asks this room (store/health.h).
 */
#ifndef BACKUP_HEALTH_H
#define BACKUP_HEALTH_H

struct health_room;

extern const struct health_room backup_health;

#endif
