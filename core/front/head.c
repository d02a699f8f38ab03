/*
 * head.c - scanning and parsing a header block.
 *
 * Three sieves: the byte scan (line ends, control bytes, folding), llhttp,
 * and the rules that llhttp does not have. Nothing here repairs: what two
 * servers could read in two ways is refused.
 */
#include "base/banned.h"

#include "front/head.h"

#include <llhttp.h>

/* Each LF after CR, each CR before LF, no control byte but TAB, no folded
 * line, at most HEAD_LINES_MAX fields. */
static int scan(const char *block, size_t length)
{
    size_t i, lines = 0;

    for (i = 0; i < length; i++) {
        unsigned char c = (unsigned char)block[i];

        if (c == '\r') {
            if (i + 1 == length || block[i + 1] != '\n')
                return 400;
        } else if (c == '\n') {
            if (i == 0 || block[i - 1] != '\r')
                return 400;
            lines++;
            if (i + 1 < length && (block[i + 1] == ' ' || block[i + 1] == '\t'))
                return 400;
        } else if ((c < 0x20 && c != '\t') || c == 0x7f) {
            return 400;
        }
    }
    /* The request line and the empty line are no fields. */
    return lines > HEAD_LINES_MAX + 2 ? 431 : 0;
}

/* "METHOD SP target SP HTTP/1.x": llhttp lets more through (0.9, tabs). */
static int check_request_line(const char *block, size_t length)
{
    const char *end = memchr(block, '\r', length);
    const char *space, *version;
    struct str method;

    if (!end)
        return 400;
    space = memchr(block, ' ', (size_t)(end - block));
    if (!space || memchr(block, '\t', (size_t)(end - block)))
        return 400;
    method = (struct str){ block, (size_t)(space - block) };
    if (!token_valid(method))
        return 400;
    version = memchr(space + 1, ' ', (size_t)(end - space - 1));
    if (!version || version == space + 1)
        return 400;
    if (version - space > TARGET_MAX)
        return 414;
    version++;
    if (end - version != 8 || memcmp(version, "HTTP/", 5) != 0 ||
        version[6] != '.' || !isdigit((unsigned char)version[5]) ||
        !isdigit((unsigned char)version[7]))
        return 400;
    if (version[5] != '1' || (version[7] != '0' && version[7] != '1'))
        return 505;
    return 0;
}

size_t head_find_end(const char *data, size_t length, size_t *seen, int *status)
{
    size_t from = *seen > 3 ? *seen - 3 : 0, i;
    const char *end = memmem(data + from, length - from, "\r\n\r\n", 4);

    *status = 0;
    if (end) {
        *seen = 0;
        return (size_t)(end - data) + 4;
    }
    for (i = *seen; i < length && *status == 0; i++) {
        if (data[i] != '\n')
            continue;
        if (i == 0 || data[i - 1] != '\r')
            *status = 400;
        else if (!memchr(data, '\n', i))
            *status = check_request_line(data, length);
    }
    *seen = length;
    return 0;
}

/* What llhttp tells; spans of one block, never split by us. */
struct parse {
    struct head *head;
    struct str target;
    int status;
};

/* llhttp may hand a span out in pieces; they must lie side by side (they do
 * not where it joined a folded line). */
static int span(struct str *text, const char *at, size_t length)
{
    if (!text->length)
        *text = (struct str){ at, length };
    else if (text->data + text->length == at)
        text->length += length;
    else
        return -1;
    return 0;
}

static int on_url(llhttp_t *parser, const char *at, size_t length)
{
    struct parse *parse = parser->data;

    return span(&parse->target, at, length);
}

static int on_field(llhttp_t *parser, const char *at, size_t length)
{
    struct parse *parse = parser->data;
    struct head *head = parse->head;

    if (head->field_count == FIELDS_MAX) {
        parse->status = 431;
        return -1;
    }
    return span(&head->fields[head->field_count].name, at, length);
}

static int on_value(llhttp_t *parser, const char *at, size_t length)
{
    struct parse *parse = parser->data;
    struct head *head = parse->head;

    if (head->field_count == FIELDS_MAX)
        return -1;
    return span(&head->fields[head->field_count].value, at, length);
}

static int on_value_complete(llhttp_t *parser)
{
    struct parse *parse = parser->data;

    parse->head->field_count++;
    return 0;
}

static int on_headers_complete(llhttp_t *parser)
{
    struct parse *parse = parser->data;

    parse->head->keep_alive = llhttp_should_keep_alive(parser) != 0;
    return 1; /* the body is ours, not llhttp's */
}

static const llhttp_settings_t *settings(void)
{
    static llhttp_settings_t table;

    if (!table.on_url) {
        llhttp_settings_init(&table);
        table.on_header_field = on_field;
        table.on_header_value = on_value;
        table.on_header_value_complete = on_value_complete;
        table.on_headers_complete = on_headers_complete;
        table.on_url = on_url;
    }
    return &table;
}

/* The methods that we take; the others of llhttp's list are not ours. */
static bool method_known(struct str method)
{
    static const char *const known[] = {
        "GET",     "HEAD",      "POST",  "PUT",    "PATCH",      "DELETE",
        "OPTIONS", "PROPFIND",  "MKCOL", "REPORT", "MKCALENDAR", "COPY",
        "MOVE",    "PROPPATCH", "LOCK",  "UNLOCK",
    };
    size_t i;

    for (i = 0; i < sizeof known / sizeof *known; i++) {
        if (str_is(method, known[i]))
            return true;
    }
    return false;
}

static void trim(struct str *text)
{
    while (text->length && (text->data[0] == ' ' || text->data[0] == '\t')) {
        text->data++;
        text->length--;
    }
    while (text->length && (text->data[text->length - 1] == ' ' ||
                            text->data[text->length - 1] == '\t'))
        text->length--;
}

static bool port_valid(struct str port)
{
    size_t i;
    long number = 0;

    for (i = 0; i < port.length; i++) {
        if (!isdigit((unsigned char)port.data[i]) || i == 5)
            return false;
        number = number * 10 + (port.data[i] - '0');
    }
    return number <= 65535;
}

bool host_valid(struct str host)
{
    size_t i = 0;

    if (host.length == 0 || host.length > 260)
        return false;
    if (host.data[0] == '[') {
        for (i = 1; i < host.length && host.data[i] != ']'; i++) {
            char c = host.data[i];

            if (!isxdigit((unsigned char)c) && c != ':' && c != '.')
                return false;
        }
        if (i == host.length || i < 3)
            return false;
        i++;
    } else {
        for (; i < host.length && host.data[i] != ':'; i++) {
            char c = host.data[i];

            if (!isalnum((unsigned char)c) && c != '-' && c != '.' && c != '_')
                return false;
        }
        if (i == 0)
            return false;
    }
    if (i == host.length)
        return true;
    return host.data[i] == ':' &&
           port_valid((struct str){ host.data + i + 1, host.length - i - 1 });
}

int64_t length_parse(struct str text)
{
    int64_t number = 0;
    size_t i;

    if (text.length == 0 || text.length > 16)
        return -1;
    for (i = 0; i < text.length; i++) {
        if (!isdigit((unsigned char)text.data[i]))
            return -1;
        number = number * 10 + (text.data[i] - '0');
    }
    return number <= (1LL << 53) ? number : -1;
}

static bool equal_ignoring_case(struct str a, const char *b)
{
    return a.length == strlen(b) && strncasecmp(a.data, b, a.length) == 0;
}

/* Names are tokens; Host, Content-Length, Transfer-Encoding and Expect at
 * most once, and only in their one legal form. */
static int check_fields(struct head *head)
{
    size_t i, hosts = 0, lengths = 0, encodings = 0;

    for (i = 0; i < head->field_count; i++) {
        struct http_field *field = &head->fields[i];
        size_t k;

        if (!token_valid(field->name))
            return 400;
        for (k = 0; k < field->name.length; k++) {
            char *c = (char *)field->name.data + k;

            *c = (char)tolower((unsigned char)*c);
        }
        trim(&field->value);
        if (str_is(field->name, "host")) {
            hosts++;
            head->host = field->value;
        } else if (str_is(field->name, "content-length")) {
            lengths++;
            head->content_length = length_parse(field->value);
            if (head->content_length < 0)
                return 400;
        } else if (str_is(field->name, "transfer-encoding")) {
            encodings++;
            if (!equal_ignoring_case(field->value, "chunked"))
                return 400;
            head->chunked = true;
        } else if (str_is(field->name, "expect")) {
            if (!equal_ignoring_case(field->value, "100-continue"))
                return 417;
            head->expects = head->minor == 1;
        }
    }
    if (hosts > 1 || lengths > 1 || encodings > 1 || lengths + encodings > 1)
        return 400;
    if (head->minor == 1 ? hosts != 1 : head->chunked)
        return 400;
    return hosts && !host_valid(head->host) ? 400 : 0;
}

/* origin-form, "*" for OPTIONS, or absolute-form that names our own Host. */
static int check_target(struct head *head, struct str target)
{
    const char *mark;
    size_t i;

    for (i = 0; i < target.length; i++) {
        unsigned char c = (unsigned char)target.data[i];

        if (c <= 0x20 || c >= 0x7f || c == '#')
            return 400;
    }
    if (target.length > 7 && strncasecmp(target.data, "http://", 7) == 0) {
        struct str authority = { target.data + 7, target.length - 7 };
        const char *slash = memchr(authority.data, '/', authority.length);

        if (!slash)
            return 400;
        authority.length = (size_t)(slash - authority.data);
        if (authority.length == 0 || authority.length != head->host.length ||
            strncasecmp(authority.data, head->host.data, authority.length))
            return 400;
        target = (struct str){ slash, target.length - 7 - authority.length };
    } else if (str_is(target, "*")) {
        if (!str_is(head->method, "OPTIONS"))
            return 400;
    } else if (target.length == 0 || target.data[0] != '/') {
        return 400;
    }
    mark = memchr(target.data, '?', target.length);
    head->path = target;
    head->query = (struct str){ "", 0 };
    if (mark) {
        head->path.length = (size_t)(mark - target.data);
        head->query.data = mark + 1;
        head->query.length = target.length - head->path.length - 1;
    }
    return 0;
}

int head_parse(struct head *out, char *block, size_t length)
{
    struct parse parse = { .head = out };
    llhttp_t parser;
    llhttp_errno_t error;
    int rc;

    memset(out, 0, offsetof(struct head, fields));
    out->field_count = 0;
    out->chunked = out->expects = false;
    out->content_length = -1;
    rc = check_request_line(block, length);
    if (rc == 0)
        rc = scan(block, length);
    if (rc)
        return rc;
    out->method.data = block;
    out->method.length = (size_t)((char *)memchr(block, ' ', length) - block);
    if (!method_known(out->method))
        return 501;
    memset(out->fields, 0, sizeof out->fields);
    llhttp_init(&parser, HTTP_REQUEST, settings());
    parser.data = &parse;
    error = llhttp_execute(&parser, block, length);
    if (parse.status)
        return parse.status;
    /* A request that asks for an upgrade pauses behind its head; we offer
     * none, so it is an ordinary request. */
    if (error != HPE_OK && error != HPE_PAUSED_UPGRADE)
        return 400;
    if (error == HPE_PAUSED_UPGRADE &&
        llhttp_get_error_pos(&parser) != block + length)
        return 400;
    out->minor = parser.http_minor;
    rc = check_fields(out);
    return rc ? rc : check_target(out, parse.target);
}

const struct str *head_field(const struct head *head, const char *name)
{
    size_t i;

    for (i = 0; i < head->field_count; i++) {
        if (str_is(head->fields[i].name, name))
            return &head->fields[i].value;
    }
    return NULL;
}
