/*
 * registry.h - menu entries and widgets. Only for the files of web/; what
 * others see of it is in router.h.
 */
#ifndef WEB_REGISTRY_H
#define WEB_REGISTRY_H

void registry_forget_all(void);

#endif
