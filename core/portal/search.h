/*
 * search.h - what is found over all forms, people and pages; shared by the
 * search page, the REST API and the command palette.
 */
#ifndef PORTAL_SEARCH_H
#define PORTAL_SEARCH_H

#include <stdbool.h>
#include <stddef.h>

struct ctx;
struct form;
struct record;
struct value;

enum { SEARCH_COUNT_MAX = 20, SEARCH_TEXT_MAX = 200 /* characters */ };

/* What is found in one form: the newest ones, at most SEARCH_COUNT_MAX + 1. */
struct search_group {
    const struct form *form;
    struct record **records;
    size_t count;
};

/*
 * Searches all forms that ctx->person may see, each as its list would, by the
 * index. Groups with a record only, by the newest. *building: some form is
 * not whole in the index yet.
 */
int search_forms(struct search_group **out, size_t *count, bool *building,
                 struct ctx *ctx, const char *text);

/* Texts cut where the search's words stand: list of {text, hit}. */
struct value *search_parts(struct ctx *ctx, const char *text,
                           const char *search);
/* Where the words stand in the record beside its name, as such a list; NULL:
 * nowhere else. */
struct value *search_snippet(struct ctx *ctx, const struct record *record,
                             const char *search);

/* Menu entries and, for administrators, settings whose titles or explanations
 * hold the text; people. Each adds {kind, label, detail?, url, icon}. */
int search_pages(struct ctx *ctx, const char *text, int most,
                 struct value *items);
int search_people(struct ctx *ctx, const char *text, int most,
                  struct value *items);

#endif
