-- Examples: which records; reading, writing and measuring them.
local tenon = require "tenon"

local THING, LOAN = "sdk_lua.thing", "sdk_lua.loan"

-- example: tn_records_find, TN_LT, TN_NOT
-- The late loans that this person sees, the latest first; `texts` adds each
-- field as people read it.
local function find_late(ctx)
  return ctx.records.find(LOAN, { texts = true, sort = "due",
    descending = true, limit = 20, where = {
      due = { lt = ctx:iso_date(ctx:now()) }, ["not"] = { back = true } } })
end
-- end

-- example: TN_OR, TN_CONTAINS, TN_STARTS
-- Things whose name has the word, or whose kind begins with it.
local function find_word(ctx, word)
  return ctx.records.find(THING, { sort = "name", where = { ["or"] = {
    { name = { contains = word } }, { kind = { starts = word } } } } })
end
-- end

-- example: TN_IN, TN_GE, TN_LE
-- Tools and books of a medium value; amounts are decimals or their texts.
local function count_medium(ctx)
  return ctx.records.count(THING, { kind = { ["in"] = { "tool", "book" } },
    value = { ge = decimal "50.00", le = "200.00" } })
end
-- end

-- example: TN_GT, TN_EMPTY
-- Dear things that nobody wrote a kind to.
local function count_unsorted(ctx)
  return ctx.records.count(THING,
    { value = { gt = "200.00" }, kind = { empty = true } })
end
-- end

-- example: tn_records_create
-- Lends a thing to who acts. All checks and hooks of the form run, as they do
-- on its page; a refusal ends the call here, with its reason.
local function lend(ctx, thing, due)
  return ctx.records.create(LOAN, { thing = thing, due = due })
end
-- end

-- example: tn_records_get, tn_records_update
-- Takes a thing back. The version is the one that was read: where somebody else
-- changed the record since, it is a conflict.
local function take_back(ctx, id)
  local loan = ctx.records.get(LOAN, id)
  ctx.records.update(LOAN, id, loan.version, { back = true })
end
-- end

-- example: tn_records_delete
-- Into the bin, from where people can take it back for 30 days.
local function discard(ctx, thing)
  ctx.records.delete(THING, thing.id, thing.version)
end
-- end

-- example: tn_records_aggregate
-- What the things of each kind are worth: one question to the database, not a
-- loop over records. A row: { group = { kind }, text = { kind }, count,
-- ["sum:value"] }.
local function worth_by_kind(ctx)
  return ctx.records.aggregate(THING, { groups = { "kind" },
    measures = { "count", "sum:value" }, sort = "-sum:value" })
end
-- end

-- example: tn_may
-- A button is shown to those who can use it.
local function buttons(ctx)
  return { can_lend = ctx.records.may(LOAN, "create"),
    can_export = ctx.records.may(LOAN, "export") }
end
-- end

-- example: tn_transaction
-- One comes back, another one goes: both, or neither. Everybody else who writes
-- waits meanwhile, so it does nothing but write.
local function swap(ctx, loan, thing, due)
  ctx.records.transaction(function()
    take_back(ctx, loan)
    lend(ctx, thing, due)
  end)
end
-- end

tenon.route { path = "/api/v1/m/sdk_lua/records", method = "POST",
  call = function(ctx, request, answer)
    local sent = request:json()
    local loan = lend(ctx, sent.drill, "2026-01-09")
    swap(ctx, loan, sent.saw, "2026-01-10")
    local first = worth_by_kind(ctx)[1]
    discard(ctx, ctx.records.get(THING, sent.drill))
    local made = buttons(ctx)
    made.kind, made.count = first.text.kind, first.count
    made.worth = first["sum:value"]
    answer:json(200, made)
  end }

tenon.route { path = "/api/v1/m/sdk_lua/conditions",
  call = function(ctx, request, answer)
    local names, late = {}, find_late(ctx)[1]
    for i, thing in ipairs(find_word(ctx, "tool")) do names[i] = thing.name end
    answer:json(200, { names = names, medium = count_medium(ctx),
      unsorted = count_unsorted(ctx), late = late and late.text.thing })
  end }
