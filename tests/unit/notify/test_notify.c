/*
 * test_notify.c - lines for the portal, and mails that nobody can bend.
 */
#include "base/banned.h"

#include "org/org_site.h"

#include <sodium.h>

#include "base/i18n.h"
#include "base/site.h"
#include "event/outbox.h"
#include "notify/mail.h"
#include "notify/notify.h"

extern const struct migration access_migrations[], notify_migrations[];

static int setup(void **state)
{
    static const struct migration *const more[] = { access_migrations,
                                                    notify_migrations, NULL };

    company_open(state, more);
    return 0;
}

static void tell(struct company *c, int64_t user, const char *kind,
                 const char *link)
{
    assert_int_equal(tx_begin(&c->ctx, "test"), 0);
    assert_int_equal(notify_user(&c->ctx, user, kind, NULL, link), 0);
    assert_int_equal(tx_commit(&c->ctx), 0);
}

static int64_t unread(struct company *c, int64_t user)
{
    int64_t count;

    as(c, user);
    assert_int_equal(notify_unread(&count, &c->ctx), 0);
    return count;
}

static void E48_the_same_about_the_same_is_one_line_while_unread(void **state)
{
    struct company *c = *state;

    tell(c, c->lin, "flow.notice.task", "/tasks/1");
    tell(c, c->lin, "flow.notice.task", "/tasks/1");
    tell(c, c->lin, "flow.notice.task", "/tasks/2");
    assert_int_equal(unread(c, c->lin), 2);
    assert_int_equal(notify_mark_read(&c->ctx, 0), 0);
    assert_int_equal(unread(c, c->lin), 0);
    tell(c, c->lin, "flow.notice.task", "/tasks/1");
    assert_int_equal(unread(c, c->lin), 1);
}

static void S13_messages_are_their_receivers_alone(void **state)
{
    struct company *c = *state;
    struct value *list;
    const char *link;
    int64_t id;

    tell(c, c->lin, "flow.notice.task", "/tasks/1");
    as(c, c->lin);
    assert_int_equal(notify_list(&list, &c->ctx, 10), 0);
    id = value_get_id(value_at(list, 0), "id");
    as(c, c->zhang);
    assert_refused(&c->ctx, notify_link_of(&link, &c->ctx, id), E_NOT_FOUND,
                   "notify.absent");
    assert_int_equal(notify_mark_read(&c->ctx, id), 0);
    assert_int_equal(unread(c, c->lin), 1);
}

static void somebody_disabled_is_told_nothing(void **state)
{
    struct company *c = *state;

    tell(c, c->gone, "flow.notice.task", "/tasks/1");
    assert_int_equal(unread(c, c->gone), 0);
}

static void nothing_is_told_of_what_was_rolled_back(void **state)
{
    struct company *c = *state;

    assert_int_equal(tx_begin(&c->ctx, "test"), 0);
    assert_int_equal(notify_user(&c->ctx, c->lin, "x", NULL, "/"), 0);
    tx_rollback(&c->ctx);
    assert_int_equal(unread(c, c->lin), 0);
}

static void a_text_outlives_the_catalog_it_came_from(void **state)
{
    struct company *c = *state;
    struct value *list;
    int i;

    assert_int_equal(catalog_load_flat(&c->ctx, "core/notify/locale", "module"),
                     0);
    assert_int_equal(tx_begin(&c->ctx, "test"), 0);
    assert_int_equal(
        notify_user_lasting(&c->ctx, c->lin, "notify.absent", NULL, "/m/x"), 0);
    assert_int_equal(tx_commit(&c->ctx), 0);
    as(c, c->lin);
    for (i = 0; i < 2; i++) {
        assert_int_equal(notify_list(&list, &c->ctx, 10), 0);
        assert_string_equal(value_get_text(value_at(list, 0), "text"),
                            "This message is gone.");
        catalog_unload("module");
    }
    c->ctx.locale = "zh-TW";
    assert_int_equal(notify_list(&list, &c->ctx, 10), 0);
    assert_string_equal(value_get_text(value_at(list, 0), "text"),
                        "這則訊息已不存在。");
    c->ctx.locale = "en";
}

static const char *written(struct company *c, const struct mail *mail)
{
    struct buf *buf = arena_alloc(c->ctx.arena, sizeof *buf);

    buf_init(buf, c->ctx.arena, 65536);
    assert_int_equal(mail_write(buf, &c->ctx, mail), 0);
    return buf_text(buf);
}

static int count(const char *text, const char *part)
{
    int n = 0;

    while ((text = strstr(text, part))) {
        n++;
        text += strlen(part);
    }
    return n;
}

static void S31_line_ends_in_subject_and_name_make_no_header(void **state)
{
    struct company *c = *state;
    struct mail mail = {
        .to = "lin@example.com",
        .to_name = "Lin\r\nBcc: eve@example.com",
        .subject = "Hello\r\nBcc: eve@example.com\n\nbody \xe4\xbd\xa0",
        .text = "text\n.\r\nQUIT\r\n",
        .key = "1:mail",
    };
    const char *text = written(c, &mail);

    assert_null(strstr(text, "eve@example.com"));
    assert_int_equal(count(text, "\r\nTo: "), 1);
    assert_int_equal(count(text, "\r\nSubject: =?UTF-8?B?"), 1);
    assert_null(strstr(text, "Bcc"));
    assert_null(strstr(text, "QUIT"));
}

static void S31_an_address_that_is_more_than_one_is_refused(void **state)
{
    static const char *const bad[] = {
        "lin@example.com, eve@example.com",
        "lin@example.com\r\nBcc: x@y",
        "<lin@example.com>",
        "lin",
        "@",
        "a@b@c",
        "lin@example.com ",
    };
    struct company *c = *state;
    struct buf buf;
    size_t i;

    for (i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct mail mail = { bad[i], NULL, "s", "t", "k" };

        buf_init(&buf, c->ctx.arena, 65536);
        assert_refused(&c->ctx, mail_write(&buf, &c->ctx, &mail), E_INVALID,
                       "notify.address");
    }
}

static void long_chinese_subjects_are_cut_between_characters(void **state)
{
    struct company *c = *state;
    struct mail mail = { .to = "lin@example.com",
                         .subject = "请审批张三提交的二〇二六年第四季度市场活动"
                                    "预算申请单并尽快回复",
                         .text = "x",
                         .key = "k" };
    const char *at = written(c, &mail), *line;
    unsigned char out[64];
    size_t length;

    for (at = strstr(at, "=?UTF-8?B?"); at; at = strstr(at, "=?UTF-8?B?")) {
        at += 10;
        line = strstr(at, "?=");
        assert_true(line - at <= 63);
        assert_int_equal(
            sodium_base642bin(out, sizeof out, at, (size_t)(line - at), NULL,
                              &length, NULL, sodium_base64_VARIANT_ORIGINAL),
            0);
        assert_true((out[0] & 0xc0) != 0x80);
    }
}

#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, setup, company_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(E48_the_same_about_the_same_is_one_line_while_unread),
        TEST(S13_messages_are_their_receivers_alone),
        TEST(somebody_disabled_is_told_nothing),
        TEST(nothing_is_told_of_what_was_rolled_back),
        TEST(a_text_outlives_the_catalog_it_came_from),
        TEST(S31_line_ends_in_subject_and_name_make_no_header),
        TEST(S31_an_address_that_is_more_than_one_is_refused),
        TEST(long_chinese_subjects_are_cut_between_characters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
