/*
 * session.h - signing in, login sessions, one-time links (S1-S7).
 *
 * The token (256 random bits) exists in the browser's cookie alone; the store
 * has its hash, which is also what the rest of the program calls a session.
 */
#ifndef ORG_SESSION_H
#define ORG_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/crypto.h"

struct ctx;
struct value;

struct session {
    const char *hash; /* 64 hexadecimal digits */
    int64_t user;
    int64_t created_at, seen_at;
    int64_t confirmed_at; /* the password was last asked for (S11) */
};

/*
 * Checks the password and begins a session: a new token each time (S4).
 * agent: the browser's User-Agent, kept for the list of sessions; may be
 * NULL. In the net lane: takes tens of milliseconds. Errors of secret_check.
 */
int session_sign_in(char token[TOKEN_TEXT_MAX], int64_t *user, struct ctx *ctx,
                    const char *login, const char *password, const char *agent);
/* Begins one without a password, for links and demo sites. */
int session_begin(char token[TOKEN_TEXT_MAX], struct ctx *ctx, int64_t user,
                  const char *agent);

/*
 * The session of a token. E_SIGN_IN (no problem recorded) where it is
 * unknown, past its idle or absolute limit, or its user is disabled. The
 * result belongs to the process and stays valid for the call. Marks it as
 * seen, at most every five minutes.
 */
int session_find(const struct session **out, struct ctx *ctx,
                 const char *token);

/* Ends one session: of ctx->person, or any for the system. */
int session_end(struct ctx *ctx, const char *hash);
/* Ends all of a user but `keep` (may be NULL), and his event streams. */
int session_end_all(struct ctx *ctx, int64_t user, const char *keep);
/* The person's sessions, newest first: list of {handle, address, agent,
 * created_at, seen_at, current}. handle: names it in session_end_handle; it
 * is not the hash. */
int session_list(struct value **out, struct ctx *ctx, const char *current);
int session_end_handle(struct ctx *ctx, const char *handle);
/* Enabled users, and sessions within their limits; for /metrics. */
int session_count(int64_t *users, int64_t *sessions, struct ctx *ctx);
/* Whether the user has a session from ctx->address. */
bool session_from_here(struct ctx *ctx, int64_t user);

/* S11: asks ctx->person for the password again. */
int session_confirm(struct ctx *ctx, const char *hash, const char *password);
bool session_is_recent(const struct session *session);
/* Changes ctx->person's own password: the current one is asked, the other
 * sessions end. The caller then rotates this one: session_rotate. */
int session_change_password(struct ctx *ctx, const char *hash,
                            const char *current, const char *next);
/* The same session under a new token. */
int session_rotate(char token[TOKEN_TEXT_MAX], struct ctx *ctx,
                   const char *hash);

/*
 * One-time links (S7): hashed, short-lived, single use, bound to an account.
 * purpose: "first_run" (user 0: it makes the first administrator), "invite",
 * "reset". minutes: how long it holds. An older one of the same purpose and
 * user goes.
 */
int link_make(char token[TOKEN_TEXT_MAX], struct ctx *ctx, const char *purpose,
              int64_t user, int minutes);
/* Whether it is good, without using it. E_NOT_FOUND "org.link.dead"; trying
 * tokens is throttled by address. */
int link_peek(int64_t *user, struct ctx *ctx, const char *purpose,
              const char *token);
/* Uses it up, in the current transaction: exactly one caller gets 0. */
int link_use(int64_t *user, struct ctx *ctx, const char *purpose,
             const char *token);

#endif
