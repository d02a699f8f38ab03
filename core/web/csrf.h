/*
 * csrf.h - no other site makes a person's browser act (S16). Only for the
 * files of web/; the token for forms is request.h's csrf_token().
 */
#ifndef WEB_CSRF_H
#define WEB_CSRF_H

#include <stdbool.h>

struct ctx;
struct request;

/* Origin and Sec-Fetch-Site, where the browser sends them, say that the
 * request comes from a page of ours. */
bool csrf_origin_ok(const struct request *request);
/* The token in the header X-CSRF-Token or the field _csrf is right. */
bool csrf_token_ok(struct ctx *ctx, const struct request *request);

#endif
