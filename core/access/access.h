/*
 * access.h - the one place that says yes or no.
 *
 * Grants compile to SQL branches (architecture 3, "grant"): several scopes of
 * one person become branches merged by UNION, each by its own index.
 */
#ifndef ACCESS_ACCESS_H
#define ACCESS_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ctx;

enum right {
    RIGHT_READ,
    RIGHT_CREATE,
    RIGHT_UPDATE,
    RIGHT_DELETE,
    RIGHT_EXPORT,
    RIGHT_DESIGN
};

enum scope_kind {
    SCOPE_ALL,
    SCOPE_OWNER,       /* owner = person */
    SCOPE_DEPARTMENT,  /* department = departments[0] */
    SCOPE_DEPARTMENTS, /* department IN (own and below), one row a department */
    SCOPE_READER,      /* a row in access_reader names him */
};

struct scope {
    enum scope_kind kind;
    int64_t person;
    const int64_t *departments;
    size_t department_count;
};

struct scopes {
    struct scope items[8];
    size_t count; /* 0: nothing is visible */
};

/* The scopes of ctx->person for a right on a form; SCOPE_ALL alone for the
 * system, and for a module on the forms of its capabilities. */
int access_scopes(struct scopes *out, struct ctx *ctx, const char *form,
                  enum right right);

/* Whether the person may use the form in this way at all (menu, button). */
bool access_form(struct ctx *ctx, const char *form, enum right right);

/*
 * only = true: of the grants on every form ("*"), those to everyone and to
 * heads don't count for `form`; it needs grants of its own ("only_granted" of
 * its definition). In the current write transaction.
 */
int access_only_granted(struct ctx *ctx, const char *form, bool only);

/* What access needs of one record. */
struct record_facts {
    const char *form;
    int64_t id, owner, department;
};
/* 0; E_NOT_FOUND where the person may not even read it; E_FORBIDDEN where he
 * may read but not do this. */
int access_record(struct ctx *ctx, const struct record_facts *record,
                  enum right right);

/* The table reader(record, user, why, until): a task, a share, a mention.
 * In the current write transaction. */
int access_reader_add(struct ctx *ctx, int64_t record, int64_t user,
                      const char *why, int64_t until);
int access_reader_remove(struct ctx *ctx, int64_t record, int64_t user,
                         const char *why);

/* Administrator pages and commands: E_FORBIDDEN for others. */
int access_administrator(struct ctx *ctx);
/* Whether a module's features are on for this person: on the site, and where
 * it is for some departments, for his or one above it. The system and modules
 * that act as themselves stand in no department. */
bool access_module(struct ctx *ctx, const char *module);
/* Whether it is on at all: hooks, services, rules and jobs ask this, because
 * what they keep right is no feature of the person who acts. */
bool access_module_on(struct ctx *ctx, const char *module);
/* access_module() of the module that a form ("survey.answer") belongs to. */
bool access_module_of_form(struct ctx *ctx, const char *form);

/* Switches the features of a module off or on for everybody; raises the
 * epoch "module". Audited. */
int access_module_set(struct ctx *ctx, const char *module, bool enabled);

/* The departments that a module is for, as a list of ids; none: everybody.
 * Setting them is for administrators, audited; E_NOT_FOUND where there is no
 * such department. */
struct value;
int access_module_departments(struct value **out, struct ctx *ctx,
                              const char *module);
int access_module_departments_set(struct ctx *ctx, const char *module,
                                  const struct value *ids);

/* While a worker starts: hooks and services of `module` see all rows of
 * `form` (name, or "prefix.*") for `right` and may change them where the right
 * says so. A module always has its own forms ("MODULE.*"). Strings are
 * copied. */
void access_capability(const char *module, const char *form, enum right right);
void access_capabilities_forget(const char *module);

/* Makes the default grants of a new site, in the current transaction:
 * everyone creates, reads and changes what is his own; heads read their
 * departments; the role administrators may all. */
int access_defaults(struct ctx *ctx);

/* Grants: who (kind "everyone", "user", "department", "role", "head"; id, 0
 * for "everyone" and "head") may do what on which form ("*": each) within
 * which scope. Audited; raises the epoch "grant". */
int access_grant_set(struct ctx *ctx, const char *who_kind, int64_t who,
                     const char *form, enum right right, enum scope_kind scope,
                     bool granted);

#endif
