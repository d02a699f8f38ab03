/*
 * multipart.c - multipart/form-data as a state machine.
 *
 * Strict: lines end with CR LF, the boundary is what the head said, a part
 * has one Content-Disposition "form-data" with one name, no nested
 * multipart, no transfer encodings.
 */
#include "base/banned.h"

#include "web/multipart.h"

#include <assert.h>
#include <strings.h>

#include "base/str.h"

static bool boundary_character(char c)
{
    return isalnum((unsigned char)c) || strchr("'()+_,-./:=? ", c);
}

bool multipart_boundary(char out[BOUNDARY_MAX + 1], const char *content_type)
{
    const char *at;
    size_t n = 0;
    bool quoted;

    if (!content_type ||
        strncasecmp(content_type, "multipart/form-data", 19) != 0)
        return false;
    at = content_type + 19;
    while (*at == ' ' || *at == '\t')
        at++;
    if (*at++ != ';')
        return false;
    while (*at == ' ' || *at == '\t')
        at++;
    if (strncasecmp(at, "boundary=", 9) != 0)
        return false;
    at += 9;
    quoted = *at == '"';
    at += quoted;
    while (*at && *at != '"' && (quoted || (*at != ';' && *at != ' '))) {
        if (n == BOUNDARY_MAX || !boundary_character(*at))
            return false;
        out[n++] = *at++;
    }
    if (quoted && *at++ != '"')
        return false;
    out[n] = '\0';
    return n > 0 && out[n - 1] != ' ' && *at == '\0';
}

void multipart_init(struct multipart *parser, const char *boundary,
                    const struct multipart_calls *calls, void *payload)
{
    memset(parser, 0, sizeof(*parser));
    parser->calls = calls;
    parser->payload = payload;
    parser->delimiter_length = (size_t)snprintf(
        parser->delimiter, sizeof(parser->delimiter), "\r\n--%s", boundary);
    /* The first boundary stands at the very start, without CR LF. */
    parser->matched = 2;
}

/* A quoted string after `at`; browsers write %22 for a quote and leave a
 * backslash alone, so only \" and \\ are escapes. NULL: broken. */
static const char *read_quoted(char *out, size_t size, const char *at)
{
    size_t n = 0;

    if (*at++ != '"')
        return NULL;
    while (*at && *at != '"') {
        if (at[0] == '\\' && (at[1] == '"' || at[1] == '\\'))
            at++;
        if (n + 1 >= size || (unsigned char)*at < ' ')
            return NULL;
        out[n++] = *at++;
    }
    if (*at++ != '"')
        return NULL;
    out[n] = '\0';
    return at;
}

static bool read_disposition(struct part *part, const char *value)
{
    bool named = false;
    const char *at = value;

    if (strncasecmp(at, "form-data", 9) != 0)
        return false;
    at += 9;
    for (;;) {
        while (*at == ' ' || *at == '\t')
            at++;
        if (!*at)
            return named;
        if (*at++ != ';')
            return false;
        while (*at == ' ' || *at == '\t')
            at++;
        if (strncasecmp(at, "name=", 5) == 0) {
            if (named)
                return false;
            at = read_quoted(part->name, sizeof(part->name), at + 5);
            named = true;
        } else if (strncasecmp(at, "filename=", 9) == 0) {
            if (part->is_file)
                return false;
            at = read_quoted(part->file_name, sizeof(part->file_name), at + 9);
            part->is_file = true;
        } else {
            return false;
        }
        if (!at)
            return false;
    }
}

static bool read_header(struct part *part, char *line, bool *seen)
{
    char *colon = strchr(line, ':'), *value;

    if (!colon || colon == line)
        return false;
    *colon = '\0';
    value = colon + 1;
    while (*value == ' ' || *value == '\t')
        value++;
    if (strcasecmp(line, "content-disposition") == 0) {
        if (*seen)
            return false;
        *seen = true;
        return read_disposition(part, value);
    }
    if (strcasecmp(line, "content-type") == 0) {
        if (strncasecmp(value, "multipart/", 10) == 0)
            return false;
        snprintf(part->type, sizeof(part->type), "%s", value);
        return true;
    }
    /* RFC 7578, 4.7: no transfer encodings. Anything else is ignored. */
    return strcasecmp(line, "content-transfer-encoding") != 0;
}

/* The head without its last empty line. */
static bool read_head(struct multipart *parser)
{
    char *line = parser->head;
    bool seen = false;

    memset(&parser->part, 0, sizeof(parser->part));
    parser->head[parser->head_length] = '\0';
    if (strlen(parser->head) != parser->head_length)
        return false;
    while (*line) {
        char *end = strstr(line, "\r\n");

        if (!end || memchr(line, '\n', (size_t)(end - line)))
            return false;
        *end = '\0';
        if (*line == ' ' || *line == '\t' ||
            !read_header(&parser->part, line, &seen))
            return false;
        line = end + 2;
    }
    return seen;
}

static int broken(struct multipart *parser)
{
    parser->state = MULTIPART_FAILED;
    return MULTIPART_BROKEN;
}

static int head_byte(struct multipart *parser, char c)
{
    if (parser->head_length == PART_HEAD_MAX)
        return broken(parser);
    parser->head[parser->head_length++] = c;
    if (c != '\n')
        return 0;
    /* An empty line ends it: at its start, or behind a line. */
    if (parser->head_length == 2
            ? memcmp(parser->head, "\r\n", 2) != 0
            : parser->head_length < 4 ||
                  memcmp(parser->head + parser->head_length - 4, "\r\n\r\n",
                         4) != 0)
        return 0;
    parser->head_length -= 2;
    if (!read_head(parser))
        return broken(parser);
    if (parser->parts++ == PARTS_MAX) {
        parser->state = MULTIPART_FAILED;
        return MULTIPART_TOO_MANY;
    }
    parser->state = MULTIPART_BODY;
    parser->matched = 0;
    return parser->calls->begin(parser->payload, &parser->part);
}

/* Behind a boundary: "--" ends all, CR LF begins a part. */
static int after_byte(struct multipart *parser, char c)
{
    parser->after[parser->after_length++] = c;
    if (parser->after_length < 2)
        return 0;
    parser->after_length = 0;
    if (memcmp(parser->after, "--", 2) == 0) {
        parser->state = MULTIPART_EPILOGUE;
        return 0;
    }
    if (memcmp(parser->after, "\r\n", 2) != 0)
        return broken(parser);
    parser->state = MULTIPART_HEAD;
    parser->head_length = 0;
    return 0;
}

/* The bytes of a boundary that was begun and turned out to be data. Since CR
 * is only its first byte, a failed match can restart nowhere inside. */
static int give_back(struct multipart *parser)
{
    size_t n = parser->matched;

    parser->matched = 0;
    return n && parser->state == MULTIPART_BODY
               ? parser->calls->data(parser->payload, parser->delimiter, n)
               : 0;
}

/* Takes bytes of a body (or of the preamble); *used receives how many. */
static int body_bytes(struct multipart *parser, const char *bytes,
                      size_t length, size_t *used)
{
    size_t i = 0, plain;
    int rc;

    while (i < length && parser->matched < parser->delimiter_length) {
        if (bytes[i] == parser->delimiter[parser->matched]) {
            parser->matched++;
            i++;
            continue;
        }
        if (parser->matched > 0) {
            rc = give_back(parser);
            if (rc)
                return rc;
            continue;
        }
        plain = i;
        while (i < length && bytes[i] != '\r')
            i++;
        if (parser->state == MULTIPART_BODY) {
            rc = parser->calls->data(parser->payload, bytes + plain, i - plain);
            if (rc)
                return rc;
        }
    }
    *used = i;
    if (parser->matched < parser->delimiter_length)
        return 0;
    parser->matched = 0;
    rc = parser->state == MULTIPART_BODY ? parser->calls->end(parser->payload)
                                         : 0;
    parser->state = MULTIPART_AFTER_BOUNDARY;
    parser->after_length = 0;
    return rc;
}

int multipart_feed(struct multipart *parser, const char *bytes, size_t length)
{
    size_t at = 0, used;
    int rc = 0;

    while (at < length && !rc) {
        switch (parser->state) {
        case MULTIPART_PREAMBLE:
        case MULTIPART_BODY:
            rc = body_bytes(parser, bytes + at, length - at, &used);
            if (!rc)
                at += used;
            break;
        case MULTIPART_AFTER_BOUNDARY:
            rc = after_byte(parser, bytes[at++]);
            break;
        case MULTIPART_HEAD:
            rc = head_byte(parser, bytes[at++]);
            break;
        case MULTIPART_EPILOGUE:
            return 0;
        case MULTIPART_FAILED:
            return MULTIPART_BROKEN;
        }
    }
    if (rc)
        parser->state = MULTIPART_FAILED;
    return rc;
}

int multipart_finish(struct multipart *parser)
{
    return parser->state == MULTIPART_EPILOGUE ? 0 : MULTIPART_BROKEN;
}
