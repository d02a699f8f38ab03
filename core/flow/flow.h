/*
 * flow.h - processes: definitions, instances, tasks, decisions.
 *
 * Meanings: docs/admin/flows.md; approvals and BPMN rules carry their numbers
 * in the tests. Every command is one transaction (I2) and carries a client
 * operation id (I8).
 */
#ifndef FLOW_FLOW_H
#define FLOW_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "form/record.h"

struct ctx;

struct flow_definition {
    int64_t id;
    const char *key, *module;
    const struct value *title;
    int version;
    const char *form;
    const char *xml; /* the bytes as deployed */
};

/* Newest version of a process. */
int flow_find(const struct flow_definition **out, struct ctx *ctx,
              const char *key);
/* Deploys all NAME.bpmn of FOLDER; refused ones are reported with file, line
 * and element id, their old version stays. Number of refused ones, or negative.
 */
int flow_deploy_folder(struct ctx *ctx, const char *folder, const char *module);
int flow_deploy(struct ctx *ctx, const char *name, const char *module,
                const char *xml, size_t length);

struct task {
    int64_t id, instance, record, holder, version;
    const char *form, *node, *node_name, *state; /* approvals 5.1 */
    int64_t created_at, ended_at;
    int64_t initiator;
    const char *reason, *comment;
    int round;
    const char *title; /* record's label */
};

enum decision { DECISION_APPROVE, DECISION_REJECT, DECISION_RETURN };

/* Saves the record (create, or update where id is given) and starts its flow,
 * or continues the returned one, in one transaction. operation: the client's
 * id of this command; a repeat gives the first answer. */
int flow_submit(struct record **out, struct ctx *ctx, const struct form *form,
                int64_t id, int64_t version, const struct value *input,
                const char *operation);

/* record_save for a form without a flow, or a draft, where the client sends an
 * operation ("" and NULL: it does not): a repeat gives the first answer, and
 * saves nothing twice. Not of anonymous forms, which note nobody. */
int flow_save_once(struct record **out, struct ctx *ctx,
                   const struct form *form, int64_t id, int64_t version,
                   const struct value *input, const char *state,
                   const char *operation);

/* Only the holder (S15), through this one function. Lost races are E_CONFLICT
 * "flow.task.handled" with who and when (I1). */
int flow_decide(struct ctx *ctx, int64_t task, enum decision decision,
                const char *comment, const char *operation);
/* By the initiator, until the first human decision (5.5): back to draft. */
int flow_withdraw(struct ctx *ctx, int64_t record, const char *operation);

/* The task with its record (all fields to read, none to write: I6); `record`
 * may be NULL.
 * E_NOT_FOUND unless ctx->person holds or held it, started the instance, is
 * copied, or is administrator. */
int flow_task_get(struct task **task, struct record **record, struct ctx *ctx,
                  int64_t id);

enum task_box { BOX_TO_DO, BOX_DONE, BOX_MINE, BOX_COPIED };
int flow_box(struct task ***out, size_t *count, struct ctx *ctx,
             enum task_box box, int limit, int offset);
/* Exact up to 1,000, then 1,001. */
int flow_box_count(int64_t *out, struct ctx *ctx, enum task_box box);
/* The person's task that has waited longest, but not `except`; 0: none. */
int flow_next_task(int64_t *out, struct ctx *ctx, int64_t except);
/* Applications under way or ended that the person started are tasks with
 * id 0: `record` and `form` say where they are, `node` where they stand. */

/* Timeline of the record's instance, oldest first: list of {at, actor, name,
 * action, node, node_name, comment, round, reason}. */
int flow_history(struct value **out, struct ctx *ctx, int64_t record);
/* State of the record's instance: {state, instance, title, round, incident:
 * true where it waits for an administrator, nodes:[{id, name, kind:
 * start|user|end, status: passed|current|to_come, outcome?, at?, rule?,
 * people:[{id, name}]}], may:{withdraw, resubmit}}, or null where there is
 * none. Whoever asks has been allowed to read the record by his own room. */
int flow_status(struct value **out, struct ctx *ctx, int64_t record);
/* The picture of the process with the current step marked: SVG from the
 * diagram's DI, typed as HTML for templates. */
int flow_picture(struct value **out, struct ctx *ctx, int64_t record);

/* Service tasks by name, from modules. */
typedef int (*flow_service)(struct ctx *ctx, struct record *record,
                            const struct value *parameters, void *payload);
void flow_service_add(const char *name, const char *module, flow_service call,
                      void *payload);

/* Rules that name people, by name, from modules: append ids to the list
 * `people`. They write nothing. */
typedef int (*flow_rule)(struct ctx *ctx, struct record *record,
                         const struct value *parameters, struct value *people,
                         void *payload);
void flow_rule_add(const char *name, const char *module, flow_rule call,
                   void *payload);

/* What a deployment of this text would say: {key, title, form, executable,
 * warnings: [{key, text, line, element}]}; E_INVALID with all problems. */
int flow_check(struct value **out, struct ctx *ctx, const char *name,
               const char *xml, size_t length);

/* Registers hooks (record locks), jobs (retries); while a worker starts. */
void flow_start_room(void);

#endif
