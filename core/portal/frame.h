/*
 * frame.h - shared by the frame's files of portal/.
 */
#ifndef PORTAL_FRAME_H
#define PORTAL_FRAME_H

#include <stdbool.h>
#include <stdint.h>

struct ctx;
struct request;
struct response;

/* What waits for ctx->person. */
int frame_counts(int64_t *tasks, int64_t *messages, struct ctx *ctx);

/* Signs `user` in without a password (links, demo) and leads to `back`. */
int frame_enter(struct ctx *ctx, struct request *request,
                struct response *response, int64_t user, const char *back);

/* Adds {label, text, url?} to a page's facts, where there is a text. key: of
 * the catalog; url: NULL for none. */
struct value;
void frame_fact(struct ctx *ctx, struct value *facts, const char *key,
                const char *text, const char *url);

/* Whether ctx->person sees a menu entry, and what it is called. */
struct menu_entry;
bool frame_menu_visible(struct ctx *ctx, const struct menu_entry *entry);
const char *frame_menu_label(struct ctx *ctx, const struct menu_entry *entry);

/* The routes of the frame's files. */
void frame_home_start(void);
void frame_ask_start(void);
void frame_sign_in_start(void);
void frame_link_start(void);
void frame_me_start(void);
void frame_messages_start(void);
void frame_jobs_start(void);
/* Cancels the job of the address, for who started it and administrators. */
int frame_cancel_job(struct ctx *ctx, const struct request *request);
void frame_tokens_start(void);
void search_page_start(void);
void openapi_start(void);

#endif
