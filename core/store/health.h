/*
 * health.h - what a room knows that may be wrong with a site, and mending it.
 *
 * Each room that keeps something exports one struct health_room; `tenon doctor
 * --verify` asks them all (worker/schema.h lists them), so that a room knows
 * its own damages only. Looking changes nothing and holds no lock; what can be
 * mended without a person's judgement has a statement or a function for it.
 */
#ifndef STORE_HEALTH_H
#define STORE_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

struct ctx;
struct health;
struct value;

enum health_verdict {
    HEALTH_NOTE, /* works, but look at it */
    HEALTH_BAD
};

/* A kind of damage. The catalog has the text `key` and, as `key`_mend, what to
 * do; {count} and {detail} (up to five examples) are filled in. */
struct health_kind {
    const char *key; /* "flow.health.task_lost" */
    enum health_verdict verdict;
    /* Gives a row for each damage; its one column, a text or a number, names
     * it. ?1 is the time now (ms UTC). NULL: the room's look() finds it. */
    const char *find;
    /* Mends all of it: a statement (?1: now), or a function that makes its
     * own transactions. Both NULL: only people can. */
    const char *statement;
    int (*mend)(struct ctx *ctx);
};

struct health_room {
    const char *name;                /* "flow"; cli.doctor.rooms.NAME */
    const struct health_kind *kinds; /* ended by one without key */
    /* What no statement finds; may be NULL. Negative: it could not look. */
    int (*look)(struct health *health, struct ctx *ctx);
};

/* Tells of one damage. `key` is one of the room's kinds; `example` names it,
 * and is copied. */
void health_found(struct health *health, const char *key, const char *example);

/* The same for each row of a generated statement: "ABOUT FIRST-COLUMN".
 * about: may be NULL. */
int health_rows(struct health *health, const char *key, const char *about,
                const char *sql);

/*
 * Asks all rooms (ended by NULL), those above first.
 *
 * out   receives a list of {room, key, verdict: "note" | "bad", count,
 *       examples: [text], mendable}.
 *
 * Returns 0, or the error of a store that can't be read; a room that can't
 * look for another reason is told as "store.health.unreadable".
 */
int health_look(struct value **out, struct ctx *ctx,
                const struct health_room *const *rooms);

/* Mends what was found and can be mended; sets "mended" or "failed" (a text)
 * in each of these. */
void health_mend(struct ctx *ctx, const struct health_room *const *rooms,
                 struct value *found);

/* The number of kinds that the rooms know. */
int health_kinds(const struct health_room *const *rooms);

/* The store's own. */
extern const struct health_room store_health;

#endif
