-- The questions of a survey: a list of items in JSON, kept in the field
-- "design". What people send is checked here as a whole, and written anew
-- with nothing in it that is not known.
--
-- Each question has slots: columns of an answer (forms/answer.json) that are
-- its own for ever. c: short text (choices), n: number, t: text, f: files.
--
-- Where a choice offers "Other: ___" its id is OTHER, which no option can have,
-- and what is typed there has a column for texts (other_slot).

local KINDS = { section = "", single = "c", multiple = "c", scale = "c",
  matrix = "c", text = "t", number = "n", date = "c", file = "f" }
local SLOTS = { c = 80, n = 20, t = 30, f = 10 }
local ITEMS, OPTIONS, ROWS, TITLE, HINT = 80, 30, 20, 300, 1000
local SCALE_LEAST, SCALE_MOST = 0, 10
local OTHER = "_other"

-- Which questions a condition may ask, and how.
local ASKED = {
  single = { is = true, is_not = true }, multiple = { is = true, is_not = true },
  scale = { at_least = true, at_most = true },
  number = { at_least = true, at_most = true },
}

local design = { kinds = KINDS, OTHER = OTHER }

-- ---- reading ----

-- One problem at a time, told at the question that has it.
local Refusal = {}

local function refuse(item, key, arguments)
  error({ Refusal, item, key, arguments }, 0)
end

local function is_list(value)
  return type(value) == "table" and (value[1] ~= nil or next(value) == nil)
end

local function line(item, value, most, key, needed)
  if value == nil then value = "" end
  if type(value) ~= "string" then refuse(item, "survey.bad.shape") end
  value = text.trim(value)
  if needed and value == "" then refuse(item, key) end
  if text.len(value) > most then
    refuse(item, "survey.bad.long", { tostring(most) })
  end
  return value ~= "" and value or nil
end

local function id_of(item, value, taken)
  if type(value) ~= "string" or not string.match(value, "^%a[%w]*$")
    or #value > 12 or taken[value] then
    refuse(item, "survey.bad.shape")
  end
  taken[value] = true
  return value
end

local function parts(item, list, most, key)
  local out, taken = {}, {}
  if not is_list(list) then refuse(item, "survey.bad.shape") end
  if #list > most then
    refuse(item, "survey.bad.many", { tostring(most) })
  end
  for i, one in ipairs(list) do
    if type(one) ~= "table" then refuse(item, "survey.bad.shape") end
    out[i] = { id = id_of(item, one.id, taken),
      title = line(item, one.title, TITLE, key, true) }
  end
  return out
end

local function whole(item, value, least, most)
  local number = math.tointeger(tonumber(value))
  if not number or number < least or number > most then
    refuse(item, "survey.bad.number")
  end
  return number
end

-- "12.50", or nil where it is empty.
local function amount(item, value)
  if value == nil or value == "" then return nil end
  local fine, number = pcall(decimal, tostring(value))
  if not fine then refuse(item, "survey.bad.number") end
  return tostring(number)
end

local readers = {}

function readers.single(item, given)
  item.options = parts(item, given.options, OPTIONS, "survey.bad.option")
  item.other = given.other == true or nil
  if #item.options < 2 then refuse(item, "survey.bad.few_options") end
end

-- How many may be chosen; nil where that is left open.
local function limit(item, value, most)
  if value == nil or value == "" then return nil end
  local number = math.tointeger(tonumber(value))
  if not number or number < 1 or number > most then
    refuse(item, "survey.bad.limit", { tostring(most) })
  end
  return number
end

function readers.multiple(item, given)
  readers.single(item, given)
  local count = #item.options + (item.other and 1 or 0)
  item.least = limit(item, given.least, count)
  item.most = limit(item, given.most, count)
  if item.least and item.most and item.least > item.most then
    refuse(item, "survey.bad.range")
  end
end

function readers.scale(item, given)
  item.from = whole(item, given.from or 1, SCALE_LEAST, 1)
  item.to = whole(item, given.to or 5, 2, SCALE_MOST)
  item.low = line(item, given.low, TITLE)
  item.high = line(item, given.high, TITLE)
end

function readers.matrix(item, given)
  item.options = parts(item, given.options, OPTIONS, "survey.bad.option")
  item.rows = parts(item, given.rows, ROWS, "survey.bad.row")
  if #item.options < 2 then refuse(item, "survey.bad.few_options") end
  if #item.rows < 1 then refuse(item, "survey.bad.few_rows") end
end

function readers.text(item, given)
  item.long = given.long == true or nil
end

function readers.number(item, given)
  item.unit = line(item, given.unit, 20)
  item.least = amount(item, given.least)
  item.most = amount(item, given.most)
  if item.least and item.most and decimal(item.least) > decimal(item.most) then
    refuse(item, "survey.bad.range")
  end
end

-- A condition asks a question that stands before.
local function read_when(item, when, before)
  if type(when) ~= "table" then refuse(item, "survey.bad.shape") end
  local asked = before[when.question]
  if not asked or not ASKED[asked.kind] then
    refuse(item, "survey.bad.condition")
  end
  local op = when.op
  if not ASKED[asked.kind][op] then refuse(item, "survey.bad.condition") end
  if op == "at_least" or op == "at_most" then
    local value = amount(item, when.value)
    if not value then refuse(item, "survey.bad.condition") end
    return { question = asked.id, op = op, value = value }
  end
  local known, values = {}, {}
  for _, option in ipairs(asked.options) do known[option.id] = true end
  known[OTHER] = asked.other
  if not is_list(when.values) or #when.values == 0 then
    refuse(item, "survey.bad.condition")
  end
  for i, value in ipairs(when.values) do
    if not known[value] then refuse(item, "survey.bad.condition") end
    values[i] = value
  end
  return { question = asked.id, op = op, values = values }
end

local function read_item(given, number, taken, before)
  local item = { number = number }
  if type(given) ~= "table" or not KINDS[given.kind] then
    refuse(item, "survey.bad.shape")
  end
  item.id = id_of(item, given.id, taken)
  item.kind = given.kind
  item.title = line(item, given.title, TITLE, "survey.bad.title", true)
  item.hint = line(item, given.hint, HINT)
  if item.kind ~= "section" then
    item.required = given.required == true or nil
  end
  if readers[item.kind] then readers[item.kind](item, given) end
  if given.when ~= nil and next(given.when) ~= nil then
    item.when = read_when(item, given.when, before)
  end
  before[item.id] = item
  return item
end

-- The items of a JSON value; else nil and what is wrong with which one.
function design.read(given)
  local items = {}
  local fine, problem = pcall(function()
    local list = type(given) == "table" and given.items or nil
    local taken, before = {}, {}
    if not is_list(list) then refuse({ number = 0 }, "survey.bad.shape") end
    if #list > ITEMS then
      refuse({ number = 0 }, "survey.bad.items", { tostring(ITEMS) })
    end
    for i, one in ipairs(list) do
      items[i] = read_item(one, i, taken, before)
    end
  end)
  if fine then return items end
  if type(problem) ~= "table" or problem[1] ~= Refusal then error(problem, 0) end
  return nil, { number = problem[2].number, title = problem[2].title,
    key = problem[3], arguments = problem[4] }
end

-- ---- slots ----

local function index(items)
  local map = {}
  for _, item in ipairs(items or {}) do map[item.id] = item end
  return map
end

design.index = index

-- Gives each question, and each row of a matrix, its column. What had one
-- keeps it; `used` counts how many of each letter were ever given. Returns
-- the letter of which there are not enough.
function design.give_slots(items, old, used)
  local before = index(old)
  local function take(kept, letter)
    if kept then return kept end
    used[letter] = (used[letter] or 0) + 1
    return used[letter] <= SLOTS[letter] and letter .. used[letter] or nil
  end
  for _, item in ipairs(items) do
    local letter, was = KINDS[item.kind], before[item.id]
    if item.kind == "matrix" then
      local rows = index(was and was.rows)
      for _, row in ipairs(item.rows) do
        row.slot = take(rows[row.id] and rows[row.id].slot, letter)
        if not row.slot then return letter end
      end
    elseif letter ~= "" then
      item.slot = take(was and was.slot, letter)
      if not item.slot then return letter end
    end
    if item.other then
      item.other_slot = take(was and was.other_slot, "t")
      if not item.other_slot then return "t" end
    end
  end
end

-- ---- what may still change once people have answered ----

local function lost(now, before, key)
  local there = {}
  for _, one in ipairs(now[key] or {}) do there[one.id] = true end
  for _, one in ipairs(before[key] or {}) do
    if not there[one.id] then return one.title end
  end
end

local function same_when(a, b)
  if not a or not b then return a == b end
  return a.question == b.question and a.op == b.op and a.value == b.value
    and table.concat(a.values or {}, "|") == table.concat(b.values or {}, "|")
end

-- Whether something that was answered so far would be refused now.
local function tighter(now, before)
  local function more(a, b) return a and (not b or a > b) end
  return now.kind == "multiple" and (more(now.least, before.least)
    or now.most and (not before.most or now.most < before.most))
end

-- Words, order, further questions and options may change; what answers were
-- given to may not go. Returns the key of what is refused and the name of
-- what would be lost.
function design.breaks(items, old)
  local now, before = index(items), index(old)
  for _, was in ipairs(old) do
    local item = now[was.id]
    if not item then return "survey.bad.lost_question", was.title end
    if item.kind ~= was.kind or item.from ~= was.from or item.to ~= was.to then
      return "survey.bad.other_kind", was.title
    end
    local part = lost(item, was, "options") or lost(item, was, "rows")
    if part then return "survey.bad.lost_option", part end
    if was.other and not item.other then
      return "survey.bad.lost_other", was.title
    end
    if tighter(item, was) then return "survey.bad.tighter", was.title end
    if not same_when(item.when, was.when) then
      return "survey.bad.other_condition", was.title
    end
    if item.required and not was.required then
      return "survey.bad.now_required", was.title
    end
  end
  for _, item in ipairs(items) do
    if not before[item.id] and item.required then
      return "survey.bad.new_required", item.title
    end
  end
end

-- ---- branching ----

local function has(list, value)
  for _, one in ipairs(list) do
    if one == value then return true end
  end
  return false
end

local function holds(when, value)
  if value == nil then return false end
  if when.op == "at_least" then return decimal(value) >= decimal(when.value) end
  if when.op == "at_most" then return decimal(value) <= decimal(when.value) end
  local met = false
  for _, one in ipairs(type(value) == "table" and value or { value }) do
    met = met or has(when.values, one)
  end
  if when.op == "is_not" then return not met end
  return met
end

-- Which items are asked, given the values so far (a map id → text, or list of
-- texts). A condition on a question that is not asked itself finds no value;
-- a section that is not shown takes its questions along. web/answer.js does
-- the same.
function design.shown(items, values)
  local shown, section = {}, true
  for _, item in ipairs(items) do
    local asked = not item.when
    if item.when then
      local other = item.when.question
      asked = holds(item.when, shown[other] and values[other] or nil)
    end
    if item.kind == "section" then
      section = asked
      shown[item.id] = asked
    else
      shown[item.id] = section and asked
    end
  end
  return shown
end

return design
