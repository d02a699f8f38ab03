/*
 * config.h - files in libconfig's format, read the strict way: settings of a
 * site, manifests of modules, themes.
 *
 * libconfig by itself follows @include to any file and turns numbers that
 * are too large into 0 (pitfalls 4). Here both are refused, with file and
 * line; so are unknown names, wrong types and ranges, by a table of rows.
 */
#ifndef BASE_CONFIG_H
#define BASE_CONFIG_H

#include <libconfig.h>
#include <stddef.h>
#include <stdint.h>

struct ctx;

enum config_kind {
    CONFIG_TEXT,  /* const char * */
    CONFIG_INT,   /* int */
    CONFIG_INT64, /* int64_t */
    CONFIG_BOOL,  /* bool */
    CONFIG_TEXTS, /* const char ** and, at count_offset, size_t */
    CONFIG_GROUP, /* const config_setting_t *: { … }, filled by its own rows */
};

/* A name that may stand in a file, and where its value goes. "store.url" is
 * `url` in the group `store = { … }`. */
struct config_row {
    const char *name;
    enum config_kind kind;
    size_t offset;       /* in the structure */
    size_t count_offset; /* CONFIG_TEXTS */
    int64_t min, max;    /* of numbers; of texts: bytes */
};

/*
 * Reads a file (at most 1 MiB) into a config that lives as long as the
 * context's arena.
 */
int config_file_read(config_t **out, struct ctx *ctx, const char *path);

/* The same from memory; `path` is for messages. */
int config_text_parse(config_t **out, struct ctx *ctx, const char *path,
                      const char *text, size_t length);

/*
 * Fills `structure` from the group by rows (ended by a NULL name). What is
 * not in the file stays as it is. Texts are copied into the arena. Every
 * error becomes a problem; the first one's code is returned.
 */
int config_fill(void *structure, struct ctx *ctx, const char *path,
                const config_setting_t *group, const struct config_row *rows);

#endif
