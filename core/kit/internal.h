/*
 * internal.h - what the files of kit/ share.
 */
#ifndef KIT_INTERNAL_H
#define KIT_INTERNAL_H

#include <lua.h>

#include "base/map.h"
#include "kit/kit.h"

struct ctx;
struct lua_module;

/* A test, as its file declares it. */
struct kit_test {
    const char *name;
    int reference; /* of the function, in the state's registry */
};

/* The process of one test. */
struct kit {
    struct ctx *ctx; /* the system's; the arena is the test's */
    const char *id;  /* of the module */
    struct lua_module *lua;
    struct vector tests;   /* of struct kit_test* */
    struct map *tokens;    /* login → token of the session */
    struct map *jars;      /* login → value map of cookies */
    struct value *mails;   /* list of {to, subject, text} */
    const char *last_keys; /* ",key,key," of the last refusal */
    const char *last_text; /* and its words */
};

/*
 * kit_site.c: makes SITE (a folder that is not there yet) over the modules in
 * BASE/plugins and BASE/scripts, opens it in memory, makes the company, and
 * switches the module and what it requires on. ctx becomes the system's.
 */
int kit_site_open(struct ctx *ctx, const char *base, const char *site,
                  const char *id);

/* kit_lua.c: the table of `require "tenon.test"`. */
int kit_library(lua_State *L);
struct kit *kit_of(lua_State *L);
/* A context in which `login` acts (NULL: nobody signed in), as a request of
 * its own would be. E_NOT_FOUND. */
int kit_act_as(struct ctx *own, struct kit *kit, const char *login);
/* Keeps what `own` was refused, for refused(). */
void kit_remember(struct kit *kit, const struct ctx *own);

/* kit_http.c: get, post and send, set in the table on top. */
void kit_http(lua_State *L);

#endif
