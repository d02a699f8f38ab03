/*
 * imports.h - what the files of the import pages share.
 */
#ifndef PORTAL_IMPORTS_H
#define PORTAL_IMPORTS_H

#include "form/import_job.h"

struct ctx;
struct request;
struct response;
struct upload;
struct value;

/* One's own import of the path's {id}. */
int imports_find(struct import_job **out, struct ctx *ctx,
                 const struct request *request);
const char *imports_path(struct ctx *ctx, const struct import_job *job);
/* Whether the list offers it; asks nothing of the store. */
bool imports_may(struct ctx *ctx, const struct form *form);
/* The one file of a request; E_BAD_REQUEST. */
int imports_upload(const struct upload **out, struct ctx *ctx,
                   const struct request *request);
/* Answers with the refused rows as CSV. */
int imports_send_refused(struct ctx *ctx, struct response *response,
                         const struct import_job *job);

/* imports_map.c: adds what the page of the mapping shows; reads it back. */
int imports_map_show(struct ctx *ctx, struct value *data,
                     const struct import_job *job);
int imports_map_read(struct value **settings, struct ctx *ctx,
                     const struct request *request);

#endif
