/*
 * cookie.h - names of our cookies. Only for web/ and portal/.
 */
#ifndef WEB_COOKIE_H
#define WEB_COOKIE_H

#include <stdbool.h>

struct ctx;
struct request;
struct response;

/* The session's: "__Host-tenon" under TLS (S4). */
const char *cookie_session_name(const struct request *request);
/* Sets the session cookie after signing in; NULL takes it away. */
int cookie_session(struct ctx *ctx, const struct request *request,
                   struct response *response, const char *token);

#define COOKIE_LOCALE "tenon_locale"
#define COOKIE_THEME "tenon_theme"
#define COOKIE_NOTICE "tenon_notice"

#endif
