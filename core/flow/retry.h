/*
 * retry.h - the jobs of flow/.
 */
#ifndef FLOW_RETRY_H
#define FLOW_RETRY_H

/* Registers them; while a worker starts. */
void retry_register(void);

#endif
