/*
 * api_c.h - what the files of this module share.
 */
#ifndef API_C_H
#define API_C_H

#include <tenon/tenon.h>

#define ITEM "api_c.item"
#define LOG "api_c.log"

/* A line of the log that the test reads. */
int write_line(tn_ctx *ctx, const char *what);

/* Widgets and jobs (work.c). */
int start_work(tn_module *self);
/* Files and cookies (files.c). */
int start_files(tn_module *self);
int file_later(tn_ctx *ctx);
/* Field types (field.c). */
int start_fields(tn_module *self);
/* People (people.c). */
int start_people(tn_module *self);
/* Offers (calls.c). */
int start_calls(tn_module *self);

#endif
