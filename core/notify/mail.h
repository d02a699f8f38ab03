/*
 * mail.h - making and sending one mail. For the files of notify/, and for
 * test kits, which catch mails.
 */
#ifndef NOTIFY_MAIL_H
#define NOTIFY_MAIL_H

#include "base/str.h"

struct ctx;

struct mail {
    const char *to, *to_name; /* address; its name may be NULL */
    const char *subject;      /* any text: becomes one line */
    const char *text;         /* lines ended by \n */
    const char *key;          /* stable for one delivery: the Message-ID */
};

/*
 * Appends the mail (RFC 5322, text in UTF-8 as base64) to `out`. Nothing in
 * it can begin a header or name another receiver (S31). E_INVALID where the
 * address is none.
 */
int mail_write(struct buf *out, struct ctx *ctx, const struct mail *mail);

/* Sends it by the site's SMTP server; where none is set, writes it to
 * SITE/run/mail/KEY.eml. Jobs lane only. E_IO where it did not leave. */
int mail_send(struct ctx *ctx, const struct mail *mail);

/* Tests: every mail goes to `call` instead, which copies what it keeps. */
typedef void (*mail_catcher)(void *payload, const struct mail *mail);
void mail_catch(mail_catcher call, void *payload);

/* The address of an own path for mails: settings.public_url before it. */
const char *mail_link(struct ctx *ctx, const char *path);

#endif
