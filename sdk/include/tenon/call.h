/*
 * call.h - what a call does: refuse, read and write values, records, requests.
 * Included by tenon.h.
 */
#ifndef TENON_CALL_H
#define TENON_CALL_H

#include <tenon/host.h>

/* ---- the call ---- */

/* `size` zeroed bytes that live until the call returns; NULL beyond 64 MiB. */
#define tn_alloc(ctx, size) TN_CALL_(call, alloc, NULL, ctx, size)
/* The same for as long as this process lives. */
#define tn_keep(ctx, size) TN_CALL_(call, keep, NULL, ctx, size)
/*
 * Refuses: records why, returns `status`. key: of the module's catalogs, for
 * the person; text: English, for the log.
 *   return tn_fail(ctx, TN_E_CONFLICT, "vehicle.overlap", "already booked");
 */
#define tn_fail(ctx, status, key, text)                                        \
    TN_CALL_(call, fail, status, ctx, status, NULL, key, text, NULL)
/* At a field of the input ("ends", "items.2.price"). */
#define tn_fail_at(ctx, status, field, key, text)                              \
    TN_CALL_(call, fail, status, ctx, status, field, key, text, NULL)
/* With a list of values for {1}, {2}, … of the catalog's text. */
#define tn_fail_with(ctx, status, field, key, text, arguments)                 \
    TN_CALL_(call, fail, status, ctx, status, field, key, text, arguments)
/* One line of the log: event "vehicle.reserved" and a text; no secrets, and
 * nothing that people wrote. */
#define tn_log(ctx, level, event, text)                                        \
    TN_CALL_(call, log, (void)0, ctx, level, event, text)
/* The catalog's text of `key` in the person's language, {name} filled from
 * the map `arguments` (may be NULL). */
#define tn_t(ctx, key, arguments) TN_CALL_(call, text, key, ctx, key, arguments)
/* "en", "zh-CN", "zh-TW" */
#define tn_locale(ctx) TN_CALL_(call, locale, "en", ctx)
/* Who acts: a map {id, login, name, department, administrator}; NULL where
 * nobody is signed in (jobs). */
#define tn_person(ctx) TN_CALL_(call, person, NULL, ctx)
/* The time. Use this and not the system's: tests set it. */
#define tn_now(ctx) TN_CALL_(call, now, 0, ctx)
/* The day that an instant lies in, by the person's time zone: from *starts to
 * before *ends. */
#define tn_day(starts, ends, ctx, instant_)                                    \
    TN_CALL_(call, day, TN_E_UNSUPPORTED, starts, ends, ctx, instant_)
/* An instant as people of this language and zone read it. */
#define tn_instant(ctx, instant_) TN_CALL_(call, instant, "", ctx, instant_)
/* Its date alone, and its time of day alone ("09:30"). */
#define tn_date(ctx, instant_) TN_CALL_(call, date, "", ctx, instant_)
#define tn_time(ctx, instant_) TN_CALL_(call, time, "", ctx, instant_)
/* Its date as fields have it: "2026-11-23". */
#define tn_iso_date(ctx, instant_) TN_CALL_(call, iso_date, "", ctx, instant_)
/* A number, or an amount of a currency ("CNY"), as people of this language
 * read it; "" where `value` is none. */
#define tn_number(ctx, value_) TN_CALL_(call, number, "", ctx, value_)
#define tn_money(ctx, value_, currency)                                        \
    TN_CALL_(call, money, "", ctx, value_, currency)
/* In long loops: TN_E_TIMEOUT when the call has to end. */
#define tn_check(ctx) TN_CALL_(call, check, TN_OK, ctx)
/* What `call` does with records it does as the module instead of as the
 * person, in pages and routes too: it must have asked itself whether that
 * person may. Capability as_module. Returns what `call` returned. */
#define tn_as_module(ctx, call_, data)                                         \
    TN_CALL_(call, as_module, TN_E_UNSUPPORTED, ctx, call_, data)
/* 256 random bits as text (A-Z a-z 0-9 - _): an address nobody guesses. */
#define tn_token(ctx) TN_CALL_(call, token, NULL, ctx)

/* ---- values. A NULL value reads as null. Getters' results belong to their
 * parents. ---- */

/* enum tn_kind; NULL is a null, too. */
#define tn_kind(v) TN_CALL_(value, kind, TN_NULL, v)
#define tn_is_null(v) (tn_kind(v) == TN_NULL)
/* false, or `otherwise`, where it is none. */
#define tn_as_bool(v) TN_CALL_(value, as_bool, false, v)
#define tn_as_int(v, otherwise) TN_CALL_(value, as_int, otherwise, v, otherwise)
#define tn_as_double(v, otherwise)                                             \
    TN_CALL_(value, as_double, otherwise, v, otherwise)
/* NULL where it is no text. Dates are "2026-11-23", date-times
 * "2026-11-23T09:30:00.000Z". */
#define tn_as_text(v) TN_CALL_(value, as_text, NULL, v)
/* From a decimal, an integer, or a text that holds one. */
#define tn_as_decimal(out, v) TN_CALL_(value, as_decimal, false, out, v)
/* From the text of a date-time, or a number of milliseconds. */
#define tn_as_instant(out, v) TN_CALL_(value, as_instant, false, out, v)
/* From an integer or a text of digits; 0 where there is none. */
#define tn_as_id(v) TN_CALL_(value, as_id, 0, v)
/* Of a list or map; at and item give NULL where there is nothing. */
#define tn_count(v) TN_CALL_(value, count, 0, v)
#define tn_at(list, index) TN_CALL_(value, at, NULL, list, index)
#define tn_item(map, key) TN_CALL_(value, item, NULL, map, key)
#define tn_key_at(map, index) TN_CALL_(value, key_at, NULL, map, index)
/* Makers; texts are copied. */
#define tn_bool(ctx, flag) TN_CALL_(value, make_bool, NULL, ctx, flag)
#define tn_int(ctx, number) TN_CALL_(value, make_int, NULL, ctx, number)
#define tn_double(ctx, number) TN_CALL_(value, make_double, NULL, ctx, number)
/* units / 10^scale: tn_decimal_value(ctx, 1250, 2) is 12.50. */
#define tn_decimal_value(ctx, units_, scale_)                                  \
    TN_CALL_(value, make_decimal, NULL, ctx,                                   \
             ((tn_decimal){ .units = (units_), .scale = (scale_) }))
#define tn_text(ctx, text) TN_CALL_(value, make_text, NULL, ctx, text)
#define tn_instant_value(ctx, instant)                                         \
    TN_CALL_(value, make_instant, NULL, ctx, instant)
#define tn_id(ctx, id) TN_CALL_(value, make_id, NULL, ctx, id)
#define tn_list(ctx) TN_CALL_(value, make_list, NULL, ctx)
#define tn_map(ctx) TN_CALL_(value, make_map, NULL, ctx)
/* TN_E_INVALID where the first argument is no list (no map). */
#define tn_append(list, item)                                                  \
    TN_CALL_(value, append, TN_E_UNSUPPORTED, list, item)
#define tn_put(map, key, item)                                                 \
    TN_CALL_(value, put, TN_E_UNSUPPORTED, map, key, item)
/* A value as JSON (decimals as texts), and back; what is no JSON is refused. */
#define tn_to_json(ctx, value_) TN_CALL_(value, to_json, NULL, ctx, value_)
#define tn_from_json(out, ctx, text)                                           \
    TN_CALL_(value, from_json, TN_E_UNSUPPORTED, out, ctx, text)

/* ---- the record of a hook or service ---- */

/* Its form ("vehicle.booking"); whether it is saved for the first time. */
#define tn_form(record_) TN_CALL_(record, form, NULL, record_)
#define tn_is_new(record_) TN_CALL_(record, is_new, false, record_)
/* A field's value, or a system one (id, version, state, owner, …). A record
 * has its id before its first hook. NULL where there is no such field. */
#define tn_get(record_, field) TN_CALL_(record, get, NULL, record_, field)
/* The value before this change; NULL in a new record. */
#define tn_before(record_, field) TN_CALL_(record, before, NULL, record_, field)
/* Sets a field, in before-hooks only. Computed values, numbers and checks
 * follow after the hooks. */
#define tn_set(record_, field, value)                                          \
    TN_CALL_(record, set, TN_E_UNSUPPORTED, record_, field, value)

/* ---- records of forms. In hooks and services as the module, in pages and
 * routes as the person. Those in the bin are not seen. ---- */

/* Exact up to a million. */
#define tn_records_count(out, ctx, form, where)                                \
    TN_CALL_(records, count, TN_E_UNSUPPORTED, out, ctx, form, where)
/* tn_records_find(&list, ctx, "vehicle.booking", .where = …, .limit = 20) */
#define tn_records_find(out, ctx, form, ...)                                   \
    TN_CALL_(records, find, TN_E_UNSUPPORTED, out, ctx, form,                  \
             &(const tn_find){ .size = sizeof(tn_find), __VA_ARGS__ })
/* One record as a map, with sub-tables as lists of maps. */
#define tn_records_get(out, ctx, form, id)                                     \
    TN_CALL_(records, get, TN_E_UNSUPPORTED, out, ctx, form, id)
/* Writing, not in before-hooks. values: a map of fields. All checks and
 * hooks of the form run. version: the one that was read. */
#define tn_records_create(id, ctx, form, values)                               \
    TN_CALL_(records, create, TN_E_UNSUPPORTED, id, ctx, form, values)
#define tn_records_update(ctx, form, id, version, values)                      \
    TN_CALL_(records, update, TN_E_UNSUPPORTED, ctx, form, id, version, values)
/* Into the bin, where it stays for 30 days. */
#define tn_records_delete(ctx, form, id, version)                              \
    TN_CALL_(records, remove, TN_E_UNSUPPORTED, ctx, form, id, version)
/* Figures by groups, of the records that this call sees: see tn_aggregate. */
#define tn_records_aggregate(out, ctx, form, ...)                              \
    TN_CALL_(                                                                  \
        records, aggregate, TN_E_UNSUPPORTED, out, ctx, form,                  \
        &(const tn_aggregate){ .size = sizeof(tn_aggregate), __VA_ARGS__ })
/* Whether who acts may "read", "create", "update", "delete" or "export" in a
 * form at all: for buttons and menus. */
#define tn_may(ctx, form, right) TN_CALL_(records, may, false, ctx, form, right)
/* What `call` writes is written whole, or, where it returns a negative
 * status, not at all. Nested: a part that can fail alone. Everybody else who
 * writes waits: after 200 ms it is undone with TN_E_TIMEOUT. */
#define tn_transaction(ctx, call, data)                                        \
    TN_CALL_(records, transaction, TN_E_UNSUPPORTED, ctx, call, data)

/* ---- requests and answers ---- */

/* "GET"; "/m/vehicle/free" */
#define tn_method(request) TN_CALL_(web, method, NULL, request)
#define tn_path(request) TN_CALL_(web, path, NULL, request)
/* NULL where absent: of the path's pattern, the query, a form's body. */
#define tn_param(request, name) TN_CALL_(web, param, NULL, request, name)
#define tn_query(request, name) TN_CALL_(web, query, NULL, request, name)
#define tn_form_field(request, name) TN_CALL_(web, form, NULL, request, name)
/* The values of a field that may come several times, whose name ends in "[]";
 * NULL where none came. */
#define tn_form_list(request, name)                                            \
    TN_CALL_(web, form_list, NULL, request, name)
/* The parsed body of application/json; NULL. */
#define tn_json(request) TN_CALL_(web, json, NULL, request)
/* name in lower case */
#define tn_header(request, name) TN_CALL_(web, header, NULL, request, name)

/* Cache-Control, Content-Disposition, ETag, Last-Modified, Link, Retry-After;
 * the others are the host's. */
#define tn_set_header(answer, name, value)                                     \
    TN_CALL_(web, set_header, TN_E_UNSUPPORTED, answer, name, value)
/* type: "text/plain; charset=utf-8" */
#define tn_answer_text(answer, status, type, text_)                            \
    TN_CALL_(web, text, TN_E_UNSUPPORTED, answer, status, type, text_)
#define tn_answer_json(answer, status, value)                                  \
    TN_CALL_(web, json_answer, TN_E_UNSUPPORTED, answer, status, value)
/* 303 to an own path. */
#define tn_answer_redirect(answer, path)                                       \
    TN_CALL_(web, redirect, TN_E_UNSUPPORTED, answer, path)
/* A page of the module in the frame. title: a key of its catalog; or a finished
 * one in data as page.title. */
#define tn_answer_page(answer, template_name, title, data)                     \
    TN_CALL_(web, page, TN_E_UNSUPPORTED, answer, template_name, title, data)
/* Of the page that follows, where it is not 200: a form with its mistakes. */
#define tn_set_status(answer, status)                                          \
    TN_CALL_(web, set_status, TN_E_UNSUPPORTED, answer, status)
/* The answer to a form that was done: where to go, and a finished text that
 * is shown there (may be NULL). */
#define tn_answer_done(answer, path, toast)                                    \
    TN_CALL_(web, done, TN_E_UNSUPPORTED, answer, path, toast)
/* A file as a download, streamed. */
#define tn_answer_file(answer, file)                                           \
    TN_CALL_(web, file, TN_E_UNSUPPORTED, answer, file)
/*
 * A chart for a template: {{>chart}} over *out. kind: "bar", "line", "funnel",
 * "pie". rows: maps {label, value, series?, url?, group?}, as people read
 * them; value a number or a decimal, null where there is none; rows of one
 * label (or `group`) are one group. options: a map or NULL, of
 *   title, caption (true: shown), unit, empty, group_label, value_label
 *   format: "money" with currency; else plain numbers
 *   ordered   true: a sequence (months); bars stand side by side
 *   stacked   true: the series stand on each other
 *   average   true: figures that can't be added up
 *   series    a list: the order of the series
 * Too many groups become the largest and "others".
 */
#define tn_chart(out, ctx, kind, rows, options)                                \
    TN_CALL_(web, chart, TN_E_UNSUPPORTED, out, ctx, kind, rows, options)
/* A cookie of this module; the host puts its id before the name, and signs
 * the value. seconds: 0 until the browser ends. */
#define tn_cookie(request, name) TN_CALL_(web, cookie, NULL, request, name)
#define tn_set_cookie(answer, name, value, seconds)                            \
    TN_CALL_(web, set_cookie, TN_E_UNSUPPORTED, answer, name, value, seconds)

#endif
