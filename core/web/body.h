/*
 * body.h - reading a request's body by its Content-Type. Only for the files
 * of web/.
 */
#ifndef WEB_BODY_H
#define WEB_BODY_H

struct ctx;
struct request;

/*
 * Fills request->form and uploads, or request->json. *status receives 415
 * where the type is not one of ours (S16: JSON as text/plain is refused).
 * Uploads are unnamed files beside SITE/files, closed with the arena.
 */
int body_read(struct ctx *ctx, struct request *request, int *status);

#endif
