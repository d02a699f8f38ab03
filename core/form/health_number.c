/*
 * health_number.c - counters of automatic numbers: one that stands behind the
 * numbers that were given would give them a second time.
 */
#include "base/banned.h"

#include "form/health_internal.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/str.h"
#include "base/value.h"
#include "form/auto_number.h"
#include "form/field_type.h"
#include "store/db.h"
#include "store/health.h"

static bool is_number(const struct field *field)
{
    return strcmp(field->type->name, "auto_number") == 0;
}

/* The highest number of each period: a map of period → number. */
static int highest(struct value **out, struct ctx *ctx, const struct form *form,
                   const struct field *field)
{
    const char *pattern = value_get_text(field->options, "pattern");
    struct ctx own = *ctx;
    QUERY_AUTO *query = NULL;
    int rc;

    *out = value_map(ctx->arena);
    own.arena = arena_new(0);
    rc = db_query(&query, &own,
                  /* sql: names from the definition */
                  arena_printf(ctx->arena,
                               "SELECT \"%s\" FROM \"%s\""
                               " WHERE \"%s\" IS NOT NULL",
                               field->column, form->table, field->column),
                  "");
    while (!rc && (rc = query_next(query)) == 1) {
        const char *period;
        int64_t number;

        if (auto_number_read(&period, &number, &own, pattern,
                             query_text(query, 0)) &&
            number > value_get_int(*out, period, 0))
            value_set_int(*out, period, number);
        arena_reset(own.arena);
        rc = 0;
    }
    query_done(query);
    query = NULL;
    arena_free(own.arena);
    return rc;
}

static int counter_of(int64_t *out, struct ctx *ctx, const struct form *form,
                      const struct field *field, const char *period)
{
    int rc = db_int(out, ctx,
                    "SELECT value FROM form_counter WHERE form = ?1"
                    " AND field_key = ?2 AND period = ?3",
                    "iss", form->id, field->key, period);

    if (rc == E_NOT_FOUND)
        *out = 0;
    return rc == E_NOT_FOUND ? 0 : rc;
}

static int check_counters(struct health *health, struct ctx *ctx,
                          const struct form *form, const struct field *field)
{
    struct value *found;
    size_t i;
    int rc = highest(&found, ctx, form, field);

    for (i = 0; !rc && i < value_count(found); i++) {
        const char *period = value_key_at(found, i);
        int64_t number = value_as_int(value_item_at(found, i), 0), counter;

        rc = counter_of(&counter, ctx, form, field, period);
        if (!rc && counter < number)
            health_found(health, "form.health.counter",
                         arena_printf(ctx->arena, "%s.%s %s %lld < %lld",
                                      form->name, field->key, period,
                                      (long long)counter, (long long)number));
    }
    return rc;
}

int health_form_numbers(struct health *health, struct ctx *ctx,
                        const struct form *form)
{
    size_t i;
    int rc = 0;

    for (i = 0; !rc && i < form->field_count; i++) {
        const struct field *field = form->fields[i];

        if (!is_number(field))
            continue;
        rc = check_counters(health, ctx, form, field);
        if (!rc)
            rc = health_rows(
                health, "form.health.number_twice",
                arena_printf(ctx->arena, "%s.%s", form->name, field->key),
                /* sql: names from the definition */
                arena_printf(ctx->arena,
                             "SELECT \"%s\" FROM \"%s\" WHERE \"%s\""
                             " IS NOT NULL GROUP BY \"%s\""
                             " HAVING count(*) > 1",
                             field->column, form->table, field->column,
                             field->column));
    }
    return rc;
}

static int raise_counters(void *payload, struct ctx *ctx,
                          const struct form *form)
{
    size_t i, j;
    int rc = 0;

    (void)payload;
    for (i = 0; !rc && i < form->field_count; i++) {
        const struct field *field = form->fields[i];
        struct value *found;

        if (!is_number(field))
            continue;
        rc = highest(&found, ctx, form, field);
        for (j = 0; !rc && j < value_count(found); j++)
            rc = db_exec(ctx,
                         "INSERT INTO form_counter (form, field_key, period,"
                         " value) VALUES (?1, ?2, ?3, ?4)"
                         " ON CONFLICT (form, field_key, period) DO UPDATE"
                         " SET value = CASE WHEN form_counter.value <"
                         " excluded.value THEN excluded.value"
                         " ELSE form_counter.value END",
                         "issi", form->id, field->key, value_key_at(found, j),
                         value_as_int(value_item_at(found, j), 0));
    }
    return rc;
}

int health_mend_counters(struct ctx *ctx)
{
    int rc = tx_begin(ctx, "doctor");

    if (rc)
        return rc;
    tx_long(ctx, "doctor");
    return tx_end(ctx, health_each_form(ctx, NULL, raise_counters));
}
