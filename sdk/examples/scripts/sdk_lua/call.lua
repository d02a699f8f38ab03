-- Examples: texts, people, time, rights of a call; values as JSON.
local tenon = require "tenon"

local LOAN = "sdk_lua.loan"

-- example: tn_t, tn_locale, tn_log
-- A text of the module's catalogs, in the language of who reads it. {count}
-- chooses between "one" and "other".
local function late_text(ctx, name, count)
  ctx:log("debug", "sdk_lua.late_text", ctx.locale)
  return ctx:t("sdk_lua.late", { name = name, count = count })
end
-- end

-- example: tn_person
-- Who acts; in jobs nobody does.
local function who_acts(ctx)
  return ctx.person and ctx.person.login or "nobody"
end
-- end

-- example: tn_now, tn_day, TN_AND, TN_GE, TN_LT
-- How many things were lent today: the day of the person's time zone. What
-- stands in one table must all hold.
local function count_today(ctx)
  local starts, ends = ctx:day(ctx:now())
  return ctx.records.count(LOAN, { created_at = { ge = starts, lt = ends } })
end
-- end

-- example: tn_instant, tn_date, tn_time, tn_iso_date
-- One instant, as people read it and as a date field holds it.
local function times(ctx, instant)
  return { lent_at = ctx:instant(instant), day = ctx:date(instant),
    hour = ctx:time(instant), due = ctx:iso_date(instant) }
end
-- end

-- example: tn_number, tn_money
-- For people: separators and the currency's sign as their language has them.
-- Put values, not these texts, into what programs read.
local function amounts(ctx, worth)
  return { worth = ctx:money(worth, "CNY"), plain = ctx:number(worth) }
end
-- end

-- example: tn_as_module, TN_NE
-- How many things are out. Everybody may know the number, though each sees the
-- own loans only: the module counts, and gives away nothing else.
local function lent_by_all(ctx)
  return ctx:as_module(function()
    return ctx.records.count(LOAN, { back = { ne = true } })
  end)
end
-- end

-- example: tn_token
-- An address for a visitor without an account, which nobody guesses.
local function visitor_path(ctx)
  return "/m/sdk_lua/visit/" .. ctx:token()
end
-- end

-- example: tn_from_json, tn_to_json
-- Writes a mark into JSON that was stored as text.
local function mark_seen(ctx, stored)
  local read = ctx:from_json(stored) -- what is no JSON is an error here
  read.seen = true
  return ctx:to_json(read)
end
-- end

tenon.route { path = "/api/v1/m/sdk_lua/words",
  call = function(ctx, request, answer)
    local words = times(ctx, "2026-01-05T09:00:00.000Z")
    for key, text in pairs(amounts(ctx, decimal "1234.50")) do
      words[key] = text
    end
    words.late = late_text(ctx, "Li Na", 2)
    words.who = who_acts(ctx)
    words.today = count_today(ctx)
    words.lent = lent_by_all(ctx)
    words.path_length = #visitor_path(ctx)
    words.json = mark_seen(ctx, '{"a":[1,"b"]}')
    answer:json(200, words)
  end }
