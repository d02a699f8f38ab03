/*
 * message.h - payloads: length-prefixed fields, and the messages made of
 * them.
 *
 * Readers never trust the other side: a field that does not fit sets
 * `failed`, and everything read after it is empty. What a reader gives points
 * into the payload.
 */
#ifndef IPC_MESSAGE_H
#define IPC_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct writer {
    unsigned char *data;
    size_t size, used;
    bool failed; /* did not fit */
};

void writer_init(struct writer *writer, void *data, size_t size);
void put_u8(struct writer *writer, uint8_t value);
void put_u32(struct writer *writer, uint32_t value);
void put_u64(struct writer *writer, uint64_t value);
void put_str(struct writer *writer, struct str text);
void put_text(struct writer *writer, const char *text); /* NULL: "" */

struct reader {
    const unsigned char *data;
    size_t left;
    bool failed;
};

void reader_init(struct reader *reader, const void *data, size_t size);
uint8_t get_u8(struct reader *reader);
uint32_t get_u32(struct reader *reader);
uint64_t get_u64(struct reader *reader);
struct str get_str(struct reader *reader);
/* True where everything was read and nothing is left. */
bool reader_done(const struct reader *reader);

enum { FIELDS_MAX = 100 };

struct http_field {
    struct str name, value; /* names in lower case */
};

/* A request's head as the worker gets it: already checked (front/head.h). */
struct request_message {
    struct str id;     /* request id, for the log */
    struct str method; /* "GET" … */
    struct str path;   /* as sent, still escaped, starts with '/' */
    struct str query;  /* behind '?', still escaped; may be empty */
    struct str host;
    struct str address; /* of the client, behind proxies (S30) */
    bool tls;
    uint64_t body_length; /* bytes of the body, known when it is sent */
    struct http_field fields[FIELDS_MAX];
    size_t field_count;
};

/* Returns 0, or E_LIMIT where it does not fit the writer. */
int request_write(struct writer *writer, const struct request_message *message);
/* Writes the length of the body, known late, into a written message. */
void request_set_length(void *payload, uint64_t body_length);
/* E_INVALID where the payload is not a whole message. */
int request_read(struct request_message *out, const void *data, size_t size);

/* The head of an answer. */
struct answer_message {
    int status;
    struct http_field fields[FIELDS_MAX];
    size_t field_count;
};

int answer_write(struct writer *writer, const struct answer_message *message);
/* E_INVALID also for a status outside 200 to 599, names that are no tokens,
 * and values with CR, LF or NUL (S28). */
int answer_read(struct answer_message *out, const void *data, size_t size);

/* True for a header name by RFC 9110 (a token). */
bool token_valid(struct str name);
/* True where a header value may be sent: no control byte but TAB. */
bool field_value_valid(struct str value);

#endif
