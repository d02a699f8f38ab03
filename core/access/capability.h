/*
 * capability.h - the forms that modules may see as modules. Only for the
 * files of access/; modules' capabilities are told by access_capability().
 */
#ifndef ACCESS_CAPABILITY_H
#define ACCESS_CAPABILITY_H

#include <stdbool.h>

#include "access/access.h"

/* Own forms ("MODULE.…"), and those of its manifest. */
bool capability_has(const char *module, const char *form, enum right right);
/* Empties access.c's cache, after a change in this process. */
void access_forget(void);

#endif
