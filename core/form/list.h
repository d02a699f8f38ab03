/*
 * list.h - limits of lists that other files of the room use.
 */
#ifndef FORM_LIST_H
#define FORM_LIST_H

/* Exports and a cascade's level may ask for more than a page, up to this. */
enum { LIST_UNBOUNDED = 5000 };

#endif
