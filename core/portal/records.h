/*
 * records.h - what the files of the records pages share: looking up forms,
 * input, pages. Other parts of the portal use portal.h.
 */
#ifndef PORTAL_RECORDS_H
#define PORTAL_RECORDS_H

#include "form/record.h"

struct ctx;
struct request;
struct response;
struct value;

/* The form of the path's {form}, where its module is on; E_NOT_FOUND. */
int records_form(const struct form **out, struct ctx *ctx,
                 const struct request *request);
/* The record of {form} and {id}, to be read. */
int records_record(struct record **out, struct ctx *ctx,
                   const struct request *request);
const char *records_path(struct ctx *ctx, const struct form *form);
const char *record_path(struct ctx *ctx, const struct record *record);

/* Whether ctx->person may add records; change this one now. */
bool records_may_create(struct ctx *ctx, const struct form *form);
bool records_may_change(struct ctx *ctx, const struct record *record);

/*
 * What a form post holds as the input of record_save; uploads of file fields
 * become attachments. rows: of each sub-table the row numbers that were
 * sent, because empty rows are left out.
 */
struct sent {
    struct value *input;
    struct value *rows;
};
int records_read(struct sent *out, struct ctx *ctx, struct request *request,
                 const struct form *form);
/* Problems at rows get the numbers that were sent. */
void records_name_rows(struct ctx *ctx, const struct sent *sent);

/* records_rest.c: the filter of a REST address; an address with a parameter
 * that is none of `names` (between spaces) is refused (S65). */
int records_rest_filter(struct record_query *query, struct ctx *ctx,
                        const struct request *request, const struct form *form);
int records_rest_names(struct ctx *ctx, const struct request *request,
                       const char *names);

/* The parts that portal_records_start() registers. */
void records_apply_start(void);
void records_list_start(void);
void records_page_start(void);
void records_form_start(void);
void records_files_start(void);
void records_export_start(void);
void imports_start(void);
void imports_rest_start(void);
void records_rest_start(void);
void records_rest_more_start(void);
void records_aggregate_start(void);
void records_meta_start(void);
void records_bulk_start(void);

#endif
