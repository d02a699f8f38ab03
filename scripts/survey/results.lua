-- Results: charts of each question, one question by another.
--
-- All figures are asked of the store as the module, after the person was
-- found to own the survey or to be an officer. Of an anonymous survey nothing
-- is shown before reach.LEAST people have answered, and no group smaller than
-- GROUP.

local tenon = require "tenon"
local answer = require "answer"
local design = require "design"
local export = require "export"
local reach = require "reach"
local view = require "view"

local GROUP, TEXTS, SERIES = 3, 100, 8

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

-- What may be chosen in a question: { id, title }; "Other" behind the options.
local function choices(ctx, item)
  local list = {}
  for i, option in ipairs(item.options or {}) do list[i] = option end
  if item.other then
    list[#list + 1] = { id = design.OTHER, title = ctx:t("survey.other") }
  end
  if item.options then return list end
  for number = item.from, item.to do
    list[#list + 1] = { id = tostring(number), title = tostring(number) }
  end
  return list
end

-- ---- one question ----

local show = {}

-- By id, which in an anonymous form is no order at all.
local function filled(ctx, survey, slot)
  return ctx.records.find(reach.ANSWER, { sort = "id", limit = TEXTS,
    where = { survey = survey.id, [slot] = { empty = false } } })
end

-- What was typed: the texts, how many there are, and what is said of those
-- that are not among them.
local function texts_of(ctx, survey, slot)
  local texts = {}
  for i, record in ipairs(filled(ctx, survey, slot)) do
    texts[i] = record[slot]
  end
  local total = ctx.records.count(reach.ANSWER,
    { survey = survey.id, [slot] = { empty = false } })
  return texts, total, total > #texts and
    ctx:t("survey.more_texts", { count = total - #texts }) or nil
end

local function answered(ctx, total)
  return ctx:t("survey.answered_by", { count = total })
end

function show.single(ctx, survey, item)
  local map, total = counts(ctx, survey, item.slot)
  local rows = {}
  for i, option in ipairs(choices(ctx, item)) do
    local count = map[option.id] or 0
    rows[i] = { label = option.title .. " · " .. percent(ctx, count, total),
      value = count }
  end
  local shown = { total = answered(ctx, total), chart = ctx:chart("bar", rows,
    { title = item.title, group_label = ctx:t("survey.option"),
      value_label = ctx:t("survey.answers"), ordered = item.kind == "scale",
      empty = ctx:t("survey.no_answers") }) }
  if item.other_slot and map[design.OTHER] then
    local texts, _, more = texts_of(ctx, survey, item.other_slot)
    shown.texts, shown.more = texts, more
    shown.texts_title = ctx:t("survey.other") .. " · "
      .. ctx:t("survey.other_texts")
  end
  return shown, map, total
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
        text = view.shorter(value) .. unit }
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

function show.text(ctx, survey, item)
  local texts, total, more = texts_of(ctx, survey, item.slot)
  return { total = answered(ctx, total), texts = texts, more = more }
end

function show.file(ctx, survey, item)
  local files = {}
  local found = filled(ctx, survey, item.slot)
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
  local across = choices(ctx, by)
  for i, column in ipairs(across) do
    columns[i] = { label = column.title, total = sizes[column.id] or 0,
      hidden = survey.anonymous and (sizes[column.id] or 0) < GROUP }
  end
  local down = choices(ctx, item)
  for i, option in ipairs(down) do
    local cells = {}
    for j, column in ipairs(across) do
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
    by = by.title }, chart = #down <= SERIES and
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
      local few = reach.too_few(survey, total)
      local may_export = not few and total > 0
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
        few = few and ctx:t("survey.too_few", { count = reach.LEAST }) or nil,
        questions = not few and questions(ctx, survey, items, by) or {},
        by = by and by.title or nil, action = base .. "/results",
        cross = not few and cross_options(items, by) or {},
        -- Many take a while: a job, which a POST starts.
        export_url = may_export and total <= export.AT_ONCE
          and base .. "/export" or nil,
        export_job_url = may_export and total > export.AT_ONCE
          and base .. "/export" or nil,
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
