/*
 * xlsx.c - the archive of a workbook: its parts, and which of them is what.
 *
 * Parts are unpacked in pieces straight into expat, so that a sheet of any
 * length takes the memory of its longest row; only the shared strings are
 * kept. Sizes are counted as they come, whatever the archive says of them.
 */
#include "base/banned.h"

#include "form/xlsx.h"

#include <expat.h>
#include <zip.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/str.h"
#include "form/xlsx_internal.h"

enum {
    ENTRIES_MAX = 4000,
    ENTRY_BYTES = 512, /* in the directory, on the average */
    END = 22,          /* of the directory's end */
    END_64 = 56,
    LOCATOR = 20,
    PART_BYTES_MAX = 512 * 1024 * 1024,
    /* A part this small may be packed as tightly as it likes. */
    RATIO_BYTES = 4 * 1024 * 1024,
    RATIO_MAX = 150,
    PIECE = 64 * 1024,
};

bool xlsx_looks(const char *data, size_t length)
{
    return length >= 4 && memcmp(data, "PK\x03\x04", 4) == 0;
}

int xlsx_bad(struct ctx *ctx, const char *what)
{
    return fail(ctx, E_INVALID, "import.xlsx", "this is no XLSX workbook: %s",
                what);
}

static int too_large(struct ctx *ctx)
{
    return fail(ctx, E_LIMIT, "import.xlsx_bomb",
                "the workbook unpacks to more than is taken here");
}

/* No part of a workbook needs such a name. */
static bool bad_name(const char *name)
{
    const char *c;

    if (!*name || *name == '/' || strchr(name, '\\') || strchr(name, ':'))
        return true;
    for (c = name; c; c = strchr(c, '/')) {
        c += *c == '/';
        if (strncmp(c, "..", 2) == 0 && (c[2] == '/' || !c[2]))
            return true;
    }
    return false;
}

static int check_entries(struct xlsx *book)
{
    zip_int64_t count = zip_get_num_entries(book->zip, 0), i;
    zip_uint64_t total = 0;

    if (count < 1 || count > ENTRIES_MAX)
        return too_large(book->ctx);
    for (i = 0; i < count; i++) {
        zip_stat_t facts;

        if (zip_stat_index(book->zip, (zip_uint64_t)i, 0, &facts) ||
            !(facts.valid & ZIP_STAT_NAME) || bad_name(facts.name))
            return xlsx_bad(book->ctx, "a part has a name that it must not");
        if (facts.valid & ZIP_STAT_ENCRYPTION_METHOD &&
            facts.encryption_method != ZIP_EM_NONE)
            return fail(book->ctx, E_INVALID, "import.xlsx_locked",
                        "the workbook is locked with a password");
        /* What says that it is longer than the archive only lies. */
        if (facts.comp_size > book->length)
            return xlsx_bad(book->ctx, "a part can't be unpacked");
        total += facts.size;
        if (facts.size > PART_BYTES_MAX || total > PART_BYTES_MAX ||
            (facts.size > RATIO_BYTES &&
             facts.size / RATIO_MAX > facts.comp_size))
            return too_large(book->ctx);
    }
    return 0;
}

static void close_book(void *argument)
{
    struct xlsx *book = argument;

    if (book->zip)
        zip_discard(book->zip);
}

/* ---- a part into expat ---- */

static const char *local_name(const char *name)
{
    const char *colon = strrchr(name, ':');

    return colon ? colon + 1 : name;
}

const char *xlsx_attribute(const char **attributes, const char *name)
{
    for (; *attributes; attributes += 2)
        if (strcmp(local_name(attributes[0]), name) == 0)
            return attributes[1];
    return NULL;
}

static void XMLCALL on_start(void *payload, const char *name,
                             const char **attributes)
{
    struct xlsx_part *part = payload;

    if (!part->rc)
        part->start(part, local_name(name), attributes);
    if (part->rc)
        XML_StopParser(part->parser, XML_FALSE);
}

static void XMLCALL on_end(void *payload, const char *name)
{
    struct xlsx_part *part = payload;

    if (!part->rc && part->end)
        part->end(part, local_name(name));
    if (part->rc)
        XML_StopParser(part->parser, XML_FALSE);
}

static void XMLCALL on_text(void *payload, const char *text, int length)
{
    struct xlsx_part *part = payload;

    if (!part->rc && part->text)
        part->text(part, text, (size_t)length);
    if (part->rc)
        XML_StopParser(part->parser, XML_FALSE);
}

/* Entities begin with a document type: no workbook has one (S29). */
static void XMLCALL on_doctype(void *payload, const char *name,
                               const char *system, const char *public,
                               int internal)
{
    struct xlsx_part *part = payload;

    (void)name;
    (void)system;
    (void)public;
    (void)internal;
    part->rc = xlsx_bad(part->book->ctx, "it has a document type");
    XML_StopParser(part->parser, XML_FALSE);
}

static int parse_pieces(struct xlsx_part *part, zip_file_t *file)
{
    struct ctx *ctx = part->book->ctx;

    for (;;) {
        void *piece = XML_GetBuffer(part->parser, PIECE);
        zip_int64_t got = piece ? zip_fread(file, piece, PIECE) : -1;

        if (got < 0)
            return xlsx_bad(ctx, "a part can't be unpacked");
        part->bytes += got;
        if (part->bytes > part->said)
            return too_large(ctx);
        if (XML_ParseBuffer(part->parser, (int)got, got == 0) !=
                XML_STATUS_OK ||
            part->rc)
            return part->rc ? part->rc
                            : xlsx_bad(ctx, XML_ErrorString(XML_GetErrorCode(
                                                part->parser)));
        if (!got)
            return 0;
        if (ctx_check_deadline(ctx))
            return E_TIMEOUT;
    }
}

int xlsx_parse(struct xlsx_part *part, struct xlsx *book, const char *name)
{
    zip_int64_t index = zip_name_locate(book->zip, name, ZIP_FL_NOCASE);
    zip_stat_t facts;
    zip_file_t *file;
    int rc;

    part->book = book;
    part->rc = 0;
    if (index < 0)
        return E_NOT_FOUND;
    if (zip_stat_index(book->zip, (zip_uint64_t)index, 0, &facts) ||
        facts.size > PART_BYTES_MAX)
        return too_large(book->ctx);
    /* Not a byte more than the archive says: check_entries weighed that. */
    part->bytes = 0;
    part->said = (int64_t)facts.size;
    file = zip_fopen_index(book->zip, (zip_uint64_t)index, 0);
    if (!file)
        return xlsx_bad(book->ctx, "a part can't be unpacked");
    part->parser = XML_ParserCreate(NULL);
    XML_SetUserData(part->parser, part);
    XML_SetElementHandler(part->parser, on_start, on_end);
    XML_SetCharacterDataHandler(part->parser, on_text);
    XML_SetStartDoctypeDeclHandler(part->parser, on_doctype);
    rc = parse_pieces(part, file);
    XML_ParserFree(part->parser);
    zip_fclose(file);
    return rc;
}

/* ---- which part is what ---- */

/* Targets of xl/_rels/workbook.xml.rels: id → part. */
static void relation_start(struct xlsx_part *part, const char *name,
                           const char **attributes)
{
    struct xlsx *book = part->book;
    const char *id, *target, *mode;

    if (strcmp(name, "Relationship") != 0)
        return;
    id = xlsx_attribute(attributes, "Id");
    target = xlsx_attribute(attributes, "Target");
    mode = xlsx_attribute(attributes, "TargetMode");
    if (!id || !target || text_equal(mode, "External") ||
        book->relation_count == RELATIONS_MAX)
        return;
    book->relations[book->relation_count].id =
        arena_strdup(book->ctx->arena, id);
    /* "/xl/worksheets/sheet1.xml", or as seen from xl/. */
    book->relations[book->relation_count++].part =
        *target == '/' ? arena_strdup(book->ctx->arena, target + 1)
                       : arena_printf(book->ctx->arena, "xl/%s", target);
}

static void workbook_start(struct xlsx_part *part, const char *name,
                           const char **attributes)
{
    struct xlsx *book = part->book;
    const char *title, *id;
    size_t i;

    if (strcmp(name, "workbookPr") == 0) {
        const char *late = xlsx_attribute(attributes, "date1904");

        book->since_1904 = text_equal(late, "1") || text_equal(late, "true");
        return;
    }
    if (strcmp(name, "sheet") != 0 || book->sheet_count == XLSX_SHEETS_MAX)
        return;
    title = xlsx_attribute(attributes, "name");
    id = xlsx_attribute(attributes, "id");
    for (i = 0; i < book->relation_count; i++)
        if (text_equal(book->relations[i].id, id)) {
            book->sheet_parts[book->sheet_count] = book->relations[i].part;
            book->sheet_names[book->sheet_count++] =
                arena_strdup(book->ctx->arena, title ? title : "");
            return;
        }
}

static int read_parts(struct xlsx *book)
{
    struct xlsx_part relations = { .start = relation_start };
    struct xlsx_part workbook = { .start = workbook_start };
    int rc = xlsx_parse(&relations, book, "xl/_rels/workbook.xml.rels");

    if (!rc)
        rc = xlsx_parse(&workbook, book, "xl/workbook.xml");
    if (rc == E_NOT_FOUND || (!rc && !book->sheet_count))
        return xlsx_bad(book->ctx, "it has no sheet");
    if (!rc)
        rc = xlsx_styles_read(book);
    return rc;
}

/* The number of `size` bytes at `at`, the lowest first. */
static uint64_t number_at(const char *at, int size)
{
    uint64_t number = 0;

    while (size--)
        number = number << 8 | (unsigned char)at[size];
    return number;
}

/* The number of entries and the size of the directory as one of its ends says
 * (there may be several; libzip takes the one that suits it). */
static bool is_long(const char *data, size_t length, size_t at)
{
    uint64_t count = number_at(data + at + 10, 2);
    uint64_t size = number_at(data + at + 12, 4), end;

    if (at >= LOCATOR && memcmp(data + at - LOCATOR, "PK\6\7", 4) == 0) {
        end = number_at(data + at - LOCATOR + 8, 8);
        if (end > length || length - end < END_64)
            return true;
        count = number_at(data + end + 32, 8);
        size = number_at(data + end + 40, 8);
    }
    return count > ENTRIES_MAX || size > (uint64_t)ENTRIES_MAX * ENTRY_BYTES;
}

/* libzip reads the whole directory before it tells how long it is. */
static bool directory_is_long(const char *data, size_t length)
{
    size_t least = length > END + UINT16_MAX ? length - END - UINT16_MAX : 0;
    size_t at;

    for (at = length < END ? 0 : length - END + 1; at-- > least;)
        if (memcmp(data + at, "PK\5\6", 4) == 0 && is_long(data, length, at))
            return true;
    return false;
}

int xlsx_open(struct xlsx **out, struct ctx *ctx, const char *data,
              size_t length)
{
    struct xlsx *book = arena_alloc(ctx->arena, sizeof *book);
    zip_source_t *source;
    int rc;

    *out = NULL;
    book->ctx = ctx;
    book->length = length;
    if (directory_is_long(data, length))
        return too_large(ctx);
    source = zip_source_buffer_create(data, length, 0, NULL);
    if (source)
        book->zip =
            zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, NULL);
    if (!book->zip) {
        zip_source_free(source);
        return xlsx_bad(ctx, "the archive is broken");
    }
    arena_cleanup(ctx->arena, close_book, book);
    rc = check_entries(book);
    if (!rc)
        rc = read_parts(book);
    if (!rc)
        *out = book;
    return rc;
}

size_t xlsx_sheets(const struct xlsx *book, const char *const **names)
{
    *names = book->sheet_names;
    return book->sheet_count;
}
