/*
 * file_type.h - which files are taken: by their content, and an extension
 * that agrees with it (S24).
 */
#ifndef FORM_FILE_TYPE_H
#define FORM_FILE_TYPE_H

#include <stdbool.h>
#include <stddef.h>

struct arena;

/* The media type of a file with this name whose first bytes are `head`; NULL
 * where the extension is not taken or the content is something else. */
const char *file_type_of(const char *name, const unsigned char *head,
                         size_t length);
bool file_extension_known(const char *extension);
/* "pdf, png, …" */
const char *file_extensions(void);
/* A name without path, control characters, tricks: the last part, at most
 * 120 characters; "file" where nothing is left. */
const char *file_name_clean(struct arena *arena, const char *name);

#endif
