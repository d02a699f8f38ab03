/*
 * act_as.h - a job works in the name of the person who started it.
 */
#ifndef FORM_ACT_AS_H
#define FORM_ACT_AS_H

#include <stdint.h>

struct ctx;

/* The person acts from here on, with the rights, language and zone of now.
 * E_FORBIDDEN where the account is switched off. */
int act_as(struct ctx *ctx, int64_t person);
/* Only the language and zone of a person: texts that a job makes are read by
 * who started it. Nothing where there is no such person. */
void speak_as(struct ctx *ctx, int64_t person);

#endif
