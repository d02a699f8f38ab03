/*
 * fuzz_http.c - head parser, chunk decoder, ranges: no crash, and what they
 * accept keeps their promises.
 */
#include "base/banned.h"

#include <assert.h>
#include <stdint.h>

#include "front/chunk.h"
#include "front/head.h"
#include "front/range.h"
#include "front/rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_head(const struct head *head, const char *block,
                       size_t length)
{
    size_t i, hosts = 0;

    assert(head->path.length > 0);
    assert(head->path.data[0] == '/' || head->path.data[0] == '*');
    assert(!(head->chunked && head->content_length >= 0));
    assert(head->field_count <= FIELDS_MAX);
    for (i = 0; i < head->field_count; i++) {
        const struct http_field *field = &head->fields[i];

        assert(field->name.data >= block);
        assert(field->name.data + field->name.length <= block + length);
        assert(token_valid(field->name));
        assert(field_value_valid(field->value));
        hosts += str_is(field->name, "host");
    }
    assert(head->minor == 0 || hosts == 1);
    /* What was taken holds no bare line end, whatever the parser did. */
    for (i = 0; i < length; i++) {
        assert(block[i] != '\n' || (i && block[i - 1] == '\r'));
        assert(block[i] != '\0');
    }
}

static void fuzz_head(const uint8_t *data, size_t size)
{
    static struct head head;
    size_t seen = 0, length = size < HEAD_MAX ? size : HEAD_MAX, end;
    char *block = malloc(length + 1);
    int status;

    memcpy(block, data, length);
    end = head_find_end(block, length, &seen, &status);
    if (end && head_parse(&head, block, end) == 0)
        check_head(&head, block, end);
    free(block);
}

/* Whole, and cut at a place that the input chooses: the same outcome. */
static int decode(const char *in, size_t length, size_t cut, size_t *body)
{
    struct chunk chunk;
    size_t at = 0, limit = cut && cut < length ? cut : length;

    chunk_init(&chunk);
    *body = 0;
    for (;;) {
        const char *part = NULL;
        size_t used, taken = 0;
        enum chunk_status status =
            chunk_next(&chunk, in + at, limit - at, &used, &part, &taken);

        if (status == CHUNK_BAD)
            return -1;
        assert(used <= limit - at);
        at += used;
        if (status == CHUNK_DATA) {
            assert(part >= in && part + taken <= in + limit);
            *body += taken;
        } else if (status == CHUNK_END) {
            return (int)at;
        } else if (limit == length) {
            return 0;
        } else {
            limit = length;
        }
    }
}

static void fuzz_chunks(const uint8_t *data, size_t size)
{
    size_t whole, parts;
    int first, second;

    first = decode((const char *)data, size, 0, &whole);
    second = decode((const char *)data, size, size > 2 ? data[0] : 0, &parts);
    assert(first == second);
    if (first > 0)
        assert(whole == parts);
}

static void fuzz_fields(const uint8_t *data, size_t size)
{
    struct str text = { (const char *)data, size };
    int64_t offset, length;
    char path[256];
    int status =
        range_parse(&offset, &length, text, STR(""), STR("\"a\""), 1000);

    if (status == 206)
        assert(offset >= 0 && length > 0 && offset + length <= 1000);
    encoding_accepted(text, "gzip");
    etag_matches(text, STR("\"a\""));
    path_decode(path, sizeof path, text);
    host_valid(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_head(data, size);
    fuzz_chunks(data, size);
    fuzz_fields(data, size);
    return 0;
}
