/*
 * pinyin.h - Chinese names by what people type on a Latin keyboard (ICU's
 * Han-Latin, with the readings of surnames).
 */
#ifndef BASE_PINYIN_H
#define BASE_PINYIN_H

#include <stdbool.h>

struct arena;

/* Lower-case ASCII syllables with a space between: "zhang wei" of 张伟, "li na"
 * of "Li Na"; what is neither Chinese nor ASCII is left out. Arena text. */
const char *text_pinyin(struct arena *arena, const char *text);

/* Whether the text has a Chinese character at all. */
bool text_has_han(const char *text);

/*
 * Whether `typed` (folded, without spaces) spells the beginnings of syllables
 * one after another, from any of them on: zw, zhw, zhangw, zwei, zhangwei and
 * wei all are "zhang wei".
 */
bool pinyin_matches(const char *syllables, const char *typed);

/* "zhangwei\nzw\nzhw" of "zhang wei": what is looked through as a text (the
 * last one only where it differs). */
const char *pinyin_keys(struct arena *arena, const char *syllables);

#endif
