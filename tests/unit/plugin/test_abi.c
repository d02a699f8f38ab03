/*
 * test_abi.c - the shape of the SDK's structs as 1.0 has them.
 *
 * A change here is a break of every module that was built before: members are
 * added at the end only, and get a line here with the change that adds them
 * (tests/tools/reference.test.mjs asks for it). Until 1.0 is released these
 * lines are a draft's. Checked by the compiler; running it is a formality.
 */
#include "base/banned.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <tenon/tenon.h>

#define IS(type, expression)                                                   \
    __builtin_types_compatible_p(__typeof__(expression), type)
/* A member: its place and its type. */
#define AT(structure, member, offset, type)                                    \
    _Static_assert(offsetof(structure, member) == (offset) &&                  \
                       IS(type, ((structure *)0)->member),                     \
                   #structure "." #member " moved or changed")

#if __SIZEOF_POINTER__ == 8

/* ---- constants ---- */
_Static_assert(TN_ABI_MAJOR == 1 && TN_ABI_MINOR == 0, "the version");
_Static_assert(TN_OK == 0 && TN_E_INVALID == -1 && TN_E_NOT_FOUND == -2 &&
                   TN_E_FORBIDDEN == -3 && TN_E_CONFLICT == -4 &&
                   TN_E_BUSY == -5 && TN_E_LIMIT == -6 && TN_E_STORE == -7 &&
                   TN_E_FULL == -8 && TN_E_TIMEOUT == -9 && TN_E_IO == -10 &&
                   TN_E_UNSUPPORTED == -11 && TN_E_SIGN_IN == -12 &&
                   TN_E_TOO_MANY == -13 && TN_E_INTERNAL == -14 &&
                   TN_E_BAD_REQUEST == -15 && TN_E_UNAVAILABLE == -16,
               "statuses");
_Static_assert(TN_NULL == 0 && TN_BOOL == 1 && TN_INT == 2 && TN_DOUBLE == 3 &&
                   TN_DECIMAL == 4 && TN_TEXT == 5 && TN_LIST == 6 &&
                   TN_MAP == 7,
               "kinds");
_Static_assert(TN_OP_AND == 0 && TN_OP_OR == 1 && TN_OP_NOT == 2 &&
                   TN_OP_EQ == 3 && TN_OP_NE == 4 && TN_OP_LT == 5 &&
                   TN_OP_LE == 6 && TN_OP_GT == 7 && TN_OP_GE == 8 &&
                   TN_OP_IN == 9 && TN_OP_CONTAINS == 10 &&
                   TN_OP_STARTS == 11 && TN_OP_EMPTY == 12,
               "operators");
_Static_assert(TN_BEFORE_SAVE == 0 && TN_BEFORE_DELETE == 1 &&
                   TN_AFTER_SAVE == 2 && TN_AFTER_DELETE == 3 &&
                   TN_COMMITTED == 4,
               "when");
_Static_assert(TN_PERSON == 0 && TN_PUBLIC == 1 && TN_ADMINISTRATOR == 2,
               "access");
_Static_assert(TN_STORE_TEXT == 0 && TN_STORE_INTEGER == 1, "storage");
_Static_assert(TN_LOG_DEBUG == 0 && TN_LOG_INFO == 1 && TN_LOG_WARN == 2 &&
                   TN_LOG_ERROR == 3,
               "levels");

/* ---- questions, registrations ---- */
AT(tn_decimal, units, 0, int64_t);
AT(tn_decimal, scale, 8, int32_t);

AT(tn_condition, size, 0, uint32_t);
AT(tn_condition, op, 4, uint32_t);
AT(tn_condition, field, 8, const char *);
AT(tn_condition, value, 16, const tn_value *);
AT(tn_condition, parts, 24, const struct tn_condition *const *);
AT(tn_condition, part_count, 32, size_t);

AT(tn_find, size, 0, uint32_t);
AT(tn_find, limit, 4, int32_t);
AT(tn_find, offset, 8, int32_t);
AT(tn_find, descending, 12, bool);
AT(tn_find, texts, 13, bool);
AT(tn_find, where, 16, const tn_condition *);
AT(tn_find, sort, 24, const char *);
AT(tn_find, search, 32, const char *);

AT(tn_aggregate, size, 0, uint32_t);
AT(tn_aggregate, limit, 4, int32_t);
AT(tn_aggregate, where, 8, const tn_condition *);
AT(tn_aggregate, search, 16, const char *);
AT(tn_aggregate, groups, 24, const char *const *);
AT(tn_aggregate, group_count, 32, size_t);
AT(tn_aggregate, measures, 40, const char *const *);
AT(tn_aggregate, measure_count, 48, size_t);
AT(tn_aggregate, sort, 56, const char *);

AT(tn_hook, size, 0, uint32_t);
AT(tn_hook, when, 4, uint32_t);
AT(tn_hook, form, 8, const char *);
AT(tn_hook, guard, 16, const char *);
AT(tn_hook, order, 24, int32_t);
AT(tn_hook, required, 28, bool);
AT(tn_hook, call, 32, int (*)(tn_ctx *, tn_record *, void *));
AT(tn_hook, data, 40, void *);

AT(tn_route, size, 0, uint32_t);
AT(tn_route, access, 4, uint32_t);
AT(tn_route, method, 8, const char *);
AT(tn_route, path, 16, const char *);
AT(tn_route, example, 24, const char *);
AT(tn_route, network, 32, bool);
AT(tn_route, call, 40, int (*)(tn_ctx *, tn_request *, tn_answer *, void *));
AT(tn_route, data, 48, void *);
AT(tn_route, expensive, 56, bool);
AT(tn_route, anonymous, 57, bool);

AT(tn_page, size, 0, uint32_t);
AT(tn_page, access, 4, uint32_t);
AT(tn_page, path, 8, const char *);
AT(tn_page, example, 16, const char *);
AT(tn_page, template_name, 24, const char *);
AT(tn_page, title, 32, const char *);
AT(tn_page, call, 40, int (*)(tn_ctx *, tn_request *, tn_value *, void *));
AT(tn_page, extra, 48, void *);

AT(tn_menu, size, 0, uint32_t);
AT(tn_menu, order, 4, int32_t);
AT(tn_menu, title, 8, const char *);
AT(tn_menu, path, 16, const char *);
AT(tn_menu, icon, 24, const char *);
AT(tn_menu, form, 32, const char *);
AT(tn_menu, administrator, 40, bool);
AT(tn_menu, call, 48, int (*)(tn_ctx *, void *));
AT(tn_menu, data, 56, void *);

AT(tn_service, size, 0, uint32_t);
AT(tn_service, reserved, 4, uint32_t);
AT(tn_service, name, 8, const char *);
AT(tn_service, call, 16,
   int (*)(tn_ctx *, tn_record *, const tn_value *, void *));
AT(tn_service, data, 24, void *);

AT(tn_widget, size, 0, uint32_t);
AT(tn_widget, order, 4, int32_t);
AT(tn_widget, name, 8, const char *);
AT(tn_widget, template_name, 16, const char *);
AT(tn_widget, title, 24, const char *);
AT(tn_widget, path, 32, const char *);
AT(tn_widget, form, 40, const char *);
AT(tn_widget, wide, 48, bool);
AT(tn_widget, call, 56, int (*)(tn_ctx *, tn_value *, void *));
AT(tn_widget, extra, 64, void *);

AT(tn_participants, size, 0, uint32_t);
AT(tn_participants, reserved, 4, uint32_t);
AT(tn_participants, name, 8, const char *);
AT(tn_participants, title, 16, const char *);
AT(tn_participants, call, 24,
   int (*)(tn_ctx *, tn_record *, const tn_value *, tn_value *, void *));
AT(tn_participants, data, 32, void *);

AT(tn_field_type, size, 0, uint32_t);
AT(tn_field_type, storage, 4, uint32_t);
AT(tn_field_type, name, 8, const char *);
AT(tn_field_type, title, 16, const char *);
AT(tn_field_type, input, 24,
   int (*)(tn_ctx *, const tn_value **, const tn_value *, const tn_value *,
           void *));
AT(tn_field_type, text, 32,
   const char *(*)(tn_ctx *, const tn_value *, const tn_value *, void *));
AT(tn_field_type, edit, 40, const char *);
AT(tn_field_type, read, 48, const char *);
AT(tn_field_type, cell, 56, const char *);
AT(tn_field_type, print, 64, const char *);
AT(tn_field_type, fill, 72,
   int (*)(tn_ctx *, tn_value *, const tn_value *, const tn_value *, void *));
AT(tn_field_type, data, 80, void *);

AT(tn_job, size, 0, uint32_t);
AT(tn_job, seconds, 4, int32_t);
AT(tn_job, every, 8, int32_t);
AT(tn_job, attempts, 12, int32_t);
AT(tn_job, name, 16, const char *);
AT(tn_job, title, 24, const char *);
AT(tn_job, call, 32, int (*)(tn_ctx *, const tn_value *, void *));
AT(tn_job, extra, 40, void *);
AT(tn_job, cron, 48, const char *);
AT(tn_job, zone, 56, const char *);
AT(tn_job, priority, 64, int32_t);
AT(tn_job, atomic, 68, bool);

AT(tn_job_order, size, 0, uint32_t);
AT(tn_job_order, priority, 4, int32_t);
AT(tn_job_order, due, 8, int64_t);
AT(tn_job_order, delay, 16, int64_t);
AT(tn_job_order, unique, 24, const char *);

AT(tn_offer, size, 0, uint32_t);
AT(tn_offer, reserved, 4, uint32_t);
AT(tn_offer, name, 8, const char *);
AT(tn_offer, call, 16,
   int (*)(tn_ctx *, const tn_value *, const tn_value **, void *));
AT(tn_offer, data, 24, void *);

AT(tn_people, size, 0, uint32_t);
AT(tn_people, limit, 4, int32_t);
AT(tn_people, offset, 8, int32_t);
AT(tn_people, below, 12, bool);
AT(tn_people, department, 16, int64_t);
AT(tn_people, role, 24, const char *);
AT(tn_people, search, 32, const char *);

AT(tn_notice, size, 0, uint32_t);
AT(tn_notice, reserved, 4, uint32_t);
AT(tn_notice, key, 8, const char *);
AT(tn_notice, arguments, 16, const tn_value *);
AT(tn_notice, path, 24, const char *);

/* ---- the host's tables ---- */
AT(tn_host, abi_major, 0, uint32_t);
AT(tn_host, abi_minor, 4, uint32_t);
AT(tn_host, size, 8, size_t);
AT(tn_host, call, 16, const tn_host_call *);
AT(tn_host, value, 24, const tn_host_value *);
AT(tn_host, record, 32, const tn_host_record *);
AT(tn_host, records, 40, const tn_host_records *);
AT(tn_host, web, 48, const tn_host_web *);
AT(tn_host, add, 56, const tn_host_register *);
AT(tn_host, people, 64, const tn_host_people *);
AT(tn_host, files, 72, const tn_host_files *);
AT(tn_host, work, 80, const tn_host_work *);

AT(tn_host_call, size, 0, size_t);
AT(tn_host_value, size, 0, size_t);
AT(tn_host_record, size, 0, size_t);
AT(tn_host_records, size, 0, size_t);
AT(tn_host_web, size, 0, size_t);
AT(tn_host_people, size, 0, size_t);
AT(tn_host_files, size, 0, size_t);
AT(tn_host_work, size, 0, size_t);
AT(tn_host_register, size, 0, size_t);

#define CALL(structure, member, index, result, ...)                            \
    _Static_assert(offsetof(structure, member) == 8 * (index) &&               \
                       IS(result(*)(__VA_ARGS__), ((structure *)0)->member),   \
                   #structure "." #member " moved or changed")

CALL(tn_host_call, alloc, 1, void *, tn_ctx *, size_t);
CALL(tn_host_call, keep, 2, void *, tn_ctx *, size_t);
CALL(tn_host_call, fail, 3, int, tn_ctx *, int, const char *, const char *,
     const char *, const tn_value *);
CALL(tn_host_call, log, 4, void, tn_ctx *, int, const char *, const char *);
CALL(tn_host_call, text, 5, const char *, tn_ctx *, const char *,
     const tn_value *);
CALL(tn_host_call, locale, 6, const char *, tn_ctx *);
CALL(tn_host_call, person, 7, const tn_value *, tn_ctx *);
CALL(tn_host_call, now, 8, int64_t, tn_ctx *);
CALL(tn_host_call, day, 9, int, int64_t *, int64_t *, tn_ctx *, int64_t);
CALL(tn_host_call, instant, 10, const char *, tn_ctx *, int64_t);
CALL(tn_host_call, date, 11, const char *, tn_ctx *, int64_t);
CALL(tn_host_call, time, 12, const char *, tn_ctx *, int64_t);
CALL(tn_host_call, check, 13, int, tn_ctx *);
CALL(tn_host_call, as_module, 14, int, tn_ctx *, int (*)(tn_ctx *, void *),
     void *);
CALL(tn_host_call, token, 15, const char *, tn_ctx *);
CALL(tn_host_call, iso_date, 16, const char *, tn_ctx *, int64_t);
CALL(tn_host_call, number, 17, const char *, tn_ctx *, const tn_value *);
CALL(tn_host_call, money, 18, const char *, tn_ctx *, const tn_value *,
     const char *);

CALL(tn_host_value, kind, 1, int, const tn_value *);
CALL(tn_host_value, as_bool, 2, bool, const tn_value *);
CALL(tn_host_value, as_int, 3, int64_t, const tn_value *, int64_t);
CALL(tn_host_value, as_double, 4, double, const tn_value *, double);
CALL(tn_host_value, as_text, 5, const char *, const tn_value *);
CALL(tn_host_value, as_decimal, 6, bool, tn_decimal *, const tn_value *);
CALL(tn_host_value, as_instant, 7, bool, int64_t *, const tn_value *);
CALL(tn_host_value, as_id, 8, int64_t, const tn_value *);
CALL(tn_host_value, count, 9, size_t, const tn_value *);
CALL(tn_host_value, at, 10, tn_value *, const tn_value *, size_t);
CALL(tn_host_value, item, 11, tn_value *, const tn_value *, const char *);
CALL(tn_host_value, key_at, 12, const char *, const tn_value *, size_t);
CALL(tn_host_value, make_bool, 13, tn_value *, tn_ctx *, bool);
CALL(tn_host_value, make_int, 14, tn_value *, tn_ctx *, int64_t);
CALL(tn_host_value, make_double, 15, tn_value *, tn_ctx *, double);
CALL(tn_host_value, make_decimal, 16, tn_value *, tn_ctx *, tn_decimal);
CALL(tn_host_value, make_text, 17, tn_value *, tn_ctx *, const char *);
CALL(tn_host_value, make_instant, 18, tn_value *, tn_ctx *, int64_t);
CALL(tn_host_value, make_id, 19, tn_value *, tn_ctx *, int64_t);
CALL(tn_host_value, make_list, 20, tn_value *, tn_ctx *);
CALL(tn_host_value, make_map, 21, tn_value *, tn_ctx *);
CALL(tn_host_value, append, 22, int, tn_value *, tn_value *);
CALL(tn_host_value, put, 23, int, tn_value *, const char *, tn_value *);
CALL(tn_host_value, to_json, 24, const char *, tn_ctx *, const tn_value *);
CALL(tn_host_value, from_json, 25, int, const tn_value **, tn_ctx *,
     const char *);

CALL(tn_host_record, form, 1, const char *, const tn_record *);
CALL(tn_host_record, is_new, 2, bool, const tn_record *);
CALL(tn_host_record, get, 3, const tn_value *, const tn_record *, const char *);
CALL(tn_host_record, before, 4, const tn_value *, const tn_record *,
     const char *);
CALL(tn_host_record, set, 5, int, tn_record *, const char *, const tn_value *);

CALL(tn_host_records, count, 1, int, int64_t *, tn_ctx *, const char *,
     const tn_condition *);
CALL(tn_host_records, find, 2, int, const tn_value **, tn_ctx *, const char *,
     const tn_find *);
CALL(tn_host_records, get, 3, int, const tn_value **, tn_ctx *, const char *,
     int64_t);
CALL(tn_host_records, create, 4, int, int64_t *, tn_ctx *, const char *,
     const tn_value *);
CALL(tn_host_records, update, 5, int, tn_ctx *, const char *, int64_t, int64_t,
     const tn_value *);
CALL(tn_host_records, remove, 6, int, tn_ctx *, const char *, int64_t, int64_t);
CALL(tn_host_records, aggregate, 7, int, const tn_value **, tn_ctx *,
     const char *, const tn_aggregate *);
CALL(tn_host_records, transaction, 8, int, tn_ctx *, int (*)(tn_ctx *, void *),
     void *);
CALL(tn_host_records, may, 9, bool, tn_ctx *, const char *, const char *);

CALL(tn_host_web, method, 1, const char *, const tn_request *);
CALL(tn_host_web, path, 2, const char *, const tn_request *);
CALL(tn_host_web, param, 3, const char *, const tn_request *, const char *);
CALL(tn_host_web, query, 4, const char *, const tn_request *, const char *);
CALL(tn_host_web, form, 5, const char *, const tn_request *, const char *);
CALL(tn_host_web, json, 6, const tn_value *, const tn_request *);
CALL(tn_host_web, header, 7, const char *, const tn_request *, const char *);
CALL(tn_host_web, set_header, 8, int, tn_answer *, const char *, const char *);
CALL(tn_host_web, text, 9, int, tn_answer *, int, const char *, const char *);
CALL(tn_host_web, json_answer, 10, int, tn_answer *, int, const tn_value *);
CALL(tn_host_web, redirect, 11, int, tn_answer *, const char *);
CALL(tn_host_web, page, 12, int, tn_answer *, const char *, const char *,
     tn_value *);
CALL(tn_host_web, done, 13, int, tn_answer *, const char *, const char *);
CALL(tn_host_web, file, 14, int, tn_answer *, tn_file *);
CALL(tn_host_web, chart, 15, int, tn_value **, tn_ctx *, const char *,
     const tn_value *, const tn_value *);
CALL(tn_host_web, cookie, 16, const char *, const tn_request *, const char *);
CALL(tn_host_web, set_cookie, 17, int, tn_answer *, const char *, const char *,
     int64_t);
CALL(tn_host_web, form_list, 18, const tn_value *, const tn_request *,
     const char *);
CALL(tn_host_web, set_status, 19, int, tn_answer *, int);

CALL(tn_host_people, get, 1, int, const tn_value **, tn_ctx *, int64_t);
CALL(tn_host_people, find, 2, int, const tn_value **, tn_ctx *,
     const tn_people *);
CALL(tn_host_people, departments, 3, int, const tn_value **, tn_ctx *);
CALL(tn_host_people, has_role, 4, bool, tn_ctx *, int64_t, const char *);
CALL(tn_host_people, notify, 5, int, tn_ctx *, int64_t, const tn_notice *);

CALL(tn_host_files, open, 1, int, tn_file **, tn_ctx *, int64_t);
CALL(tn_host_files, read, 2, int64_t, tn_file *, void *, size_t);
CALL(tn_host_files, about, 3, const tn_value *, tn_file *);
CALL(tn_host_files, create, 4, int, tn_file **, tn_ctx *, const char *);
CALL(tn_host_files, write, 5, int, tn_file *, const void *, size_t);
CALL(tn_host_files, finish, 6, int, int64_t *, tn_file *);
CALL(tn_host_files, upload, 7, int, tn_file **, tn_request *, const char *);

CALL(tn_host_work, add, 1, int, int64_t *, tn_ctx *, const char *,
     const tn_value *, int64_t, const char *);
CALL(tn_host_work, progress, 2, int, tn_ctx *, int64_t, int64_t);
CALL(tn_host_work, setting, 3, const tn_value *, tn_ctx *, const char *);
CALL(tn_host_work, function, 4, const tn_function *, tn_ctx *, const char *);
CALL(tn_host_work, call, 5, int, const tn_value **, tn_ctx *,
     const tn_function *, const tn_value *);
CALL(tn_host_work, result, 6, int, tn_ctx *, const char *, const tn_value *,
     const char *);
CALL(tn_host_work, file, 7, int, tn_ctx *, tn_file *);
CALL(tn_host_work, start, 8, int, int64_t *, tn_ctx *, const char *,
     const tn_value *, const tn_job_order *);
CALL(tn_host_work, cancel, 9, int, tn_ctx *, int64_t);
CALL(tn_host_work, state, 10, int, const tn_value **, tn_ctx *, int64_t);

CALL(tn_host_register, on, 1, int, tn_module *, const tn_hook *);
CALL(tn_host_register, route, 2, int, tn_module *, const tn_route *);
CALL(tn_host_register, page, 3, int, tn_module *, const tn_page *);
CALL(tn_host_register, menu, 4, int, tn_module *, const tn_menu *);
CALL(tn_host_register, service, 5, int, tn_module *, const tn_service *);
CALL(tn_host_register, widget, 6, int, tn_module *, const tn_widget *);
CALL(tn_host_register, participants, 7, int, tn_module *,
     const tn_participants *);
CALL(tn_host_register, field_type, 8, int, tn_module *, const tn_field_type *);
CALL(tn_host_register, job, 9, int, tn_module *, const tn_job *);
CALL(tn_host_register, offer, 10, int, tn_module *, const tn_offer *);

#endif

/* A host of today behind a module of today: the wrapper finds a function that
 * is there, and answers for one that is not. */
static int find_nothing(tn_ctx *ctx)
{
    (void)ctx;
    return TN_E_BUSY;
}

static int start_nothing(tn_module *self)
{
    (void)self;
    return TN_OK;
}

TN_MODULE(start_nothing)

static void a_missing_function_is_answered_for(void **state)
{
    tn_host_call call = { .size = sizeof call, .check = find_nothing };
    tn_host host = { .abi_major = TN_ABI_MAJOR,
                     .size = sizeof host,
                     .call = &call };
    int64_t count;

    (void)state;
    assert_int_equal(tenon_plugin_v1(&host, NULL), TN_OK);
    assert_int_equal(tn_check(NULL), TN_E_BUSY);
    /* An older host, whose table ends before the member. */
    call.size = offsetof(tn_host_call, check);
    assert_int_equal(tn_check(NULL), TN_OK);
    /* No such table at all. */
    assert_int_equal(tn_records_count(&count, NULL, "x", NULL),
                     TN_E_UNSUPPORTED);
    assert_int_equal(TN_ON(NULL, .form = "x"), TN_E_UNSUPPORTED);
}

static void another_major_is_refused_by_the_module(void **state)
{
    tn_host host = { .abi_major = TN_ABI_MAJOR + 1, .size = sizeof host };

    (void)state;
    assert_int_equal(tenon_plugin_v1(&host, NULL), TN_E_UNSUPPORTED);
    assert_int_equal(tenon_plugin_v1(NULL, NULL), TN_E_UNSUPPORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_missing_function_is_answered_for),
        cmocka_unit_test(another_major_is_refused_by_the_module),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
