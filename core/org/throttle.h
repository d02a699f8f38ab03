/*
 * throttle.h - waits that grow with failed tries (S3). Only for the files of
 * org/; throttle_address also for web/'s limits.
 */
#ifndef ORG_THROTTLE_H
#define ORG_THROTTLE_H

#include <stdbool.h>

struct ctx;

/* The address as it is counted: IPv4 whole, IPv6 by its first 64 bits, in
 * canonical text; "local" where there is none (a command). */
const char *throttle_address(struct ctx *ctx, const char *address);

/*
 * Charges one try against the account (by its folded name), the address and
 * both together; E_TOO_MANY where one of them has to wait. `trusted`: this
 * account has a session from that address, so that what strangers tried
 * elsewhere does not count. In a transaction of its own.
 */
int throttle_charge(struct ctx *ctx, const char *account, bool trusted);
/* The try was right: forgets it, in the current transaction. */
int throttle_refund(struct ctx *ctx, const char *account);

#endif
