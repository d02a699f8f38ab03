/*
 * test_libraries.c - what scripts can count on: each case is a piece of Lua
 * that asserts, or an error that it must raise.
 */
#include "base/banned.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#undef fail

#include <lauxlib.h>

#include "script/lib_decimal.h"
#include "script/sandbox.h"

static int body(lua_State *L)
{
    const char *code = lua_touserdata(L, 1);

    date_set_today(L, "2026-11-23");
    sandbox_compile(L, "case", code, strlen(code));
    lua_call(L, 0, 0);
    return 0;
}

static void holds_in(bool spreads, const char *code)
{
    struct sandbox *box = sandbox_open(8 << 20, spreads);

    if (sandbox_call(box, body, (void *)code, 1000000, 1000) != SANDBOX_OK) {
        print_error("%s\n  %s\n", code, sandbox_error(box));
        _fail(__FILE__, __LINE__);
    }
    sandbox_close(box);
}

static void holds(const char *code)
{
    holds_in(false, code);
}

static void fails_in(bool spreads, const char *code, const char *message)
{
    struct sandbox *box = sandbox_open(8 << 20, spreads);

    if (sandbox_call(box, body, (void *)code, 1000000, 1000) !=
            SANDBOX_FAILED ||
        !strstr(sandbox_error(box), message)) {
        print_error("%s\n  %s\n", code, sandbox_error(box));
        _fail(__FILE__, __LINE__);
    }
    sandbox_close(box);
}

static void fails(const char *code, const char *message)
{
    fails_in(false, code, message);
}

static void patterns_match_as_the_manual_says(void **state)
{
    (void)state;
    holds("assert(('hello world'):find('o w') == 5)");
    holds("local a, b = ('hello'):find('l+') assert(a == 3 and b == 4)");
    holds("assert(('hello'):find('xyz') == nil)");
    holds("assert(('hello'):find('') == 1 and ('hello'):find('', 6) == 6 and "
          "('hello'):find('', 7) == nil)");
    holds("assert(('a.b'):find('.', 1, true) == 2)");
    holds("assert(('hello'):find('l', -2) == 4)");
    holds("assert(('key = value'):match('^(%w+)%s*=%s*(%w+)$') == 'key')");
    holds("local k, v = ('key = value'):match('^(%w+)%s*=%s*(%w+)$') "
          "assert(v == 'value')");
    holds("assert(('2026-11-23'):match('%d%d%d%d%-(%d%d)') == '11')");
    holds("assert(('[[x]]'):match('%[(%b[])%]') == '[x]')");
    holds("assert(('THE (quick) fox'):find('%((%a+)%)') == 5)");
    holds("assert(('hello'):match('()ll()') == 3)");
    holds("assert(('abcabc'):match('(abc)%1') == 'abc')");
    holds("assert(('x]y'):match('[]]') == ']')");
    holds("assert(('x-y'):match('[a%-z]', 2) == '-')");
    holds("assert(('THE fox'):gsub('%f[%a]%a+', string.lower) == 'the fox')");
    holds("assert(('a,b,,c'):gsub(',', ';') == 'a;b;;c')");
    holds("local s, n = ('abc'):gsub('', '-') assert(s == '-a-b-c-' and "
          "n == 4)");
    holds("assert(('abc'):gsub('%w', '%0%0') == 'aabbcc')");
    holds("assert(('abc'):gsub('%w', '%%') == '%%%')");
    holds("assert(('$x $y'):gsub('%$(%w+)', {x = 'one'}) == 'one $y')");
    holds("assert(('abc'):gsub('b', function() return nil end) == 'abc')");
    holds("assert(('aaa'):gsub('a', 'b', 2) == 'bba')");
    holds("assert(('aaa'):gsub('^a', 'b') == 'baa')");
    holds("local t = {} for k, v in ('a=1, b=2'):gmatch('(%w+)=(%w+)') do "
          "t[k] = v end assert(t.a == '1' and t.b == '2')");
    holds("local n = 0 for w in ('one two'):gmatch('%a+') do n = n + 1 end "
          "assert(n == 2)");
    holds("local n = 0 for _ in ('abc'):gmatch('') do n = n + 1 end "
          "assert(n == 4)");
    holds("assert(('费用报销'):match('报') == '报')");
    holds("assert(('abc'):match('a-c') == 'c' and ('aac'):match('a-c') == "
          "'aac')");
    holds("assert(('a\\0b'):find('%z') == nil)");
    fails("('a'):find('[a')", "missing ']'");
    fails("('a'):find('%')", "ends with '%'");
    fails("('a'):find('(a')", "unfinished capture");
    fails("('a'):match('a)')", "invalid pattern capture");
    fails("('a'):find('%1')", "invalid capture index");
    fails("('a'):gsub('a', '%2')", "invalid capture index");
    fails("('a'):gsub('a', true)", "string/function/table");
}

static void tables_sort_move_and_join(void **state)
{
    (void)state;
    holds("local t = {3, 1, 2} table.sort(t) assert(table.concat(t) == "
          "'123')");
    holds("local t = {3, 1, 2} table.sort(t, function(a, b) return a > b end) "
          "assert(table.concat(t) == '321')");
    holds("local t = {} for i = 1, 1000 do t[i] = {k = i % 3, i = i} end "
          "table.sort(t, function(a, b) return a.k < b.k end) "
          "for i = 2, 1000 do assert(t[i-1].k < t[i].k or (t[i-1].k == "
          "t[i].k and t[i-1].i < t[i].i)) end");
    holds("local t = {5, 4, 3} table.sort(t, function() return true end) "
          "assert(#t == 3)");
    holds("local t = {} for i = 1, 100 do t[i] = decimal(100 - i) end "
          "table.sort(t) assert(tostring(t[1]) == '0')");
    holds("local t = {1, 2} table.insert(t, 3) table.insert(t, 1, 0) "
          "assert(table.concat(t, ',') == '0,1,2,3')");
    holds("local t = {1, 2, 3} assert(table.remove(t, 1) == 1 and "
          "table.remove(t) == 3 and #t == 1) assert(table.remove({}) == nil)");
    holds("local t = table.move({1, 2, 3}, 1, 3, 2) "
          "assert(table.concat(t) == '1123')");
    holds("assert(table.concat(table.move({1, 2, 3}, 2, 3, 1)) == '233')");
    holds("assert(select('#', table.unpack({1, nil, 3}, 1, 3)) == 3)");
    holds("assert(table.pack(1, nil).n == 2)");
    holds("assert(table.concat({decimal '1.50', 'x'}, ' ') == '1.50 x')");
    fails("table.concat({1, {}, 3})", "can't be joined");
    fails("table.insert({1}, 5, 1)", "out of bounds");
    fails("table.insert({1}, 1, 2, 3)", "wrong number");
}

static void pairs_goes_in_the_order_of_keys(void **state)
{
    (void)state;
    holds("local t = {z = 1, a = 2, [10] = 3, [2] = 4, [2.5] = 5, m = 6} "
          "local s = {} for k in pairs(t) do s[#s + 1] = tostring(k) end "
          "assert(table.concat(s, ' ') == '2 2.5 10 a m z')");
    holds("local t, s = {c = 1, b = 2, a = 3}, '' local k, v = next(t) "
          "while k do s = s .. k k, v = next(t, k) end assert(s == 'abc')");
    holds("local t = {} for i = 1, 300 do t['k' .. i] = i end local n, last = "
          "0, '' for k in pairs(t) do assert(k > last) last = k n = n + 1 end "
          "assert(n == 300)");
    holds("local t = {a = 1, b = 2, c = 3} local s = '' for k in pairs(t) do "
          "s = s .. k t.b = nil end assert(s == 'ac')");
    holds("assert(next({}) == nil)");
}

static void decimals_are_exact(void **state)
{
    (void)state;
    holds("assert(decimal '0.1' + decimal '0.2' == decimal '0.3')");
    holds("assert(tostring(decimal '1.25' * 3) == '3.75')");
    holds("assert(tostring(2 - decimal '0.5') == '1.5')");
    holds("assert(tostring(decimal '10' / 3) == '3.333333')");
    holds("assert(tostring(decimal.divide(10, 3, 2)) == '3.33')");
    holds("assert(tostring((decimal '2.345'):round(2)) == '2.35')");
    holds("assert(tostring((decimal '-2.345'):round(2)) == '-2.35')");
    holds("assert(tostring((decimal '-2.5'):floor()) == '-3' and "
          "tostring((decimal '-2.5'):ceil()) == '-2')");
    holds("assert(decimal '1.50' == decimal '1.5')");
    holds("assert(decimal '1.5' < 2 and 1 < decimal '1.5' and "
          "decimal '2' >= 2)");
    holds("assert(-decimal '1' == decimal '-1')");
    holds("assert(tostring(decimal '-7' % 3) == '2' and "
          "tostring(decimal '-7' // 3) == '-3')");
    holds("assert(tostring(decimal '7.5' % decimal '2') == '1.5')");
    holds("assert((decimal '0.00'):is_zero())");
    holds("assert((decimal '2.5'):integer() == 3)");
    holds("assert((decimal '0.1'):number() == 0.1)");
    holds("assert('合计 ' .. decimal '1.50' .. ' 元' == '合计 1.50 元')");
    holds("assert(tostring(decimal('1', 2)) == '1.00')");
    holds("assert(tostring(decimal.max(1, decimal '2.5', 2)) == '2.5')");
    holds("assert(tostring(decimal.min(1, decimal '0.5')) == '0.5')");
    holds("assert(tostring(sum({{a = decimal '1.10'}, {a = decimal '2'}}, "
          "'a')) == '3.10')");
    holds("assert(sum({1, 2, 3}) == 6 and sum({}) == 0)");
    fails("return decimal '1' + 0.5", "floating point");
    fails("return decimal '1' < 0.5", "floating point");
    fails("return decimal '1' + '1'", "mixed with a text");
    fails("return decimal '1' / 0", "division by zero");
    fails("return decimal '1' % decimal '0'", "division by zero");
    fails("return decimal '999999999999999999' + 1", "18 digits");
    fails("return decimal '1e3'", "no decimal number");
    fails("return decimal '1.0000000001'", "no decimal number");
    fails("return decimal(0.5)", "floating point");
    fails("return decimal(math.maxinteger)", "18 digits");
    fails("return decimal '2' ^ 2", "no power");
    fails("return decimal '1' .. {}", "concatenate");
    fails("return decimal '1' < {}", "a table value");
    fails("return (decimal '1'):round(10)", "0 to 9");
    fails("(decimal '1').x = 1", "index");
}

static void dates_count_days(void **state)
{
    (void)state;
    holds("assert(tostring(date '2026-01-31' + 1) == '2026-02-01')");
    holds("assert(date '2024-03-01' - date '2024-02-28' == 2)");
    holds("assert(date '2023-03-01' - date '2023-02-28' == 1)");
    holds("assert(tostring((date '2026-01-31'):add_months(1)) == "
          "'2026-02-28')");
    holds("assert(tostring((date '2024-02-29'):add_years(1)) == "
          "'2025-02-28')");
    holds("assert(tostring((date '2026-01-15'):add_months(-1)) == "
          "'2025-12-15')");
    holds("assert(tostring((date '2026-02-10'):month_end()) == '2026-02-28')");
    holds("assert(tostring((date '2026-02-10'):month_start()) == "
          "'2026-02-01')");
    holds("assert((date '2026-11-23').weekday == 1 and (date "
          "'1969-12-28').weekday == 7)");
    holds("local d = date '2026-11-23' assert(d.year == 2026 and d.month == "
          "11 and d.day == 23)");
    holds("assert(date(2026, 11, 23) == date '2026-11-23')");
    holds("assert(date '2026-01-01' < date '2026-01-02')");
    holds("assert(date.today() == date '2026-11-23')");
    holds("assert(date.minutes('2026-11-23T09:30:00.000Z', "
          "'2026-11-24T10:00:00.000Z') == 1470)");
    holds("local d = date '0001-01-01' for i = 1, 3000 do local n = d + i * "
          "1217 assert(n - d == i * 1217) assert(date(tostring(n)) == n) end");
    fails("return date '2026-02-29'", "no date");
    fails("return date '2026-2-9'", "no date");
    fails("return date(2026, 13, 1)", "no such day");
    fails("return date '9999-12-31' + 1", "1 to 9999");
    fails("return date '2026-01-01' < '2026-01-02'", "compare a date");
    fails("return date '2026-01-01' + 0.5", "number has no integer");
}

static void text_counts_characters(void **state)
{
    (void)state;
    holds("assert(text.len('费用报销') == 4 and #'费用报销' == 12)");
    holds("assert(text.sub('费用报销单', 2, 3) == '用报')");
    holds("assert(text.sub('费用报销单', -2) == '销单')");
    holds("assert(text.sub('abc', 5) == '' and text.sub('abc', 0, 1) == 'a')");
    holds("assert(text.trim('　 你好 \\n') == '你好')");
    holds("assert(text.trim('  ') == '' and text.trim('') == '')");
    holds("assert(text.starts('发票', '发') and text.ends('发票', '票'))");
    holds("assert(text.contains('a+b', '+') and not text.contains('a', 'b'))");
    holds("assert(table.concat(text.split('a,,b', ','), '|') == 'a||b')");
    fails("return text.len('\\xff')", "not valid UTF-8");
    fails("return text.len('\\xed\\xa0')", "not valid UTF-8");
    fails("return text.split('a', '')", "separator");
}

static void format_and_numbers_are_the_same_everywhere(void **state)
{
    (void)state;
    holds("assert(('%d %s %5.2f'):format(1, 'x', 2.5) == '1 x  2.50')");
    holds("assert(('%s'):format(decimal '1.50') == '1.50')");
    holds("assert(('%s %s'):format(nil, true) == 'nil true')");
    holds("assert(('%5s|%-5s|'):format('a', 'b') == '    a|b    |')");
    holds("assert(('%%'):format() == '%')");
    holds("assert(('%q'):format('a\\nb') == '\"a\\\\\\nb\"')");
    holds("assert(math.sqrt(2)^2 > 1.99 and math.exp == nil)");
    holds("assert(math.pow(2, 10) == 1024 and math.pow(2, -1) == 0.5 and "
          "math.pow(7, 0) == 1)");
    holds_in(true, "local s = '^' --^ [[^]]\n s = [[^]] .. \"\\\"^\" "
                   "--[==[ ^ ]==]\n assert(s == '^\"^')");
    fails_in(true, "local x = '' --[[\n]] return 2 ^ 3",
             "case:2: '^' is not available");
    fails("return ('%a'):format(1)", "not available");
    fails("return ('%d'):format('x')", "number expected");
    fails("return ('%d'):format()", "no value");
}

static void empty_values_spread_where_wanted(void **state)
{
    (void)state;
    holds_in(true, "local n = nil assert(n + 1 == nil and 2 * n == nil and "
                   "-n == nil)");
    holds_in(true, "local n = nil assert(not (n > 5) and not (5 > n) and not "
                   "(n <= 5))");
    holds_in(true, "local n = nil assert(decimal '1' + n == nil and n * "
                   "decimal '1' == nil and not (decimal '1' < n))");
    holds_in(true, "local n = nil assert(date '2026-01-01' + n == nil and not "
                   "(date '2026-01-01' < n))");
    holds_in(true, "local n = nil assert('a' .. n == 'a' and n .. 'b' == 'b' "
                   "and #n == 0)");
    holds_in(true, "local n = nil assert(n .. decimal '1' == '1' and "
                   "date '2026-01-01' .. n == '2026-01-01')");
    holds_in(true, "assert(sum(nil) == 0 and decimal(nil) == nil)");
    fails("local n = nil return n + 1", "arithmetic on a nil");
    fails("return decimal '1' + nil", "nil value");
    fails("local n = nil return n < 1", "compare");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_match_as_the_manual_says),
        cmocka_unit_test(tables_sort_move_and_join),
        cmocka_unit_test(pairs_goes_in_the_order_of_keys),
        cmocka_unit_test(decimals_are_exact),
        cmocka_unit_test(dates_count_days),
        cmocka_unit_test(text_counts_characters),
        cmocka_unit_test(format_and_numbers_are_the_same_everywhere),
        cmocka_unit_test(empty_values_spread_where_wanted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
