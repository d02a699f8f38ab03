/*
 * problem.h - refusals by HTTP status. Only for the files of web/.
 */
#ifndef WEB_PROBLEM_H
#define WEB_PROBLEM_H

struct ctx;
struct request;
struct response;

/* As response_problem, for a status that no error code has (405, 415). */
int problem_answer(struct ctx *ctx, struct request *request,
                   struct response *response, int status);

#endif
