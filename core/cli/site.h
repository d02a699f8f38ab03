/*
 * site.h - what commands that work on a site's people share.
 */
#ifndef CLI_SITE_H
#define CLI_SITE_H

#include <stdint.h>

struct ctx;

/* Opens the site (`folder`, or $TENON_SITE) and its store; the command acts
 * as the system. */
int site_command_open(struct ctx *ctx, const char *folder);
void site_command_close(struct ctx *ctx);

/* A department by its name; E_NOT_FOUND where there is none, E_CONFLICT
 * where two have it. */
int site_department(int64_t *id, struct ctx *ctx, const char *name);

/* The address of a one-time link. */
const char *site_link(struct ctx *ctx, const char *purpose, const char *token);

/* Registers what the rooms do when records are saved and processes run, as a
 * worker does; for commands that save. */
void site_rooms_start(void);

#endif
