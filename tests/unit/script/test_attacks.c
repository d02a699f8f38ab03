/*
 * test_attacks.c - scripts that try to break out, to hang or to eat memory
 * (pitfalls 3, S41). Each must end within two seconds with an error, and the
 * sandbox must go on working.
 */
#include "base/banned.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <lauxlib.h>

#include "script/sandbox.h"

enum { STEPS = 5000000, MILLISECONDS = 500, MEMORY = 16 << 20 };

struct attack {
    const char *name, *code;
    enum sandbox_status ends; /* SANDBOX_OK: must run through */
};

static int body(lua_State *L)
{
    const char *code = lua_touserdata(L, 1);

    sandbox_compile(L, "attack", code, strlen(code));
    lua_call(L, 0, 0);
    return 0;
}

static enum sandbox_status run(struct sandbox *box, const char *code)
{
    return sandbox_call(box, body, (void *)code, STEPS, MILLISECONDS);
}

/* What must end by a limit (steps, time, memory) or an error. */
static const struct attack endless[] = {
    { "loop", "while true do end", SANDBOX_LIMIT },
    { "goto", "::a:: goto a", SANDBOX_LIMIT },
    { "pcall loop", "while true do pcall(error) end", SANDBOX_LIMIT },
    { "pcall around a loop",
      "while true do pcall(function() while true do end end) end",
      SANDBOX_LIMIT },
    { "nested pcall around a loop",
      "local function f() while true do pcall(f) end end f()", SANDBOX_LIMIT },
    { "loop in __index",
      "local t = setmetatable({}, {__index = function() while true do end "
      "end}) pcall(function() return t.x end) while true do end",
      SANDBOX_LIMIT },
    { "loop in __len",
      "return #setmetatable({}, {__len = function() while true do end end})",
      SANDBOX_LIMIT },
    { "endless __index chain",
      "local t = {} setmetatable(t, {__index = function(t, k) return t[k + 1] "
      "end}) return t[1]",
      SANDBOX_FAILED },
    { "__close set later",
      "local m = {} local t = setmetatable({}, m) "
      "m.__close = function() while true do end end "
      "do local x <close> = t end while true do pcall(error) end",
      SANDBOX_LIMIT },
    { "many __close that loop",
      "local m = {} m.__index = m local t = setmetatable({}, m) "
      "m.__close = function() while true do end end "
      "local function f() local x <close> = t while true do end end "
      "while true do pcall(f) end",
      SANDBOX_LIMIT },
    { "sort with a looping comparator",
      "table.sort({1, 2, 3}, function() while true do end end)",
      SANDBOX_LIMIT },
    { "gsub with a looping function",
      "(('a'):rep(100)):gsub('a', function() while true do end end)",
      SANDBOX_LIMIT },
    { "find that backtracks", "(('a'):rep(5000)):find('.-.-.-.-b')",
      SANDBOX_LIMIT },
    { "gsub that backtracks", "(('a'):rep(200000)):gsub('.-b', '')",
      SANDBOX_LIMIT },
    { "match that backtracks", "(('a'):rep(2000)):match('a*a*a*a*a*b')",
      SANDBOX_LIMIT },
    { "gmatch that backtracks",
      "for _ in (('a'):rep(5000)):gmatch('.-.-.-.-b') do end", SANDBOX_LIMIT },
    { "balanced and captures", "(('('):rep(30000)):find('(%b())(%b())x')",
      SANDBOX_LIMIT },
    { "plain find of many near hits",
      "local s, p = ('a'):rep(4000000), ('a'):rep(2000000) .. 'b' "
      "while true do s:find(p, 1, true) end",
      SANDBOX_LIMIT },
    { "table.move over everything", "table.move({}, 1, math.maxinteger - 1, 2)",
      SANDBOX_LIMIT },
    { "insert under a lying __len",
      "table.insert(setmetatable({}, {__len = function() return 1 << 40 "
      "end}), 1, 1)",
      SANDBOX_LIMIT },
    { "remove under a lying __len",
      "table.remove(setmetatable({}, {__len = function() return 1 << 40 "
      "end, __newindex = function() end}), 1)",
      SANDBOX_LIMIT },
    { "concat under a lying __len",
      "table.concat(setmetatable({}, {__len = function() return 1 << 40 "
      "end, __index = function() return '' end}))",
      SANDBOX_LIMIT },
    { "sum under a lying __len",
      "sum(setmetatable({}, {__len = function() return 1 << 40 end}))",
      SANDBOX_LIMIT },
    { "sort under a lying __len",
      "table.sort(setmetatable({}, {__len = function() return 1 << 40 end}))",
      SANDBOX_FAILED },
    { "unpack of ten million",
      "table.unpack(setmetatable({}, {__len = function() return 10000000 "
      "end}))",
      SANDBOX_FAILED },
    { "unpack overflow", "table.unpack({}, math.mininteger, math.maxinteger)",
      SANDBOX_FAILED },
    { "rep of a terabyte", "return ('x'):rep(1 << 40)", SANDBOX_FAILED },
    { "rep of nothing, often", "while true do ('').rep('', 1 << 60) end",
      SANDBOX_LIMIT },
    { "doubling", "local s = 'x' while true do s = s .. s end",
      SANDBOX_MEMORY },
    { "big tables", "local t = {} for i = 1, 1 << 40 do t[i] = {i} end",
      SANDBOX_MEMORY },
    { "a huge concat",
      "local t = {} for i = 1, 4000 do t[i] = ('x'):rep(8000) end "
      "return table.concat(t)",
      SANDBOX_MEMORY },
    { "lower of a megabyte in a loop",
      "local s = ('A'):rep(1000000) while true do s:lower() end",
      SANDBOX_LIMIT },
    { "utf8.len of a megabyte in a loop",
      "local s = ('A'):rep(1000000) while true do utf8.len(s) end",
      SANDBOX_LIMIT },
    { "deep recursion", "local function f() return 1 + f() end f()",
      SANDBOX_MEMORY },
    { "nested C calls",
      "local function f(s) return (s:gsub('a', f)) end f('a')",
      SANDBOX_FAILED },
    { "a wide format", "return ('%99999d'):format(1)", SANDBOX_FAILED },
    { "a pattern of 200 options",
      "return (('a'):rep(200)):find((('a?'):rep(200)) .. ('a'):rep(200))",
      SANDBOX_FAILED },
    { "pairs of a huge table in a loop",
      "local t = {} for i = 1, 20000 do t[i] = i end "
      "while true do for _ in pairs(t) do break end end",
      SANDBOX_LIMIT },
    { "next in a circle", "local t = {a = 1} while true do next(t) end",
      SANDBOX_LIMIT },
    { "an error object with code",
      "error(setmetatable({}, {__tostring = function() while true do end "
      "end}))",
      SANDBOX_FAILED },
    { "tostring that loops",
      "tostring(setmetatable({}, {__tostring = function() while true do end "
      "end}))",
      SANDBOX_LIMIT },
};

/* What must not be possible at all: each text asserts its own point. */
static const struct attack forbidden[] = {
    { "no loaders",
      "assert(load == nil and loadstring == nil and loadfile == nil and "
      "dofile == nil and require == nil)",
      SANDBOX_OK },
    { "no machinery",
      "assert(collectgarbage == nil and print == nil and xpcall == nil and "
      "coroutine == nil and debug == nil and os == nil and io == nil and "
      "package == nil and warn == nil and rawset == nil and _G == nil)",
      SANDBOX_OK },
    { "no bytecode", "assert(string.dump == nil and string.pack == nil)",
      SANDBOX_OK },
    { "no randomness and no clock",
      "assert(math.random == nil and math.randomseed == nil)", SANDBOX_OK },
    { "__gc is refused",
      "assert(not pcall(setmetatable, {}, {__gc = function() end}))",
      SANDBOX_OK },
    { "__close is refused",
      "assert(not pcall(setmetatable, {}, {__close = function() end}))",
      SANDBOX_OK },
    { "__mode is refused",
      "assert(not pcall(setmetatable, {}, {__mode = 'k'}))", SANDBOX_OK },
    { "__gc set later does nothing",
      "local m = {} setmetatable({}, m) m.__gc = function() while true do "
      "end end for i = 1, 1000 do local x = {i} end",
      SANDBOX_OK },
    { "the metatable of texts is hidden", "assert(getmetatable('') == false)",
      SANDBOX_OK },
    { "string can't be changed",
      "assert(not pcall(function() string.upper = nil end)) "
      "assert(('a'):upper() == 'A')",
      SANDBOX_OK },
    { "a library's inner table stays inside",
      "for _, l in ipairs{string, table, math, utf8, text, decimal, date} do "
      "local _, inner = pairs(l) assert(rawequal(inner, l)) "
      "assert(getmetatable(l) == false) assert(next(l) == nil) "
      "assert(not pcall(function() l.x = 1 end)) end",
      SANDBOX_OK },
    { "decimals and dates have hidden metatables",
      "assert(getmetatable(decimal '1') == false) "
      "assert(getmetatable(date '2026-01-01') == false)",
      SANDBOX_OK },
    { "no addresses in tostring",
      "assert(tostring({}) == 'table' and tostring(print or pcall) == "
      "'function') assert(('%s'):format({}) == 'table') "
      "assert(not pcall(string.format, '%p', {}))",
      SANDBOX_OK },
    { "an error message shows no address",
      "local ok, m = pcall(error, {}) assert(type(m) == 'table')", SANDBOX_OK },
    { "goto out of a pcall'd limit is no way out",
      "local n = 0 ::again:: n = n + 1 "
      "pcall(function() while true do end end) goto again",
      SANDBOX_LIMIT },
};

/* Processor time in ms: what else runs on the machine does not count. */
static int64_t spent(void)
{
    struct timespec time;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static struct sandbox *open_box(void)
{
    struct sandbox *box = sandbox_open(MEMORY, false);

    assert_non_null(box);
    return box;
}

static void S41_every_attack_ends_within_two_seconds(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(endless) / sizeof(*endless); i++) {
        struct sandbox *box = open_box();
        int64_t start = spent(), took;
        enum sandbox_status status = run(box, endless[i].code);

        took = spent() - start;
        if ((status != endless[i].ends && status != SANDBOX_LIMIT) ||
            took > 2000)
            print_error("%s: status %d after %d ms: %s\n", endless[i].name,
                        (int)status, (int)took, sandbox_error(box));
        assert_true(status == endless[i].ends || status == SANDBOX_LIMIT);
        assert_true(took < 2000);
        assert_int_equal(run(box, "assert(1 + 1 == 2)"), SANDBOX_OK);
        sandbox_close(box);
    }
}

static void S41_what_is_dangerous_is_not_there(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(forbidden) / sizeof(*forbidden); i++) {
        struct sandbox *box = open_box();
        enum sandbox_status status = run(box, forbidden[i].code);

        if (status != forbidden[i].ends)
            print_error("%s: %s\n", forbidden[i].name, sandbox_error(box));
        assert_int_equal(status, forbidden[i].ends);
        sandbox_close(box);
    }
}

static void S41_attacks_end_where_empty_values_spread(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(endless) / sizeof(*endless); i++) {
        struct sandbox *box = sandbox_open(MEMORY, true);
        int64_t start = spent();
        enum sandbox_status status = run(box, endless[i].code);

        if (status == SANDBOX_OK || spent() - start > 2000)
            print_error("%s: status %d\n", endless[i].name, (int)status);
        assert_true(status != SANDBOX_OK);
        assert_true(spent() - start < 2000);
        sandbox_close(box);
    }
}

static void S41_bytecode_is_not_loaded(void **state)
{
    struct sandbox *box = open_box();

    (void)state;
    assert_int_equal(run(box, "\x1bLua\x54"), SANDBOX_FAILED);
    assert_non_null(strstr(sandbox_error(box), "binary"));
    sandbox_close(box);
}

static void S41_a_limit_leaves_the_sandbox_usable(void **state)
{
    struct sandbox *box = open_box();
    int i;

    (void)state;
    for (i = 0; i < 20; i++) {
        assert_int_equal(run(box, "local s = 'x' while true do s = s .. s "
                                  "end"),
                         SANDBOX_MEMORY);
        assert_int_equal(run(box, "assert(('ab'):upper() == 'AB')"),
                         SANDBOX_OK);
    }
    assert_true(sandbox_used(box) < MEMORY / 4);
    sandbox_close(box);
}

static void a_sandbox_under_its_limit_of_memory_is_never_half_open(void **state)
{
    size_t memory;

    (void)state;
    for (memory = 1000; memory < 200000; memory += 500) {
        struct sandbox *box = sandbox_open(memory, true);

        if (box)
            run(box, "return ('x'):rep(10) .. tostring(decimal '1.5')");
        sandbox_close(box);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(S41_every_attack_ends_within_two_seconds),
        cmocka_unit_test(S41_what_is_dangerous_is_not_there),
        cmocka_unit_test(S41_attacks_end_where_empty_values_spread),
        cmocka_unit_test(S41_bytecode_is_not_loaded),
        cmocka_unit_test(S41_a_limit_leaves_the_sandbox_usable),
        cmocka_unit_test(
            a_sandbox_under_its_limit_of_memory_is_never_half_open),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
