-- What pages show of a survey: data for the templates.

local tenon = require "tenon"
local answer = require "answer"
local design = require "design"

local view = {}

local COLORS = { draft = "gray", open = "green", closed = "blue" }

-- 2.5000 → 2.5
function view.shorter(number)
  return (string.gsub(string.gsub(tostring(number), "(%..-)0+$", "%1"),
    "%.$", ""))
end

function view.status(ctx, status)
  return { text = ctx:t("survey.status." .. status), color = COLORS[status] }
end

-- What an answer of a choice is called, "Other" too.
function view.title_of(ctx, item, id)
  if item.other and id == design.OTHER then return ctx:t("survey.other") end
  local option = item.options and answer.option_of(item, id)
  return option and option.title or id
end

-- "Only where “Are you coming?” is: Yes, Maybe", for readers without scripts.
local function only_where(ctx, item, by_id)
  local when = item.when
  if not when then return nil end
  local asked, words = by_id[when.question], {}
  for i, value in ipairs(when.values or {}) do
    words[i] = view.title_of(ctx, asked, value)
  end
  return ctx:t("survey.only." .. when.op, { question = asked.title,
    value = when.value or table.concat(words, ctx:t("survey.or")) })
end

view.only_where = only_where

local function options_of(item, chosen)
  local list = {}
  for i, option in ipairs(item.options) do
    list[i] = { value = option.id, label = option.title,
      selected = chosen(option.id) or false }
  end
  return list
end

-- ---- a question's control, by kind. raw(name): what was typed before ----

local control = {}

-- "Other: ___" below the options. A text that was typed chooses it.
local function offer_other(ctx, field, item, raw, errors, chosen)
  if not item.other then return end
  local name = answer.other_name(item)
  local words = raw(name) or ""
  field.control = "survey/choices"
  field.choice = field.radios and field.name or field.name .. "[]"
  field.other = { value = design.OTHER, label = ctx:t("survey.other"),
    name = name, id = "f-" .. string.gsub(name, "%.", "-"), text = words,
    selected = chosen, error = errors[name], what = field.label }
end

-- "Choose 2 to 3", for who reads the question.
local function limits_text(ctx, item)
  local least, most = item.least, item.most
  if not least and not most then return nil end
  local key = least == most and "exactly" or not most and "least"
    or not least and "most" or "between"
  return ctx:t("survey.choose." .. key, { least = least or "",
    most = most or "" })
end

function control.single(field, item, raw, errors, files, ctx)
  field.type, field.control, field.group = "choice", "field/choice.edit", true
  field.radios = true
  local chosen = raw(field.name)
  field.options = options_of(item, function(id) return id == chosen end)
  offer_other(ctx, field, item, raw, errors, chosen == design.OTHER)
end

function control.multiple(field, item, raw, errors, files, ctx)
  field.type, field.group = "multi_choice", true
  field.control = "field/multi_choice.edit"
  local chosen = {}
  for _, id in ipairs(raw(field.name .. "[]") or {}) do chosen[id] = true end
  field.options = options_of(item, function(id) return chosen[id] end)
  field.least, field.most = item.least, item.most
  local limits = limits_text(ctx, item)
  if limits then
    field.help = field.help and field.help .. "\n" .. limits or limits
  end
  offer_other(ctx, field, item, raw, errors, chosen[design.OTHER])
end

function control.scale(field, item, raw)
  field.type, field.control, field.group = "choice", "survey/scale", true
  field.low, field.high = item.low, item.high
  local chosen, list = raw(field.name), {}
  for number = item.from, item.to do
    list[#list + 1] = { value = tostring(number), label = tostring(number),
      selected = chosen == tostring(number) }
  end
  field.options = list
end

function control.matrix(field, item, raw, errors)
  field.type, field.control, field.group = "matrix", "survey/matrix", true
  field.rows, field.count = {}, tostring(math.min(#item.options, 6))
  for i, row in ipairs(item.rows) do
    local name = answer.name_of(item, row)
    local chosen = raw(name)
    field.rows[i] = { name = name, id = "f-" .. string.gsub(name, "%.", "-"),
      label = row.title, error = errors[name],
      options = options_of(item, function(id) return id == chosen end) }
  end
end

function control.text(field, item, raw)
  local long = item.long
  field.type = long and "long_text" or "text"
  field.control = "field/" .. field.type .. ".edit"
  field.max_length = long and 4000 or 200
  field.value = raw(field.name) or ""
end

function control.number(field, item, raw)
  field.type, field.control = "decimal", "field/decimal.edit"
  field.scale, field.min, field.max = 4, item.least, item.most
  field.value = raw(field.name) or ""
  if item.unit then field.label = field.label .. " (" .. item.unit .. ")" end
end

function control.date(field, item, raw)
  field.type, field.control = "date", "field/date.edit"
  field.value = raw(field.name) or ""
end

function control.file(field, item, raw, errors, files)
  field.type, field.control, field.multiple = "file", "field/file.edit", true
  field.max_bytes, field.items = 20 * 1024 * 1024, {}
  field.max_text = "20 MB"
  for i, id in ipairs(raw(field.name .. "[]") or {}) do
    field.items[i] = files(id)
  end
end

-- Sections, each with its questions. raw: what was typed; errors: field →
-- text; files(id): what is shown of an uploaded one.
function view.sections(ctx, items, by_id, raw, errors, files)
  local sections = { { fields = {} } }
  for _, item in ipairs(items) do
    local when = item.when and ctx:to_json(item.when) or nil
    local only = only_where(ctx, item, by_id)
    if item.kind == "section" then
      sections[#sections + 1] = { id = item.id, title = item.title,
        hint = item.hint, when = when, only = only, fields = {} }
    else
      local name = answer.name_of(item)
      local field = { item = item.id, kind = item.kind, name = name,
        id = "f-q-" .. item.id, label = item.title, help = item.hint,
        required = item.required or false, readonly = false, wide = true,
        error = errors[name], when = when, only = only }
      control[item.kind](field, item, raw, errors, files, ctx)
      local fields = sections[#sections].fields
      fields[#fields + 1] = field
    end
  end
  if #sections[1].fields == 0 and #sections > 1 then
    table.remove(sections, 1)
  end
  return sections
end

return view
