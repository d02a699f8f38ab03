/*
 * openapi.h - the description of the REST API (OpenAPI 3.1), made from the
 * registries: the route table, the forms that somebody may use. Only for the
 * files of portal/.
 */
#ifndef PORTAL_OPENAPI_H
#define PORTAL_OPENAPI_H

#include <stdbool.h>

struct ctx;
struct form;
struct value;

/* What is said of a route beyond its row in the route table. */
struct openapi_route {
    const char *method, *pattern;
    const char *tag, *summary;
    const char *query;   /* "q limit:int bin:bool"; NULL: none */
    const char *headers; /* the same, of the request's headers */
    const char *body;    /* a schema's name; "multipart" for an upload */
    const char *answer;  /* a schema's name; NULL: no body */
    int status;          /* of success; 0: 200 */
};

/* NULL where nothing is known of it: modules' routes. */
const struct openapi_route *openapi_route(const char *method,
                                          const char *pattern);

/* The schemas that all forms share, by name. */
struct value *openapi_schemas(struct ctx *ctx);
/* {"$ref": "#/components/schemas/NAME"} */
struct value *openapi_ref(struct ctx *ctx, const char *name);
/* "id", "text", "int", "bool", "time", "any", a schema's name; "…[]" a list. */
struct value *openapi_type(struct ctx *ctx, const char *type);

/* The values of a form's records as they are answered, and as they are sent:
 * without what is computed or read only. */
struct value *openapi_values(struct ctx *ctx, const struct form *form);
struct value *openapi_input(struct ctx *ctx, const struct form *form);

/* "budget.input": the name of a form's schema. */
const char *openapi_schema_name(struct ctx *ctx, const struct form *form,
                                const char *what);
/* Whether a form is in ctx->person's document. */
bool openapi_may_use(struct ctx *ctx, const struct form *form);

/* The whole document, for ctx->person. */
int openapi_document(struct value **out, struct ctx *ctx);

void openapi_page_start(void);

#endif
