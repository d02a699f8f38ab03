/*
 * meter.h - how often something was asked for lately, counted for the whole
 * service: the counters lie in the page that all workers share (S19).
 */
#ifndef STORE_METER_H
#define STORE_METER_H

#include <stdint.h>

struct ctx;
struct lock_page;

/* A full meter gives `burst` at once, then one each `every_ms`. */
struct meter_rule {
    int burst;
    int every_ms;
};

/*
 * Takes one for `subject` (any text; two may share a meter by the hash of
 * their names, which only makes it fuller sooner). Returns 0 where there was
 * one, else the milliseconds until there is. Takes no lock and fails never.
 */
int64_t meter_take(const struct ctx *ctx, const char *subject,
                   struct meter_rule rule);

/* What another host has taken from the meter of that number. The number is a
 * hash with page->meter_key, which all hosts of a site must have alike. */
void meter_add(struct lock_page *page, unsigned number, uint32_t ms);

#endif
