/*
 * engine.h - one step of one instance, between the files of flow/.
 *
 * A command (submit.c, decide.c, retry.c) loads the instance, makes a step,
 * lets it run to the next wait states and writes it down, all in its own
 * transaction (T1). Tokens are changed in memory and written once at the end
 * (step_save), so that a step costs few statements.
 */
#ifndef FLOW_ENGINE_H
#define FLOW_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "flow/graph.h"

struct ctx;
struct form;
struct record;
struct value;

enum { STEP_VISITS_MAX = 1000, PEOPLE_MAX = 500 };

/* A row of flow_instance, and what goes with it. */
struct instance {
    int64_t id, definition, form_version, record, initiator;
    const char *form, *title;
    const char *state; /* draft, running, approved, rejected; returned: it
                          runs with the open visit at the start node */
    int64_t version, events;
    int round, decisions;
    const char *result;  /* of the last human decision; NULL */
    const char *outcome; /* of the ends reached so far; NULL */
    int64_t started_at, ended_at;
    const struct graph *graph;
};

enum token_state {
    TOKEN_MOVING, /* in the agenda; never in the store */
    TOKEN_WAIT,   /* an open visit */
    TOKEN_JOIN,   /* at a parallel join, counted for its flow (G2) */
    TOKEN_JOB,    /* before an asynchronous element */
    TOKEN_FAULT,  /* before an element that failed (T7) */
    TOKEN_LEAVING /* behind an activity that could not be left (T4, T7) */
};

struct token {
    int64_t id, scope;
    int node, flow; /* indexes; flow -1: none */
    enum token_state state;
    bool stored; /* has a row */
    bool moved;  /* the row is no longer right */
    bool gone;
};

struct step {
    struct ctx *ctx;
    struct instance *instance;
    const struct graph *graph;
    int64_t scope; /* the root scope */
    struct token *tokens;
    size_t token_count, token_capacity;
    size_t *agenda; /* FIFO of indexes of tokens */
    size_t agenda_head, agenda_tail, agenda_capacity;
    int visits;
    bool resumed; /* the first element of the agenda runs though it is async */
    const struct form *form;
    struct record *record;   /* read when first needed */
    struct value *variables; /* likewise */
    struct buf path;         /* JSON list of the flows taken, for history */
    int64_t *told;           /* people who see a change; for live events */
    size_t told_count, told_capacity;
    int faults;
    int64_t job_token;      /* of the job that runs: it retries by itself */
    const char *fault_node; /* where the step itself failed; for a message */
};

/* ---- instance.c: rows ---- */

/* By id, or by record. E_NOT_FOUND (no problem recorded) where there is none.
 * Loads the graph too. */
int instance_load(struct instance **out, struct ctx *ctx, int64_t id);
int instance_of_record(struct instance **out, struct ctx *ctx, int64_t record);
int instance_insert(struct ctx *ctx, struct instance *instance);
/* Writes what a command may change; E_CONFLICT where the row's version is
 * not the one that was read (T6). */
int instance_save(struct ctx *ctx, struct instance *instance);

/* An entry of the history. seq 0: the next one. */
struct history_entry {
    int64_t seq, actor;
    const char *action, *node, *reason, *comment, *data;
};
int history_add(struct ctx *ctx, struct instance *instance,
                const struct history_entry *entry);

/* In a transaction: nobody else goes on with the process of this record until
 * it ends. Before the instance is read. */
int instance_guard(struct ctx *ctx, int64_t record);

/* The first answer to this operation of the person (I8): 1 and *answer where
 * there is one, 0 where not; E_CONFLICT where it was another command. In a
 * transaction it waits for the same operation that came at the same time. */
int command_seen(int64_t *answer, struct ctx *ctx, const char *operation,
                 const char *kind, int64_t subject);
int command_keep(struct ctx *ctx, const char *operation, const char *kind,
                 int64_t subject, int64_t answer);

/* ---- step.c ---- */

/* A step of a new instance, whose root scope it makes. */
int step_begin(struct step *step, struct ctx *ctx, struct instance *instance);
/* A step with the tokens in the store. */
int step_open(struct step *step, struct ctx *ctx, struct instance *instance);
/* A new token before `node`, in the root scope. */
struct token *step_place(struct step *step, int node);
struct token *step_token(struct step *step, int64_t id);
/* The token enters its node (anew), or leaves it. */
void step_enter(struct step *step, struct token *token);
int step_leave(struct step *step, struct token *token);
/* Runs until every token waits or has ended, looks for a step that only left
 * tokens at joins (T5), and ends the instance where none is left. */
int step_run(struct step *step);
/* Writes the tokens and variables; the instance is the command's to save. */
int step_save(struct step *step);
/* What follows somebody's act, under a savepoint (T7): the token enters its
 * node, or leaves it; the step runs and is written. Where that fails as a
 * whole the token waits with an incident, and the act stands. */
int step_follow(struct step *step, struct token *token, bool leave);

/* ---- incident.c, ending.c ---- */

/* Deletes all tokens, closes open visits as `visit_state`, and ends open
 * tasks as `task_state` for `reason`. Their holders are told. */
int step_clear(struct step *step, const char *visit_state,
               const char *task_state, const char *reason);
/* Ends the instance: record, history, copies, applicant. */
int step_finish(struct step *step, const char *outcome);
/* The token waits before (or, leaving, behind) its node; an incident names
 * it with the context's first problem, a job tries again. */
int step_fault(struct step *step, struct token *token, enum token_state state,
               bool retry);
/* Closes the open incidents of a token (0: of the instance). */
int incidents_close(struct ctx *ctx, int64_t instance, int64_t token);
/* Somebody whose tasks changed: gets a live event. */
void step_tell(struct step *step, int64_t person);
void step_send_live(struct step *step);
/* True for codes that are the store's or the machine's trouble, after which
 * nothing can be written: the whole command fails. */
bool fault_is_fatal(int code);

/* ---- work.c: what elements do ---- */

int step_record(struct record **out, struct step *step);
int step_variables(struct value **out, struct step *step);
/* E_INVALID for anything but true and false. */
int condition_test(bool *out, struct step *step, const struct graph_flow *flow);
int script_run(struct step *step, const struct graph_node *node);
/* Under a savepoint of its own: what a failing service wrote is undone. */
int service_run(struct step *step, const struct graph_node *node);
/* Parameters of a service or rule, their expressions evaluated. */
int step_parameters(struct value **out, struct step *step,
                    const struct parameter *list, int count);
/* The map that expressions see. */
int step_environment(struct value **out, struct step *step);

/* ---- rule.c ---- */

/* Whom a rule of a module names: a list of ids. Empty, with an incident,
 * where it is not there or fails. */
int rule_people(struct value **out, struct step *step,
                const struct participant *one);

/* ---- people.c ---- */

struct people {
    int64_t *ids;
    size_t count;
    const char *rule; /* "empty", "initiator": why others than named; NULL */
};
/* Steps 2, 3, 5, 6 of approvals 5.2. E_INVALID where nobody is left. */
int people_resolve(struct people *out, struct step *step,
                   const struct graph_node *node);
/* Enters a user task: visit, tasks, readers, notices (I4, I5). */
int visit_open(struct step *step, struct token *token,
               const struct graph_node *node);
/* The visit at the start node after a return: the initiator's own task. */
int visit_open_start(struct step *step, struct token *token);
/* Copies (抄送) to those named; one per person and instance. */
int copies_send(struct step *step, const struct participant *people, int count,
                const char *node);
/* A notice; it is read in the receiver's language. kind: "flow.notice.…". */
int notice_send(struct step *step, int64_t person, const char *kind,
                const char *link);

/* ---- room.c ---- */

/* While set, the record lock lets the flow's own writes to it through. */
void record_lock_lift(int64_t record);

/* retry.c */
int retry_add(struct step *step, const struct token *token, int64_t due);

#endif
