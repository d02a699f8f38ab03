/*
 * cache.h - what publishing tells the loaded forms (form.c).
 */
#ifndef FORM_CACHE_H
#define FORM_CACHE_H

/* The next look-up reads the store again, whatever the epoch says. */
void form_cache_drop(void);
/* The same, and forms that did not change are read anew as well. */
void form_cache_forget(void);

#endif
