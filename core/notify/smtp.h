/*
 * smtp.h - handing one mail to the site's mail server.
 */
#ifndef NOTIFY_SMTP_H
#define NOTIFY_SMTP_H

struct buf;
struct ctx;

/* Sends `text` (headers and body, RFC 5322) to the server of the settings
 * (smtp_url). Addresses are plain ones. Waits 30 s at most. E_IO: the server
 * refused, with its words; E_UNAVAILABLE: libcurl is not installed. */
int smtp_send(struct ctx *ctx, const char *from, const char *to,
              const struct buf *text);

#endif
