/*
 * message.c - writing and reading the payloads of frames.
 */
#include "base/banned.h"

#include "ipc/message.h"

#include "base/ctx.h"

void writer_init(struct writer *writer, void *data, size_t size)
{
    *writer = (struct writer){ .data = data, .size = size };
}

static void put(struct writer *writer, const void *data, size_t size)
{
    if (writer->failed || size > writer->size - writer->used) {
        writer->failed = true;
        return;
    }
    if (size)
        memcpy(writer->data + writer->used, data, size);
    writer->used += size;
}

void put_u8(struct writer *writer, uint8_t value)
{
    put(writer, &value, sizeof value);
}

void put_u32(struct writer *writer, uint32_t value)
{
    put(writer, &value, sizeof value);
}

void put_u64(struct writer *writer, uint64_t value)
{
    put(writer, &value, sizeof value);
}

void put_str(struct writer *writer, struct str text)
{
    if (text.length > UINT32_MAX) {
        writer->failed = true;
        return;
    }
    put_u32(writer, (uint32_t)text.length);
    put(writer, text.data, text.length);
}

void put_text(struct writer *writer, const char *text)
{
    put_str(writer, str_of(text));
}

void reader_init(struct reader *reader, const void *data, size_t size)
{
    *reader = (struct reader){ .data = data, .left = size };
}

static bool get(struct reader *reader, void *out, size_t size)
{
    if (reader->failed || size > reader->left) {
        reader->failed = true;
        return false;
    }
    memcpy(out, reader->data, size);
    reader->data += size;
    reader->left -= size;
    return true;
}

uint8_t get_u8(struct reader *reader)
{
    uint8_t value = 0;

    get(reader, &value, sizeof value);
    return value;
}

uint32_t get_u32(struct reader *reader)
{
    uint32_t value = 0;

    get(reader, &value, sizeof value);
    return value;
}

uint64_t get_u64(struct reader *reader)
{
    uint64_t value = 0;

    get(reader, &value, sizeof value);
    return value;
}

struct str get_str(struct reader *reader)
{
    uint32_t length = get_u32(reader);
    struct str text = { "", 0 };

    if (reader->failed || length > reader->left) {
        reader->failed = true;
        return text;
    }
    if (length)
        text = (struct str){ (const char *)reader->data, length };
    reader->data += length;
    reader->left -= length;
    return text;
}

bool reader_done(const struct reader *reader)
{
    return !reader->failed && reader->left == 0;
}

void request_set_length(void *payload, uint64_t body_length)
{
    memcpy(payload, &body_length, sizeof body_length);
}

static void put_fields(struct writer *writer, const struct http_field *fields,
                       size_t count)
{
    size_t i;

    put_u32(writer, (uint32_t)count);
    for (i = 0; i < count; i++) {
        put_str(writer, fields[i].name);
        put_str(writer, fields[i].value);
    }
}

static size_t get_fields(struct reader *reader, struct http_field *fields)
{
    size_t i, count = get_u32(reader);

    if (count > FIELDS_MAX) {
        reader->failed = true;
        return 0;
    }
    for (i = 0; i < count; i++) {
        fields[i].name = get_str(reader);
        fields[i].value = get_str(reader);
    }
    return count;
}

int request_write(struct writer *writer, const struct request_message *message)
{
    put_u64(writer, message->body_length); /* first: see the header */
    put_str(writer, message->id);
    put_str(writer, message->method);
    put_str(writer, message->path);
    put_str(writer, message->query);
    put_str(writer, message->host);
    put_str(writer, message->address);
    put_u8(writer, message->tls);
    put_fields(writer, message->fields, message->field_count);
    return writer->failed ? E_LIMIT : 0;
}

int request_read(struct request_message *out, const void *data, size_t size)
{
    struct reader reader;

    reader_init(&reader, data, size);
    out->body_length = get_u64(&reader);
    out->id = get_str(&reader);
    out->method = get_str(&reader);
    out->path = get_str(&reader);
    out->query = get_str(&reader);
    out->host = get_str(&reader);
    out->address = get_str(&reader);
    out->tls = get_u8(&reader) != 0;
    out->field_count = get_fields(&reader, out->fields);
    return reader_done(&reader) ? 0 : E_INVALID;
}

int answer_write(struct writer *writer, const struct answer_message *message)
{
    put_u32(writer, (uint32_t)message->status);
    put_fields(writer, message->fields, message->field_count);
    return writer->failed ? E_LIMIT : 0;
}

int answer_read(struct answer_message *out, const void *data, size_t size)
{
    struct reader reader;
    uint32_t status;
    size_t i;

    reader_init(&reader, data, size);
    status = get_u32(&reader);
    out->field_count = get_fields(&reader, out->fields);
    if (!reader_done(&reader) || status < 200 || status > 599)
        return E_INVALID;
    for (i = 0; i < out->field_count; i++) {
        if (!token_valid(out->fields[i].name) ||
            !field_value_valid(out->fields[i].value))
            return E_INVALID;
    }
    out->status = (int)status;
    return 0;
}

/* RFC 9110 section 5.6.2: the bytes of a token. */
static const bool token_byte[256] = {
    ['!'] = true,         ['#'] = true,         ['$'] = true,
    ['%'] = true,         ['&'] = true,         ['\''] = true,
    ['*'] = true,         ['+'] = true,         ['-'] = true,
    ['.'] = true,         ['^'] = true,         ['_'] = true,
    ['`'] = true,         ['|'] = true,         ['~'] = true,
    ['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true,
};

bool token_valid(struct str name)
{
    size_t i;

    for (i = 0; i < name.length; i++) {
        if (!token_byte[(unsigned char)name.data[i]])
            return false;
    }
    return name.length > 0;
}

bool field_value_valid(struct str value)
{
    size_t i;

    for (i = 0; i < value.length; i++) {
        unsigned char c = (unsigned char)value.data[i];

        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}
