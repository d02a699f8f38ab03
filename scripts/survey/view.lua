-- What pages show of a survey: data for the templates.

local tenon = require "tenon"
local answer = require "answer"

local view = {}

local COLORS = { draft = "gray", open = "green", closed = "blue" }

function view.status(ctx, status)
  return { text = ctx:t("survey.status." .. status), color = COLORS[status] }
end

-- "Only where “Are you coming?” is: Yes, Maybe", for readers without scripts.
local function only_where(ctx, item, by_id)
  local when = item.when
  if not when then return nil end
  local asked, words = by_id[when.question], {}
  for i, value in ipairs(when.values or {}) do
    words[i] = answer.option_of(asked, value).title
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

function control.single(field, item, raw)
  field.type, field.control, field.group = "choice", "field/choice.edit", true
  field.radios = true
  local chosen = raw(field.name)
  field.options = options_of(item, function(id) return id == chosen end)
end

function control.multiple(field, item, raw)
  field.type, field.group = "multi_choice", true
  field.control = "field/multi_choice.edit"
  local chosen = {}
  for _, id in ipairs(raw(field.name .. "[]") or {}) do chosen[id] = true end
  field.options = options_of(item, function(id) return chosen[id] end)
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
      control[item.kind](field, item, raw, errors, files)
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
