-- What somebody answered: from the fields of a form to values, checked against
-- the questions, and to the columns of a record of survey.answer.
--
-- Names of fields: q.ID; q.ID[] of several choices and of files; q.ID.ROW of a
-- matrix; q.ID.other of the text of "Other". Values: a text, a list of texts
-- (choices, files), a map row → text; ID.other → what was typed there.

local design = require "design"

local SHORT, LONG, FILES = 200, 4000, 5
local OTHER = design.OTHER

local answer = {}

local function name_of(item, row)
  return "q." .. item.id .. (row and "." .. row.id or "")
end

answer.name_of = name_of

local function other_name(item)
  return name_of(item) .. ".other"
end

answer.other_name = other_name

function answer.other_key(item)
  return item.id .. ".other"
end

local function option_of(item, id)
  for _, option in ipairs(item.options) do
    if option.id == id then return option end
  end
end

answer.option_of = option_of

local function may_choose(item, id)
  return option_of(item, id) or item.other and id == OTHER
end

-- ---- one question: → value (nil: empty), key of what is wrong, an argument
-- of that, and the field that has it where it is not the question's own ----

local read = {}

-- What was typed behind "Other".
local function other_text(item, request)
  return item.other and text.trim(request:form(other_name(item)) or "") or ""
end

-- Nil, or what is wrong with it.
local function wrong_other(item, words)
  if words == "" then return "survey.wrong.other", nil, other_name(item) end
  if text.len(words) > SHORT then
    return "survey.wrong.long", nil, other_name(item)
  end
end

function read.single(item, request)
  local id = request:form(name_of(item)) or ""
  local words = other_text(item, request)
  -- Without scripts nothing ticks "Other" for who types there.
  if id == "" and words ~= "" then id = OTHER end
  if id == "" then return nil end
  if not may_choose(item, id) then return nil, "survey.wrong.option" end
  if id == OTHER then return id, wrong_other(item, words) end
  return id
end

local function few_or_many(item, count)
  if item.least and count < item.least then
    return "survey.wrong.few", tostring(item.least)
  end
  if item.most and count > item.most then
    return "survey.wrong.many", tostring(item.most)
  end
end

function read.multiple(item, request)
  local given, values = request:form_list(name_of(item) .. "[]") or {}, {}
  local words, chosen = other_text(item, request), {}
  for _, id in ipairs(given) do
    if not may_choose(item, id) then return nil, "survey.wrong.option" end
    chosen[id] = true
  end
  -- In the order of the question, whatever the browser's.
  for _, option in ipairs(item.options) do
    if chosen[option.id] then values[#values + 1] = option.id end
  end
  if chosen[OTHER] or words ~= "" then
    values[#values + 1] = OTHER
    local key, argument, field = wrong_other(item, words)
    if key then return values, key, argument, field end
  end
  if #values == 0 then return nil end
  return values, few_or_many(item, #values)
end

function read.scale(item, request)
  local text = request:form(name_of(item)) or ""
  if text == "" then return nil end
  local number = math.tointeger(tonumber(text))
  if not number or number < item.from or number > item.to then
    return nil, "survey.wrong.option"
  end
  return tostring(number)
end

function read.matrix(item, request)
  local values, any = {}, false
  for _, row in ipairs(item.rows) do
    local id = request:form(name_of(item, row)) or ""
    if id ~= "" then
      if not option_of(item, id) then return nil, "survey.wrong.option" end
      values[row.id] = id
      any = true
    end
  end
  return any and values or nil
end

function read.text(item, request)
  local given = text.trim(request:form(name_of(item)) or "")
  if given == "" then return nil end
  if text.len(given) > (item.long and LONG or SHORT) then
    return given, "survey.wrong.long"
  end
  return given
end

-- 12，５ and 1,000 as people type them.
local function plain(given)
  return (string.gsub(given, "[%s,]", ""))
end

function read.number(item, request)
  local given = plain(request:form(name_of(item)) or "")
  if given == "" then return nil end
  local fine, number = pcall(decimal, given)
  if not fine then return nil, "survey.wrong.number" end
  fine, number = pcall(function() return number:round(4) end)
  if not fine or number ~= decimal(given) then
    return nil, "survey.wrong.places"
  end
  if item.least and number < decimal(item.least) then
    return nil, "survey.wrong.least", item.least
  end
  if item.most and number > decimal(item.most) then
    return nil, "survey.wrong.most", item.most
  end
  return tostring(number)
end

function read.date(item, request)
  local given = request:form(name_of(item)) or ""
  if given == "" then return nil end
  local fine, day = pcall(date, given)
  if not fine then return nil, "survey.wrong.date" end
  return tostring(day)
end

-- Kept ones, uploaded before, and what came with this form.
function read.file(item, request, added)
  local ids = {}
  for _, id in ipairs(request:form_list(name_of(item) .. "[]") or {}) do
    ids[#ids + 1] = id
  end
  ids[#ids + 1] = added[item.id]
  if #ids > FILES then return nil, "survey.wrong.files" end
  return #ids > 0 and ids or nil
end

-- Whether all of a required question is there; else the field that is not.
local function missing(item, value)
  if value == nil then return name_of(item, item.rows and item.rows[1]) end
  if item.kind ~= "matrix" then return nil end
  for _, row in ipairs(item.rows) do
    if not value[row.id] then return name_of(item, row) end
  end
end

-- Whether it is chosen in an answer to a question with one or several choices.
function answer.chose(value, id)
  if type(value) ~= "table" then return value == id end
  for _, one in ipairs(value) do
    if one == id then return true end
  end
  return false
end

-- → values of what was asked, a list of problems {field, item, key, argument},
-- and what is shown. What was typed into a question that is not asked counts
-- as nothing. added: item → the id of a file that came with the form.
function answer.read(items, request, added)
  local values, wrong, problems = {}, {}, {}
  for _, item in ipairs(items) do
    if item.kind ~= "section" then
      local value, key, argument, field = read[item.kind](item, request,
        added or {})
      if key then
        wrong[item.id] = { field = field or name_of(item), item = item,
          key = key, argument = argument }
      end
      values[item.id] = value
      if item.other and answer.chose(value, OTHER) then
        values[answer.other_key(item)] = other_text(item, request)
      end
    end
  end
  local shown = design.shown(items, values)
  for _, item in ipairs(items) do
    if item.kind == "section" then
      -- Nothing is asked here.
    elseif not shown[item.id] then
      values[item.id], values[answer.other_key(item)] = nil, nil
    elseif wrong[item.id] then
      problems[#problems + 1] = wrong[item.id]
    elseif item.required then
      local field = missing(item, values[item.id])
      if field then
        problems[#problems + 1] = { field = field, item = item,
          key = "survey.wrong.missing" }
      end
    end
  end
  return values, problems, shown
end

-- Several choices in one column: "|a|c|".
local function joined(list)
  return "|" .. table.concat(list, "|") .. "|"
end

function answer.split(value)
  local list = {}
  for one in string.gmatch(value or "", "[^|]+") do list[#list + 1] = one end
  return list
end

-- The fields of the record.
function answer.columns(items, values)
  local columns = {}
  for _, item in ipairs(items) do
    local value = values[item.id]
    if value == nil then
      -- Not answered.
    elseif item.kind == "matrix" then
      for _, row in ipairs(item.rows) do columns[row.slot] = value[row.id] end
    elseif item.kind == "multiple" then
      columns[item.slot] = joined(value)
    else
      columns[item.slot] = value
    end
    if item.other_slot then
      columns[item.other_slot] = values[answer.other_key(item)]
    end
  end
  return columns
end

return answer
