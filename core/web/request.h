/*
 * request.h - one HTTP request and its answer, as handlers see them.
 */
#ifndef WEB_REQUEST_H
#define WEB_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"
#include "base/str.h"
#include "base/value.h"

struct ctx;
struct route;
struct session;

struct header {
    const char *name; /* lower case */
    const char *value;
};

/* A file of a multipart body. */
struct upload {
    const char *field, *name, *type; /* as sent; not trusted */
    int fd;                          /* at its start; closed after the call */
    int64_t size;
};

struct request {
    const char *method; /* "GET" … */
    const char *path;   /* decoded once (S52), starts with '/' */
    const char *raw_query;
    const char *host;
    bool tls;
    const char *peer; /* the client's address, after proxies (S30) */
    struct header *headers;
    size_t header_count;
    const char *body; /* ≤ 64 KiB bodies; else NULL and body_fd */
    size_t body_length;
    int body_fd; /* -1: none */
    int64_t body_size;
    bool head_only; /* a large body is announced: may it come? (the
                       handler's route flags answer, no handler runs;
                       response status 100 says yes, anything else is the
                       refusal that the client gets) */

    /* Filled by web/ before the handler runs. */
    struct value *query; /* name → text; the same name twice is 400 (S65) */
    struct value *form;  /* body fields of a form post: name → text, or list
                            for names ending in "[]" */
    struct value *json;  /* parsed body of application/json */
    struct upload *uploads;
    size_t upload_count;
    struct value *params; /* of the route pattern: "id" → text */
    const char *session;  /* hash of the session token; NULL: none */
    const char *nonce;    /* of the page's CSP */
    bool wants_json;      /* /api/ or Accept says so */
    bool htmx;            /* HX-Request */
    bool script_form;     /* X-Tenon-Request: form: a form sent by script,
                             answered in JSON (themes/default/README.md) */
    const struct session *login; /* org/session.h; NULL: nobody, or a token */
    const struct route *route;   /* web/router.h */
    const char *csrf;            /* made by csrf_token() already */
};

const char *request_header(const struct request *request, const char *name);
/* Query or path parameter; NULL where absent. */
const char *request_query(const struct request *request, const char *name);
const char *request_param(const struct request *request, const char *name);
/* An id from the path; E_NOT_FOUND where it is none. */
int request_id(int64_t *out, struct ctx *ctx, const struct request *request,
               const char *name);
const char *request_form(const struct request *request, const char *name);
const char *request_cookie(struct ctx *ctx, const struct request *request,
                           const char *name);

struct response {
    int status;            /* 200 */
    const char *type;      /* "text/html; charset=utf-8" */
    struct vector headers; /* of struct header* */
    struct buf body;
    int file_fd; /* ≥ 0: sent by the front, with ranges */
    int64_t file_size;
    bool stream; /* an event stream for stream_user, from the front */
    int64_t stream_user;
    const char *stream_session;
    int64_t body_limit; /* with status 100: bytes that may come; 0: the
                           site's body_max */
    bool metrics;       /* the front writes its /metrics; the body is added */
};

/* Refuses CR, LF, NUL (S28). */
int response_header(struct ctx *ctx, struct response *response,
                    const char *name, const char *value);
/* 303 to an own path (S25: anything else becomes "/"). */
int response_redirect(struct ctx *ctx, struct response *response,
                      const char *path);
int response_json(struct ctx *ctx, struct response *response, int status,
                  const struct value *value);
/* The answer to a form that was done: {"location", "toast"} for a script,
 * 303 for others. location: own path. toast: finished text; may be NULL; for
 * others it is shown on the next page (request_notice). */
int response_done(struct ctx *ctx, const struct request *request,
                  struct response *response, const char *location,
                  const char *toast);
/* The same of something that a POST to the own path `undo` takes back: the
 * next page's notice offers it. */
int response_undoable(struct ctx *ctx, const struct request *request,
                      struct response *response, const char *location,
                      const char *toast, const char *undo);
/* A notice left by response_done before a redirect; takes it away. NULL:
 * none. *undo: as the browser says, so not to be trusted; "" where nothing can
 * be taken back. */
const char *request_notice(const char **undo, struct ctx *ctx,
                           const struct request *request,
                           struct response *response);
/* problem+json or an error page by request->wants_json, from ctx->problems. */
int response_problem(struct ctx *ctx, const struct request *request,
                     struct response *response, int code);
/* A file: name for Content-Disposition (RFC 6266). fd is taken over. */
int response_file(struct ctx *ctx, struct response *response, int fd,
                  int64_t size, const char *type, const char *name,
                  bool inline_);

/* A cookie for the whole site: HttpOnly, SameSite=Lax, Secure under TLS.
 * seconds 0: ends with the browser; negative: goes at once. */
int response_cookie(struct ctx *ctx, const struct request *request,
                    struct response *response, const char *name,
                    const char *value, int64_t seconds);

/* The masked CSRF token for forms of this answer (S16); makes the cookie that
 * it belongs to where nobody is signed in. */
const char *csrf_token(struct ctx *ctx, struct request *request,
                       struct response *response);

/* The same for a session that has just begun (the sign-in's JSON answer). */
const char *csrf_token_of(struct ctx *ctx, const char *session_token);

/* An own path ("/x", no "//", no backslash, no control byte), else "/". */
const char *own_path(const char *path);

/* Whether If-None-Match names `etag` (sets ETag; then 304 with no body). */
bool response_etag(struct ctx *ctx, const struct request *request,
                   struct response *response, const char *etag);
/* The version in If-Match ("17" or \"17\"); 0: no such header; E_BAD_REQUEST
 * where it is none. */
int request_if_match(int64_t *version, struct ctx *ctx,
                     const struct request *request);

/* Refuses body fields of a form post that are not in `names` (ended by NULL;
 * a name that ends in '*' is a prefix): S17, S65. */
int request_only(struct ctx *ctx, const struct request *request,
                 const char *const *names);

/* Registers the routes of web/ itself (metrics, health). */
void web_start(void);

/* The worker calls this for each request: routes, session, CSRF, limits,
 * handler, errors. Always leaves a whole answer. */
void web_handle(struct ctx *ctx, struct request *request,
                struct response *response);

#endif
