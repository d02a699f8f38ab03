/*
 * file_type.c - the table of files that are taken.
 *
 * What is not in it is refused: nothing that a browser would run, nothing
 * that a program would load. SVG and HTML are such.
 */
#include "base/banned.h"

#include "form/file_type.h"

#include <strings.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/unicode.h"

enum { NAME_MAX_CHARACTERS = 120, HEAD_OF_TEXT = 4096 };

static bool starts(const unsigned char *head, size_t length, const char *magic,
                   size_t size)
{
    return length >= size && memcmp(head, magic, size) == 0;
}

static bool is_pdf(const unsigned char *head, size_t length)
{
    return starts(head, length, "%PDF-", 5);
}

static bool is_png(const unsigned char *head, size_t length)
{
    return starts(head, length, "\x89PNG\r\n\x1a\n", 8);
}

static bool is_jpeg(const unsigned char *head, size_t length)
{
    return starts(head, length, "\xff\xd8\xff", 3);
}

static bool is_gif(const unsigned char *head, size_t length)
{
    return starts(head, length, "GIF87a", 6) ||
           starts(head, length, "GIF89a", 6);
}

static bool is_webp(const unsigned char *head, size_t length)
{
    return starts(head, length, "RIFF", 4) && length >= 12 &&
           memcmp(head + 8, "WEBP", 4) == 0;
}

static bool is_zip(const unsigned char *head, size_t length)
{
    return starts(head, length, "PK\x03\x04", 4) ||
           starts(head, length, "PK\x05\x06", 4);
}

/* The old binary formats of office programs. */
static bool is_ole(const unsigned char *head, size_t length)
{
    return starts(head, length, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8);
}

static bool is_mp4(const unsigned char *head, size_t length)
{
    return length >= 12 && memcmp(head + 4, "ftyp", 4) == 0;
}

static bool is_mp3(const unsigned char *head, size_t length)
{
    return starts(head, length, "ID3", 3) ||
           (length >= 2 && head[0] == 0xff && (head[1] & 0xe0) == 0xe0);
}

/* No NUL and no other control bytes: text in some encoding; and nothing that
 * begins like a document which a browser would take for HTML. */
static bool is_text(const unsigned char *head, size_t length)
{
    size_t i, first = 0;

    if (starts(head, length, "\xff\xfe", 2) ||
        starts(head, length, "\xfe\xff", 2))
        return true;
    for (i = 0; i < length; i++)
        if (head[i] < 0x20 && head[i] != '\n' && head[i] != '\r' &&
            head[i] != '\t' && head[i] != '\f')
            return false;
    if (starts(head, length, "\xef\xbb\xbf", 3))
        first = 3;
    while (first < length && strchr(" \n\r\t\f", head[first]))
        first++;
    return first == length || head[first] != '<';
}

static const struct {
    const char *extension, *type;
    bool (*check)(const unsigned char *head, size_t length);
} kinds[] = {
    { "pdf", "application/pdf", is_pdf },
    { "png", "image/png", is_png },
    { "jpg", "image/jpeg", is_jpeg },
    { "jpeg", "image/jpeg", is_jpeg },
    { "gif", "image/gif", is_gif },
    { "webp", "image/webp", is_webp },
    { "heic", "image/heic", is_mp4 },
    { "txt", "text/plain; charset=utf-8", is_text },
    { "csv", "text/csv; charset=utf-8", is_text },
    { "md", "text/plain; charset=utf-8", is_text },
    { "json", "application/json", is_text },
    { "docx",
      "application/"
      "vnd.openxmlformats-officedocument.wordprocessingml.document",
      is_zip },
    { "xlsx",
      "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
      is_zip },
    { "pptx",
      "application/"
      "vnd.openxmlformats-officedocument.presentationml.presentation",
      is_zip },
    { "odt", "application/vnd.oasis.opendocument.text", is_zip },
    { "ods", "application/vnd.oasis.opendocument.spreadsheet", is_zip },
    { "odp", "application/vnd.oasis.opendocument.presentation", is_zip },
    { "doc", "application/msword", is_ole },
    { "xls", "application/vnd.ms-excel", is_ole },
    { "ppt", "application/vnd.ms-powerpoint", is_ole },
    { "wps", "application/vnd.ms-works", is_ole },
    { "et", "application/vnd.ms-excel", is_ole },
    { "zip", "application/zip", is_zip },
    { "mp4", "video/mp4", is_mp4 },
    { "m4a", "audio/mp4", is_mp4 },
    { "mp3", "audio/mpeg", is_mp3 },
};

enum { KINDS = sizeof kinds / sizeof kinds[0] };

const char *file_type_of(const char *name, const unsigned char *head,
                         size_t length)
{
    const char *dot = strrchr(name, '.');
    size_t i;

    if (length > HEAD_OF_TEXT)
        length = HEAD_OF_TEXT;
    for (i = 0; dot && i < KINDS; i++)
        if (strcasecmp(dot + 1, kinds[i].extension) == 0)
            return kinds[i].check(head, length) ? kinds[i].type : NULL;
    return NULL;
}

bool file_extension_known(const char *extension)
{
    size_t i;

    for (i = 0; extension && i < KINDS; i++)
        if (strcmp(extension, kinds[i].extension) == 0)
            return true;
    return false;
}

const char *file_extensions(void)
{
    return "pdf, png, jpg, jpeg, gif, webp, heic, txt, csv, md, json, docx,"
           " xlsx, pptx, odt, ods, odp, doc, xls, ppt, wps, et, zip, mp4,"
           " m4a, mp3";
}

const char *file_name_clean(struct arena *arena, const char *name)
{
    char *copy, *out;
    const char *c, *dot;
    size_t length;

    if (!name || !utf8_valid(name, strlen(name)))
        return "file";
    copy = arena_strdup(arena, text_clean(arena, text_nfc(arena, name)));
    for (c = copy; *c; c++)
        if (*c == '/' || *c == '\\')
            copy = (char *)c + 1;
    for (out = copy; *out; out++)
        if (strchr("<>:\"|?*\n\t", *out))
            *out = '_';
    while (*copy == '.' || *copy == ' ')
        copy++;
    length = strlen(copy);
    while (length && (copy[length - 1] == '.' || copy[length - 1] == ' '))
        copy[--length] = '\0';
    if (!length)
        return "file";
    if (utf8_length(copy, length) <= NAME_MAX_CHARACTERS)
        return copy;
    /* Too long: the beginning, and the extension. */
    dot = strrchr(copy, '.');
    if (!dot || strlen(dot) > 10)
        dot = "";
    return arena_printf(arena, "%.*s%s",
                        (int)utf8_prefix(copy, length,
                                         NAME_MAX_CHARACTERS - 10 > 0
                                             ? NAME_MAX_CHARACTERS - 10
                                             : 0),
                        copy, dot);
}
