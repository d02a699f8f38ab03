/*
 * file.h - small files, as commands read, copy and write them.
 */
#ifndef CLI_FILE_H
#define CLI_FILE_H

#include <stddef.h>

struct ctx;
struct value;

enum { FILE_READ_MAX = 64 * 1024 * 1024 };

/* The whole file in the arena, ended by NUL; E_NOT_FOUND, E_IO, E_LIMIT. */
int file_read(const char **text, size_t *length, struct ctx *ctx,
              const char *path);
/* The file as JSON; an error names the file. */
int file_read_json(struct value **out, struct ctx *ctx, const char *path);
/* Writes a new file of mode 0600, or replaces one, whole or not at all. */
int file_write(struct ctx *ctx, const char *path, const void *data,
               size_t length);
int file_copy(struct ctx *ctx, const char *from, const char *to);

#endif
