/*
 * reply.h - writing answers: status line, fields, body or file.
 *
 * Every answer of the service goes through here, so that none lacks its
 * security headers (S23), and none has a field with CR or LF (S28).
 */
#ifndef FRONT_REPLY_H
#define FRONT_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/message.h"

struct exchange;

struct reply {
    int status;
    const struct http_field *fields; /* names in lower case, checked */
    size_t field_count;
    const void *body;
    size_t body_length;
    bool has_file; /* the body is a file, from its start */
    int file;      /* taken over */
    int64_t file_size;
    bool dynamic;    /* no-store unless said otherwise, may be compressed */
    bool stream;     /* no length; the caller goes on writing */
    const char *csp; /* instead of the usual policy; NULL */
};

/* The policy of every answer that brings no own. */
extern const char reply_csp[];

/*
 * Sends the answer. Ends the exchange (exchange_done), except where `stream`
 * is set. For files: GET with a Range gets 206 or 416 where status is 200.
 */
void reply_send(struct exchange *exchange, const struct reply *reply);

/* The reason phrase of a status; "Unknown" where there is none. */
const char *status_text(int status);

/* True for text, JSON, SVG, scripts: what is worth compressing. */
bool type_compresses(struct str type);

#endif
