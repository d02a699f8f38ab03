/*
 * notify.h - notifications to people: in the portal (live) and by mail, in
 * the receiver's language.
 */
#ifndef NOTIFY_NOTIFY_H
#define NOTIFY_NOTIFY_H

#include <stdint.h>

struct ctx;
struct value;

/*
 * Tells `user` something, in the current write transaction: a row for the
 * portal, and an outbox row for mail where he wants mail.
 * kind: catalog key of the text ("flow.notice.task"), args its placeholders;
 * link: own path ("/tasks/123"). One kind about one link is one line while
 * unread; where the catalog has KIND_many, with {count}, that is its text from
 * the second time on, and no further mail goes out (E48).
 */
int notify_user(struct ctx *ctx, int64_t user, const char *kind,
                const struct value *args, const char *link);

/* The same with a text whose catalog may go, a module's: the finished text is
 * kept in each language beside it. */
int notify_user_lasting(struct ctx *ctx, int64_t user, const char *kind,
                        const struct value *args, const char *link);

/* The person's notifications, newest first: list of {id, text, link, at,
 * read}; `at` in ms UTC, `link` a checked address. */
int notify_list(struct value **out, struct ctx *ctx, int most);
int notify_unread(int64_t *count, struct ctx *ctx);
/* id 0: all. */
int notify_mark_read(struct ctx *ctx, int64_t id);

/* Where a message of the person leads; E_NOT_FOUND for others'. */
int notify_link_of(const char **link, struct ctx *ctx, int64_t id);

/* Subscribes mail to the outbox; called while a worker starts. */
void notify_start(void);

#endif
