/*
 * password.h - passwords: the rules for new ones, and the one function that
 * checks a secret (S1-S3).
 */
#ifndef ORG_PASSWORD_H
#define ORG_PASSWORD_H

#include <stdbool.h>
#include <stdint.h>

struct ctx;

enum { PASSWORD_LENGTH_MIN = 8, PASSWORD_LENGTH_MAX = 256 };

/* The common ones: sorted, lower case, one space behind each. */
extern const char org_common_passwords[];

/* Whether it may be somebody's new password (S1): 8 to 256 characters, not a
 * common one, not made of the person's own names. Problem at "password". */
int password_check_new(struct ctx *ctx, const char *password, const char *login,
                       const char *name);

/*
 * Sets it (checked by password_check_new) in a transaction of its own and
 * ends the person's sessions but `keep_session` (NULL: all). Argon2id: takes
 * tens of milliseconds before the writer lock is taken.
 */
int user_set_password(struct ctx *ctx, int64_t id, const char *password,
                      const char *keep_session);

bool user_has_password(struct ctx *ctx, int64_t id);

/*
 * The one place where a password is compared (API tokens: api_token_find):
 * throttled per account and per address (S3), same time and same words for
 * unknown, disabled and wrong (S2). Each try is charged before it is checked,
 * so that parallel tries gain nothing. *id receives the user.
 *
 * Returns 0; E_SIGN_IN "org.sign_in.refused"; E_TOO_MANY
 * "org.sign_in.wait" with the seconds.
 */
int secret_check(int64_t *id, struct ctx *ctx, const char *login,
                 const char *password);

#endif
