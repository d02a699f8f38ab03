/*
 * preview.h - images of a PDF's first pages, made by pdftoppm in a job.
 */
#ifndef FORM_PREVIEW_H
#define FORM_PREVIEW_H

struct ctx;
struct job;

#define PREVIEW_JOB "form.pdf_preview"

/* The job: data {"id"}. A PDF that can't be drawn has no previews; that is no
 * failure. */
int preview_job(struct ctx *ctx, const struct job *job);

#endif
