/*
 * ready.h - what a worker tells when it has loaded: the front knows no route
 * by itself.
 *
 * Rules (which lane a route takes), static folders, and the modules that this
 * generation holds. A large table comes in several frames, each a whole
 * `ready_part`; the last one has FRAME_LAST.
 */
#ifndef IPC_READY_H
#define IPC_READY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct ctx;

enum rule_flags {
    RULE_NET = 1,        /* net lane */
    RULE_LOCAL = 2,      /* net lane, the worker that stays on the machine */
    RULE_RESERVED = 4,   /* may take the page worker that is kept free */
    RULE_PRIVATE = 8,    /* the path holds a secret: the log gets the pattern */
    RULE_ANONYMOUS = 16, /* the log gets no address */
    RULE_NET_FORM = 32,  /* net lane where the body is multipart/form-data */
};

/* A route that is more than "any page worker will do". */
struct ready_rule {
    struct str method;  /* "" : any */
    struct str pattern; /* "/sign-in", "/records/{form}" */
    struct str module;  /* "" : core */
    uint8_t flags;
};

/* Files under `prefix` ("/assets/hello/") come from `folder`. A prefix
 * without "/" at its end is one file of that folder ("/favicon.ico"). */
struct ready_mount {
    struct str prefix, folder;
};

struct ready_module {
    struct str id, version, hash;
};

enum { READY_PART_MAX = 512 };

/* The parts of one FRAME_READY; arrays of READY_PART_MAX at most. */
struct ready_part {
    struct ready_rule *rules;
    struct ready_mount *mounts;
    struct ready_module *modules;
    size_t rule_count, mount_count, module_count;
};

/* Writes FRAME_READY frames for the whole table to `fd`; blocking. The counts
 * may be larger than READY_PART_MAX here. Returns 0 or E_IO. */
int ready_send(int fd, const struct ready_part *all);

/* Reads one frame's payload into arrays made by malloc (ready_part_free);
 * the texts point into the payload. E_INVALID; E_LIMIT without memory. */
int ready_read(struct ready_part *out, const void *data, size_t size);
void ready_part_free(struct ready_part *part);

#endif
