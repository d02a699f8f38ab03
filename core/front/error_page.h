/*
 * error_page.h - the pages and problems that the front makes itself.
 */
#ifndef FRONT_ERROR_PAGE_H
#define FRONT_ERROR_PAGE_H

#include <stdint.h>

struct exchange;

/*
 * Answers with a small complete page in the reader's language, or with
 * problem+json where the path starts with /api/ or Accept asks for JSON.
 * Never a path, query or stack (S40).
 *
 * limit     bytes that are allowed, told in words at 413; 0: not told
 * incident  number for the administrator, or NULL
 */
void error_page(struct exchange *exchange, int status, int64_t limit,
                const char *incident);

/* The stylesheet of these pages. */
extern const char error_page_css[];
#define ERROR_PAGE_CSS_PATH "/assets/front/error.css"

#endif
