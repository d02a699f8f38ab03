/*
 * api_token.h - API tokens: what a program signs in with for a person (S10).
 *
 * A token never allows more than its person may; its scopes only take away.
 * Its text exists where it was shown once; the store has the hash. It is dead
 * at once when its person is disabled, and for good (S62).
 */
#ifndef ORG_API_TOKEN_H
#define ORG_API_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ctx;
struct value;

/* "tnn_" and 256 random bits as base64url. */
#define API_TOKEN_PREFIX "tnn_"

enum {
    API_TOKEN_TEXT_MAX = 56,
    API_TOKEN_DAYS = 90, /* when nobody says how long */
    API_TOKEN_DAYS_MAX = 365,
    API_TOKEN_NAME_MAX = 100, /* characters */
    API_TOKENS_MAX = 50,      /* of one person */
    API_TOKEN_FORMS_MAX = 100,
};

enum api_scope {
    API_READ = 1,
    API_WRITE = 2,
    API_EXPORT = 4,
    API_ADMINISTRATION = 8, /* only administrators' tokens have it */
};

struct api_token {
    int64_t id, user;
    unsigned scopes;    /* of enum api_scope */
    const char **forms; /* names; NULL: all */
    size_t form_count;
};

/* The name of one bit ("read"), and the bit of a name (0: none). */
const char *api_scope_name(enum api_scope scope);
unsigned api_scope_of(const char *name);

/* What a new token is asked for. */
struct api_token_input {
    const char *name;
    unsigned scopes;
    const struct value *forms; /* list of form names; NULL or empty: all. Not
                                  checked here: an unknown one allows
                                  nothing */
    int days;                  /* 1 to API_TOKEN_DAYS_MAX */
};

/* Makes one for `user`; audited. Problems stand at "name", "scopes", "forms",
 * "days". text: what the person gets to see, once. */
int api_token_make(char text[API_TOKEN_TEXT_MAX], struct ctx *ctx, int64_t user,
                   const struct api_token_input *input);

/*
 * The one place where a token is checked. *out is in the call's arena.
 * Returns 0; E_SIGN_IN "org.api_token.refused" where it is unknown, expired,
 * revoked, or its person is disabled (the same words for all); E_TOO_MANY
 * "org.sign_in.wait" for who guesses: wrong ones are charged to the address.
 * Notes the day of use.
 */
int api_token_find(const struct api_token **out, struct ctx *ctx,
                   const char *text);

/* List of {id, name, scopes:[names], forms:[names] or absent, created_at,
 * until, expired, used_day (ms UTC; absent: never), user_id, user} of one
 * user, of all where user is 0; newest first, at most `most`. */
int api_token_list(struct value **out, struct ctx *ctx, int64_t user, int most);

/* Revokes: of `user`, or anybody's where it is 0 (administrators). Audited.
 * E_NOT_FOUND "org.api_token.absent". */
int api_token_revoke(struct ctx *ctx, int64_t id, int64_t user);
/* All of a user, in the current transaction. */
int api_token_revoke_all(struct ctx *ctx, int64_t user);

/* Whether the token that acts (if any) leaves this scope, and this form. */
bool api_token_allows(const struct ctx *ctx, enum api_scope scope);
bool api_token_allows_form(const struct ctx *ctx, const char *form);

#endif
