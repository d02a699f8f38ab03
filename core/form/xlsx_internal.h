/*
 * xlsx_internal.h - what the files of the XLSX reader share.
 */
#ifndef FORM_XLSX_INTERNAL_H
#define FORM_XLSX_INTERNAL_H

#include <expat.h>
#include <stdbool.h>
#include <stddef.h>

#include "form/xlsx.h"

struct arena;
struct zip;

enum { RELATIONS_MAX = 500 };

/* What a cell's style makes of its number. */
enum xlsx_look { LOOK_PLAIN, LOOK_DATE, LOOK_TIME, LOOK_MOMENT, LOOK_PERCENT };

struct xlsx {
    struct ctx *ctx;
    struct zip *zip;
    size_t length;   /* of the archive */
    bool since_1904; /* days are counted from 1904 */
    struct {
        const char *id, *part;
    } relations[RELATIONS_MAX];
    size_t relation_count;
    const char *sheet_names[XLSX_SHEETS_MAX];
    const char *sheet_parts[XLSX_SHEETS_MAX];
    size_t sheet_count;
    unsigned char *looks; /* enum xlsx_look of each cell style */
    size_t look_count;
    /* The strings that cells share; read with the first sheet. */
    bool strings_read;
    const char **strings;
    size_t string_count;
    int64_t string_bytes; /* their part, unpacked */
};

/* A part on its way through expat. */
struct xlsx_part {
    struct xlsx *book;
    XML_Parser parser;
    int64_t bytes, said; /* unpacked so far; as the archive says */
    int rc;              /* anything but 0 ends the reading */
    void (*start)(struct xlsx_part *part, const char *name,
                  const char **attributes);
    void (*end)(struct xlsx_part *part, const char *name);
    void (*text)(struct xlsx_part *part, const char *text, size_t length);
    void *payload;
};

/* Reads a part; E_NOT_FOUND, without a problem, where there is none. */
int xlsx_parse(struct xlsx_part *part, struct xlsx *book, const char *name);
/* An attribute by its name without prefix; NULL. */
const char *xlsx_attribute(const char **attributes, const char *name);
int xlsx_bad(struct ctx *ctx, const char *what);

/* xlsx_style.c: styles that make days of numbers; a number as text. */
int xlsx_styles_read(struct xlsx *book);
const char *xlsx_number(struct arena *arena, const struct xlsx *book,
                        const char *raw, size_t style);

#endif
