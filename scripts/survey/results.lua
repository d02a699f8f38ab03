-- Results: charts of each question, one question by another, export.
--
-- All figures are asked of the store as the module, after the person was
-- found to own the survey or to be an officer. Of an anonymous survey nothing
-- is shown before LEAST people have answered, and no group smaller than GROUP.

local tenon = require "tenon"
local answer = require "answer"
local design = require "design"
local reach = require "reach"
local view = require "view"

local LEAST, GROUP = 5, 3
local TEXTS, EXPORT, PAGE, SERIES = 100, 5000, 200, 8

local function items_of(ctx, survey)
  return ctx:from_json(survey.design or '{"items":[]}').items
end

local function figures(ctx, survey, groups, measures, where)
  where = where or {}
  where.survey = survey.id
  return ctx.records.aggregate(reach.ANSWER, { groups = groups,
    measures = measures, where = where, limit = 1000 })
end

-- option → how many chose it, and how many answered. column: of the answer.
local function counts(ctx, survey, column)
  local map, total = {}, 0
  for _, row in ipairs(figures(ctx, survey, { column }, { "count" })) do
    local value = row.group[column]
    if value then
      total = total + row.count
      -- Of several choices each group is one combination.
      for _, id in ipairs(answer.split(value)) do
        map[id] = (map[id] or 0) + row.count
      end
    end
  end
  return map, total
end

local function percent(ctx, part, total)
  if total == 0 then return "0 %" end
  return tostring(math.floor(part * 100 / total + 0.5)) .. " %"
end

-- What may be chosen in a question: { id, title }.
local function choices(item)
  if item.options then return item.options end
  local list = {}
  for number = item.from, item.to do
    list[#list + 1] = { id = tostring(number), title = tostring(number) }
  end
  return list
end

-- ---- one question ----

local show = {}

local function answered(ctx, total)
  return ctx:t("survey.answered_by", { count = total })
end

function show.single(ctx, survey, item)
  local map, total = counts(ctx, survey, item.slot)
  local rows = {}
  for i, option in ipairs(choices(item)) do
    local count = map[option.id] or 0
    rows[i] = { label = option.title .. " · " .. percent(ctx, count, total),
      value = count }
  end
  return { total = answered(ctx, total), chart = ctx:chart("bar", rows,
    { title = item.title, group_label = ctx:t("survey.option"),
      value_label = ctx:t("survey.answers"), ordered = item.kind == "scale",
      empty = ctx:t("survey.no_answers") }) }, map, total
end

show.multiple = show.single

function show.scale(ctx, survey, item)
  local shown, map, total = show.single(ctx, survey, item)
  local sum = 0
  for number = item.from, item.to do
    sum = sum + number * (map[tostring(number)] or 0)
  end
  if total > 0 then
    shown.facts = { { label = ctx:t("survey.mean"),
      text = tostring(decimal.divide(decimal(sum), total, 2)) } }
  end
  return shown
end

function show.matrix(ctx, survey, item)
  local rows, most = {}, 0
  for _, row in ipairs(item.rows) do
    local map, total = counts(ctx, survey, row.slot)
    most = math.max(most, total)
    for _, option in ipairs(item.options) do
      rows[#rows + 1] = { label = row.title, series = option.title,
        value = map[option.id] or 0 }
    end
  end
  return { total = answered(ctx, most), chart = ctx:chart("bar", rows,
    { title = item.title, stacked = true,
      empty = ctx:t("survey.no_answers") }) }
end

local function shorter(number)
  return (string.gsub(string.gsub(tostring(number), "(%..-)0+$", "%1"),
    "%.$", ""))
end

function show.number(ctx, survey, item)
  local slot = item.slot
  local row = figures(ctx, survey, {}, { "count", "avg:" .. slot,
    "min:" .. slot, "max:" .. slot, "sum:" .. slot },
    { [slot] = { empty = false } })[1]
  local facts = {}
  local unit = item.unit and " " .. item.unit or ""
  for _, key in ipairs { "avg", "min", "max", "sum" } do
    local value = row and row[key .. ":" .. slot]
    if value then
      if key == "avg" then value = decimal(tostring(value)):round(2) end
      facts[#facts + 1] = { label = ctx:t("survey.figure." .. key),
        text = shorter(value) .. unit }
    end
  end
  return { total = answered(ctx, row and row.count or 0), facts = facts }
end

function show.date(ctx, survey, item)
  local map, total = counts(ctx, survey, item.slot)
  local days, rows = {}, {}
  for day in pairs(map) do days[#days + 1] = day end
  table.sort(days)
  for i, day in ipairs(days) do
    rows[i] = { label = ctx:date(day), value = map[day] }
  end
  return { total = answered(ctx, total), chart = ctx:chart("bar", rows,
    { title = item.title, ordered = true,
      empty = ctx:t("survey.no_answers") }) }
end

-- By id, which in an anonymous form is no order at all.
local function filled(ctx, survey, item)
  return ctx.records.find(reach.ANSWER, { sort = "id", limit = TEXTS,
    where = { survey = survey.id, [item.slot] = { empty = false } } })
end

function show.text(ctx, survey, item)
  local texts = {}
  for i, record in ipairs(filled(ctx, survey, item)) do
    texts[i] = record[item.slot]
  end
  local total = ctx.records.count(reach.ANSWER,
    { survey = survey.id, [item.slot] = { empty = false } })
  return { total = answered(ctx, total), texts = texts,
    more = total > #texts and
      ctx:t("survey.more_texts", { count = total - #texts }) or nil }
end

function show.file(ctx, survey, item)
  local files = {}
  local found = filled(ctx, survey, item)
  for _, record in ipairs(found) do
    for _, id in ipairs(record[item.slot]) do
      files[#files + 1] = { url = "/m/survey/" .. survey.id .. "/files/" .. id,
        label = ctx:t("survey.file_number", { number = #files + 1 }) }
    end
  end
  return { total = answered(ctx, #found), files = files }
end

-- ---- one question by another ----

local CROSSED = { single = true, multiple = true, scale = true }

-- Two-way counts: row option → column option → number.
local function cross_counts(ctx, survey, item, by)
  local map = {}
  for _, row in ipairs(figures(ctx, survey, { item.slot, by.slot },
    { "count" })) do
    local a, b = row.group[item.slot], row.group[by.slot]
    for _, x in ipairs(answer.split(a)) do
      map[x] = map[x] or {}
      for _, y in ipairs(answer.split(b)) do
        map[x][y] = (map[x][y] or 0) + row.count
      end
    end
  end
  return map
end

local function cross(ctx, survey, item, by, sizes)
  local map, columns, rows, chart = cross_counts(ctx, survey, item, by), {},
    {}, {}
  for i, column in ipairs(choices(by)) do
    columns[i] = { label = column.title, total = sizes[column.id] or 0,
      hidden = survey.anonymous and (sizes[column.id] or 0) < GROUP }
  end
  for i, option in ipairs(choices(item)) do
    local cells = {}
    for j, column in ipairs(choices(by)) do
      local count = map[option.id] and map[option.id][column.id] or 0
      if columns[j].hidden then
        cells[j] = { text = "–" }
      else
        cells[j] = { text = tostring(count),
          part = percent(ctx, count, columns[j].total) }
        chart[#chart + 1] = { label = column.title, series = option.title,
          value = count }
      end
    end
    rows[i] = { label = option.title, cells = cells }
  end
  return { table = { columns = columns, rows = rows, title = item.title,
    by = by.title }, chart = #choices(item) <= SERIES and
    ctx:chart("bar", chart, { title = item.title, stacked = true,
      empty = ctx:t("survey.no_answers") }) or nil }
end

-- ---- the page ----

local function questions(ctx, survey, items, by)
  local list = {}
  local sizes = by and counts(ctx, survey, by.slot)
  for _, item in ipairs(items) do
    if item.kind == "section" then
      list[#list + 1] = { heading = item.title }
    elseif by and CROSSED[item.kind] and item.id ~= by.id then
      local one = cross(ctx, survey, item, by, sizes)
      one.title = item.title
      list[#list + 1] = one
    elseif not by then
      local one = show[item.kind](ctx, survey, item)
      one.title, one.id = item.title, item.id
      list[#list + 1] = one
    end
  end
  return list
end

local function cross_options(items, chosen)
  local list = {}
  for _, item in ipairs(items) do
    if CROSSED[item.kind] then
      list[#list + 1] = { value = item.id, label = item.title,
        selected = chosen and chosen.id == item.id or false }
    end
  end
  return list
end

local function own(ctx, request)
  local survey = reach.own(ctx, request:param("id"))
  if survey then return survey end
  return nil, ctx:fail("not_found", "survey.not_here", "no such survey")
end

local function too_few(survey, total)
  return survey.anonymous and total < LEAST
end

tenon.page { path = "/m/survey/{id}/results", example = "/m/survey/1/results",
  template = "results", title = "survey.results",
  call = function(ctx, request)
    local survey, code = own(ctx, request)
    if not survey then return code end
    local items = items_of(ctx, survey)
    local by = design.index(items)[request:query("by") or ""]
    if by and not CROSSED[by.kind] then by = nil end
    local base = "/m/survey/" .. survey.id
    local size = not survey.public and reach.size(ctx, survey) or nil
    return ctx:as_module(function()
      local total = ctx.records.count(reach.ANSWER, { survey = survey.id })
      local few = too_few(survey, total)
      return {
        page = { title = survey.title, width = "read",
          crumbs = { { label = ctx:t("survey.surveys"), url = "/m/survey" } } },
        title = survey.title, status = view.status(ctx, survey.status),
        total = ctx:t("survey.answered_by", { count = total }),
        rate = size and size > 0 and ctx:t("survey.rate", { count = total,
          size = size, percent = percent(ctx, total, size) }) or nil,
        closes = survey.closes and
          ctx:t("survey.until", { date = ctx:date(survey.closes) }) or nil,
        anonymous = survey.anonymous or false,
        few = few and ctx:t("survey.too_few", { count = LEAST }) or nil,
        questions = not few and questions(ctx, survey, items, by) or {},
        by = by and by.title or nil, action = base .. "/results",
        cross = not few and cross_options(items, by) or {},
        export_url = not few and total > 0 and base .. "/export" or nil,
        edit_url = base .. "/edit",
        remind_url = survey.status == "open" and not survey.public
          and base .. "/remind" or nil,
        close_url = survey.status == "open" and base .. "/close" or nil,
        open_url = survey.status == "closed" and base .. "/reopen" or nil,
        link = survey.public and survey.link and
          "/m/survey/s/" .. survey.link or nil,
      }
    end)
  end }

-- ---- export ----

-- A cell as a spreadsheet may open it: what it would take for a formula gets
-- an apostrophe in front.
local function cell(value)
  local given = tostring(value or "")
  if string.match(given, "^[=+@\t\r-]") and not string.match(given,
    "^-?%d+%.?%d*$") then
    given = "'" .. given
  end
  if string.match(given, '[",\n\r]') then
    given = '"' .. string.gsub(given, '"', '""') .. '"'
  end
  return given
end

-- Columns of the file: title and what stands in it for one answer.
local function export_columns(ctx, survey, items)
  local columns = {}
  local function add(title, value)
    columns[#columns + 1] = { title = title, value = value }
  end
  local function title_of(item, ids)
    local words = {}
    for i, id in ipairs(ids) do
      local option = item.options and answer.option_of(item, id)
      words[i] = option and option.title or id
    end
    return table.concat(words, "; ")
  end
  if not survey.anonymous and not survey.public then
    add(ctx:t("survey.person"), function(record) return record.text.person end)
    add(ctx:t("survey.given"), function(record)
      return record.given and ctx:instant(record.given)
    end)
  end
  for _, item in ipairs(items) do
    if item.kind == "matrix" then
      for _, row in ipairs(item.rows) do
        add(item.title .. " – " .. row.title, function(record)
          return title_of(item, answer.split(record[row.slot]))
        end)
      end
    elseif item.kind == "file" then
      add(item.title, function(record)
        return tostring(#(record[item.slot] or {}))
      end)
    elseif item.kind == "number" then
      add(item.title, function(record)
        return record[item.slot] and shorter(record[item.slot])
      end)
    elseif item.options then
      add(item.title, function(record)
        return title_of(item, answer.split(record[item.slot]))
      end)
    elseif item.kind ~= "section" then
      add(item.title, function(record) return record[item.slot] end)
    end
  end
  return columns
end

local function each_answer(ctx, survey, each)
  local offset = 0
  repeat
    local records = ctx.records.find(reach.ANSWER, { sort = "id",
      where = { survey = survey.id }, limit = PAGE, offset = offset,
      texts = not survey.anonymous })
    for _, record in ipairs(records) do each(record) end
    offset = offset + PAGE
  until #records < PAGE or offset >= EXPORT
end

tenon.route { path = "/m/survey/{id}/export", example = "/m/survey/1/export",
  expensive = true,
  call = function(ctx, request, respond)
    local survey, code = own(ctx, request)
    if not survey then return code end
    local columns = export_columns(ctx, survey, items_of(ctx, survey))
    local lines, head = {}, {}
    for i, column in ipairs(columns) do head[i] = cell(column.title) end
    lines[1] = "\u{feff}" .. table.concat(head, ",")
    return ctx:as_module(function()
      local total = ctx.records.count(reach.ANSWER, { survey = survey.id })
      if too_few(survey, total) then
        return ctx:fail("forbidden", "survey.too_few_to_export", "too few",
          { tostring(LEAST) })
      end
      if total > EXPORT then
        return ctx:fail("limit", "survey.too_many_to_export", "too many",
          { tostring(EXPORT) })
      end
      each_answer(ctx, survey, function(record)
        local row = {}
        for i, column in ipairs(columns) do row[i] = cell(column.value(record)) end
        lines[#lines + 1] = table.concat(row, ",")
      end)
      respond:header("Content-Disposition",
        'attachment; filename="survey-' .. survey.id .. '.csv"')
      respond:text(200, "text/csv; charset=utf-8",
        table.concat(lines, "\r\n") .. "\r\n")
    end)
  end }

-- A file of an answer, to who may see the results.
tenon.route { path = "/m/survey/{id}/files/{file}",
  example = "/m/survey/1/files/1",
  call = function(ctx, request, respond)
    local survey, code = own(ctx, request)
    if not survey then return code end
    return ctx:as_module(function()
      local id = request:param("file")
      local found = false
      for _, item in ipairs(items_of(ctx, survey)) do
        if item.kind == "file" and not found then
          found = string.match(id, "^%d+$") and ctx.records.count(reach.ANSWER,
            { survey = survey.id, [item.slot] = { contains = id } }) > 0
        end
      end
      if not found then
        return ctx:fail("not_found", "survey.not_here", "no such file")
      end
      local file = ctx.files.open(id)
      if not file then
        return ctx:fail("not_found", "survey.not_here", "no such file")
      end
      respond:file(file)
    end)
  end }
