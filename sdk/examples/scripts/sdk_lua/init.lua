-- The examples of the SDK's reference: a module that lends things.
--
-- What stands between "example:" and "end" is quoted there, under each of the
-- names that follow: the names of C, whose twin plugins/sdk_c is. The rest
-- makes the examples run: sdk/examples/tests asks for their results.

-- plain Lua: tn_alloc, tn_keep, tn_check, tn_kind, tn_is_null, tn_as_bool,
-- tn_as_int, tn_as_double, tn_as_text, tn_as_decimal, tn_as_instant, tn_as_id,
-- tn_count, tn_at, tn_item, tn_key_at, tn_bool, tn_int, tn_double,
-- tn_decimal_value, tn_text, tn_instant_value, tn_id, tn_list, tn_map,
-- tn_append, tn_put, TN_TEST, TN_PARTS, TN_HAS, TN_MODULE
-- Values are Lua's own: texts, numbers, booleans, tables; money is a decimal.
-- Ids, dates and date-times are texts. What is missing is nil, tenon.null the
-- null inside of a table. Memory needs no thought; a call that takes too long
-- is ended. The file that plugin.cfg names is the module's start: an error in
-- it is told with its line. A name that the host does not have is an error.
local tenon = require "tenon"

local function card(ctx, name, sent)
  local words = {}
  for i, word in ipairs(sent.words or {}) do words[i] = word:upper() end
  return {
    name = name, words = words, count = #words, free = #words > 0,
    days = sent.days or 14,
    -- One percent of the value, a day: decimals have no rounding of doubles.
    fine = decimal(sent.value) * decimal "0.01" * 7,
    due = date(sent.day) + 7,
    nothing = type(sent.absent) == "nil" and tenon.null or sent.absent,
    can_chart = pcall(function() return ctx.chart end),
    can_fly = pcall(function() return ctx.fly end),
  }
end
-- end

tenon.route { path = "/api/v1/m/sdk_lua/values", method = "POST",
  call = function(ctx, request, answer)
    answer:json(200, card(ctx, "Drill", request:json()))
  end }

require "call"
require "hooks"
require "records"
require "web"
require "people"
require "work"
require "slots"
