/*
 * static.h - files of themes and modules, from the folders that the workers
 * named.
 */
#ifndef FRONT_STATIC_H
#define FRONT_STATIC_H

#include <stdbool.h>

struct exchange;

/* Answers where the path lies under a mount (also with 404, 405); false
 * where it does not. */
bool static_answer(struct exchange *exchange);

#endif
