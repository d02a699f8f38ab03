/*
 * multipart.h - multipart/form-data (RFC 7578), parsed as it streams by.
 *
 * A pure state machine: it opens no files and allocates nothing beyond its
 * fixed buffers, so that a fuzzer can feed it (tests/fuzz/fuzz_multipart.c).
 * Only for the files of web/.
 */
#ifndef WEB_MULTIPART_H
#define WEB_MULTIPART_H

#include <stdbool.h>
#include <stddef.h>

enum {
    BOUNDARY_MAX = 70,
    PART_HEAD_MAX = 4096,
    PART_NAME_MAX = 256,
    PART_FILE_NAME_MAX = 1024,
    PARTS_MAX = 2000,
};

/* What a part's head says; strings end with NUL. */
struct part {
    char name[PART_NAME_MAX];
    char file_name[PART_FILE_NAME_MAX];
    char type[PART_NAME_MAX];
    bool is_file; /* has a filename parameter */
};

/* Called in this order for each part: begin, data…, end. A result other
 * than 0 ends the parsing with it. */
struct multipart_calls {
    int (*begin)(void *payload, const struct part *part);
    int (*data)(void *payload, const char *bytes, size_t length);
    int (*end)(void *payload);
};

enum multipart_state {
    MULTIPART_PREAMBLE,
    MULTIPART_AFTER_BOUNDARY,
    MULTIPART_HEAD,
    MULTIPART_BODY,
    MULTIPART_EPILOGUE,
    MULTIPART_FAILED,
};

struct multipart {
    const struct multipart_calls *calls;
    void *payload;
    enum multipart_state state;
    char delimiter[BOUNDARY_MAX + 5]; /* CR LF "--" boundary */
    size_t delimiter_length;
    size_t matched; /* bytes of the delimiter seen */
    char head[PART_HEAD_MAX + 1];
    size_t head_length;
    char after[2];
    size_t after_length;
    struct part part;
    int parts;
};

/* Reads the boundary out of a Content-Type; false where it is none. */
bool multipart_boundary(char out[BOUNDARY_MAX + 1], const char *content_type);

void multipart_init(struct multipart *parser, const char *boundary,
                    const struct multipart_calls *calls, void *payload);

/* Error results of the parser itself; results of the calls are passed on. */
enum { MULTIPART_BROKEN = -100, MULTIPART_TOO_MANY = -101 };

int multipart_feed(struct multipart *parser, const char *bytes, size_t length);
/* Whether the closing boundary was there. */
int multipart_finish(struct multipart *parser);

#endif
