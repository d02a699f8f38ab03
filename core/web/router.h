/*
 * router.h - the route table: refused by default.
 *
 * A route says who may call it before its handler runs; the table is walked
 * by tests (S12, E53) through `tenon routes`.
 */
#ifndef WEB_ROUTER_H
#define WEB_ROUTER_H

#include <stdbool.h>

struct arena;
struct ctx;
struct request;
struct response;
struct value;

/* 0, or a negative code: the router then answers from ctx->problems. */
typedef int (*route_call)(struct ctx *ctx, struct request *request,
                          struct response *response, void *payload);

enum route_access {
    ROUTE_PERSON, /* signed in (default) */
    ROUTE_PUBLIC, /* nobody needs to sign in */
    ROUTE_ADMINISTRATOR,
};

enum route_flags {
    ROUTE_API = 1,          /* JSON in and out, problem+json errors */
    ROUTE_NET = 2,          /* net lane */
    ROUTE_LOCAL = 4,        /* net lane, the worker that stays on the machine */
    ROUTE_RESERVED = 8,     /* answered even when modules hold the others */
    ROUTE_UPLOAD = 16,      /* a body over 64 KiB may come, to body_max */
    ROUTE_NO_CSRF = 32,     /* only for sign-in-less machine calls; none uses a
                               cookie */
    ROUTE_PAGE = 64,        /* an HTML page: in the walk of E53 */
    ROUTE_FRAGMENT = 128,   /* a part of a page */
    ROUTE_RECENT = 256,     /* asks for the password again after 15 min (S11) */
    ROUTE_EXPENSIVE = 512,  /* limited per person and address (S19) */
    ROUTE_ANONYMOUS = 1024, /* neither log nor handler learn the address */
    ROUTE_SCOPED = 2048,    /* shows and changes only what access/ allows: also
                               for tokens of some forms (a pattern's {form}
                               is looked at in any case) */
    ROUTE_FILES = 4096,     /* reads or writes files of the site: net lane where
                               they are in an object store */
    ROUTE_FILE_FORM = 8192, /* the same, only where a form brings some */
};

struct route {
    const char *method;  /* "GET", "POST", "PATCH", "DELETE" */
    const char *pattern; /* "/records/{form}/{id}" */
    enum route_access access;
    int flags;
    route_call call;
    const char *module; /* NULL: core */
    void *payload;
    const char *example; /* a path for the walk; NULL: pattern has no params */
};

/*
 * Registers; copies the struct and its strings. A pattern's segment is text,
 * "{name}" (one segment) or, as the last one, "{name*}" (the rest, may hold
 * '/'). Text wins over a name. Patterns that clash are refused (logged) and
 * false is returned.
 */
bool route_add(const struct route *route);
void route_add_table(const struct route *routes); /* ends with method NULL */
const struct route *route_at(int index);          /* NULL behind the last */
/*
 * The route of a method and a decoded path; params (a map) receives the
 * segments. NULL where there is none; *other then says whether the path is
 * known with another method (405). HEAD finds GET.
 */
const struct route *route_match(struct arena *memory, const char *method,
                                const char *path, struct value *params,
                                bool *other);
/* Empties the table and the registries; for tests. */
void route_forget_all(void);

/*
 * Where an address below "/m/ID" or "/api/v1/m/ID" is not there for the
 * signed-in person: says why in the context (E_NOT_FOUND) and returns it, or
 * 0 where it knows nothing of the module. Set by plugin/.
 */
typedef int (*route_absent)(struct ctx *ctx, const char *module);
void route_absent_with(route_absent call);

/* Menu entries, by area; shown where the person may use the route. */
struct menu_entry {
    const char *area;  /* "main", "apply", "administration", "module" */
    const char *key;   /* catalog key of its title */
    const char *title; /* or the title itself (forms); NULL */
    const char *path, *icon;
    const char *module;        /* NULL: core */
    const char *form;          /* shown with RIGHT_READ on this form; NULL */
    const struct value *group; /* title of its module, where that has several */
    bool administrator;
    int order;
    bool (*shown)(struct ctx *ctx, void *payload); /* NULL: always */
    void *payload;
};
void menu_add(const struct menu_entry *entry);
const struct menu_entry *menu_at(int index);

/* Widgets of the home page: a partial template and its data. A module's is
 * asked for on its own (/portal/widgets/NAME), so that the page waits for no
 * module and outlives each; `data` then adds "html", and E_NOT_FOUND or
 * E_FORBIDDEN leave it out. */
struct widget {
    const char *name, *key; /* catalog key of the title */
    const char *template;
    int (*data)(struct ctx *ctx, struct value *out, void *payload);
    const char *module;
    void *payload;
    int order;
    const char *path; /* where its title leads; NULL */
    const char *form; /* shown with RIGHT_READ on this form; NULL */
    bool wide;
};
void widget_add(const struct widget *widget);
const struct widget *widget_at(int index);

#endif
