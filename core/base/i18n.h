/*
 * i18n.h - catalogs: the texts that people read.
 *
 * A catalog is a flat or nested JSON object of strings in a file
 * NAME/{en,zh-CN,zh-TW}.json; nested keys join with dots. "{name}" is a
 * placeholder, "{{" a brace. A text may be an object {"one","other"} chosen
 * by the argument "count". Locale "en-XA" (tests) is English made longer
 * with accents, so that untranslated text shows.
 */
#ifndef BASE_I18N_H
#define BASE_I18N_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct ctx;
struct value;

/* Loads every NAME/LOCALE.json below `folder` into the process's catalogs;
 * `owner` (a module's id, NULL for the core) lets them go again. Names the
 * file and line of an error. */
int catalog_load(struct ctx *ctx, const char *folder, const char *owner);
/* Loads LOCALE.json files that stand directly in `folder`. */
int catalog_load_flat(struct ctx *ctx, const char *folder, const char *owner);
void catalog_unload(const char *owner);

/* The text of `key` in ctx->locale, else English, else the key itself.
 * Belongs to the catalogs. */
const char *tr(const struct ctx *ctx, const char *key);
/* NULL where no catalog has the key. */
const char *tr_find(const char *locale, const char *key);
/* With placeholders filled from the map `args` (may be NULL). Arena text. */
const char *tr_with(const struct ctx *ctx, const char *key,
                    const struct value *args);

/* The supported locale for an Accept-Language header (may be NULL):
 * zh-TW, zh-HK, zh-Hant → zh-TW; other zh → zh-CN. Where none fits, the
 * supported locale `otherwise` (may be NULL), else "en". */
const char *locale_negotiate(const char *accept_language,
                             const char *otherwise);
/* "en", "zh-CN", "zh-TW" (and "en-XA" where tests allow it), or NULL. */
const char *locale_known(const char *locale);
/* A definition's title: a string, or {"en": …, "zh-CN": …}, or "@key" of a
 * catalog. Never NULL. */
const char *locale_pick(const struct ctx *ctx, const struct value *title);

#endif
