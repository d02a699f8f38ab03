/*
 * rules.h - what a generation of workers said: lanes, static folders,
 * modules.
 */
#ifndef FRONT_RULES_H
#define FRONT_RULES_H

#include <stddef.h>

#include "base/str.h"
#include "ipc/ready.h"
#include "ipc/slot.h"

struct front;
struct generation;

/* An empty one; NULL without memory. */
struct generation *generation_new(int number);
void generation_free(struct generation *generation);
int generation_number(const struct generation *generation);

/* Adds what one FRAME_READY says; the payload is copied. Returns 0,
 * E_INVALID, or E_LIMIT without memory. */
int generation_add(struct generation *generation, const void *payload,
                   size_t length);

/* Opens its static folders: it is about to be in force. */
void generation_open(struct generation *generation, const struct front *front);

/* Version and hash of a module of this generation; "" where it has none. */
void generation_module(const struct generation *generation, const char *id,
                       struct str *version, struct str *hash);

struct rule_match {
    int flags; /* enum rule_flags */
    char module[SLOT_MODULE_MAX];
    struct str pattern; /* belongs to the generation */
};

/* The rule for a request in the generation in force; no flags where none
 * fits. The path is compared decoded. */
void rules_match(struct rule_match *match, const struct front *front,
                 struct str method, struct str path);

/*
 * The static folder for a path. Returns a descriptor that belongs to the
 * generation (of a folder, O_PATH) and what is left of the path behind the
 * prefix; -1 where no mount fits.
 */
int rules_mount(struct str *rest, const struct front *front, struct str path);

/* Decodes %XX once (S52). Returns the length, or -1 where it is malformed,
 * holds NUL, or does not fit. */
long path_decode(char *out, size_t size, struct str path);

#endif
