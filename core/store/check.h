/*
 * check.h - is the database whole, and is its library known to be safe?
 */
#ifndef STORE_CHECK_H
#define STORE_CHECK_H

#include <stdbool.h>

struct ctx;
struct value;

/* integrity_check; *said: what is wrong, NULL where nothing is. Reads all of
 * the database. */
int store_integrity(const char **said, struct ctx *ctx);
/* foreign_key_check; *said: the first table with a row that refers to
 * nothing, or NULL. */
int store_foreign_keys(const char **said, struct ctx *ctx);

/* What an SQLite database is made of: a map of name → {kind: "table" | "index"
 * | "trigger" | "view", text: how it is made (NULL: by itself)}. */
int store_schema(struct value **out, struct ctx *ctx);
/* True for SQLite versions that lose pages when a checkpoint runs beside a
 * writer (fixed in 3.51.3, 3.50.7, 3.44.6). Our lock keeps them apart; other
 * programs must not write to or checkpoint a live site. */
bool store_has_race(int version_number);

#endif
