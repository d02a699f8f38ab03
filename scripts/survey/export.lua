-- All answers as a CSV file: at once where they are few, else by a job that
-- leaves the file for who asked for it.
--
-- Read as the module, after the person was found to own the survey or to be an
-- officer. In order of the ids, which in an anonymous form is none.

local tenon = require "tenon"
local answer = require "answer"
local reach = require "reach"
local view = require "view"

local AT_ONCE, PAGE = 5000, 200

local export = { AT_ONCE = AT_ONCE }

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

local function line(cells)
  return table.concat(cells, ",") .. "\r\n"
end

-- What stands in the columns of one question.
local function add_question(ctx, add, item)
  local function titles(value)
    local words = {}
    for i, id in ipairs(answer.split(value)) do
      words[i] = view.title_of(ctx, item, id)
    end
    return table.concat(words, "; ")
  end
  if item.kind == "matrix" then
    for _, row in ipairs(item.rows) do
      add(item.title .. " – " .. row.title, function(record)
        return titles(record[row.slot])
      end)
    end
  elseif item.kind == "file" then
    add(item.title, function(record)
      return tostring(#(record[item.slot] or {}))
    end)
  elseif item.kind == "number" then
    add(item.title, function(record)
      return record[item.slot] and view.shorter(record[item.slot])
    end)
  elseif item.options then
    add(item.title, function(record) return titles(record[item.slot]) end)
  elseif item.kind ~= "section" then
    add(item.title, function(record) return record[item.slot] end)
  end
  if item.other_slot then
    add(ctx:t("survey.other_column", { title = item.title,
      other = ctx:t("survey.other") }), function(record)
        return record[item.other_slot]
      end)
  end
end

-- Columns of the file: title and what stands in it for one answer.
local function columns_of(ctx, survey)
  local columns = {}
  local function add(title, value)
    columns[#columns + 1] = { title = title, value = value }
  end
  if not survey.anonymous and not survey.public then
    add(ctx:t("survey.person"), function(record) return record.text.person end)
    add(ctx:t("survey.given"), function(record)
      return record.given and ctx:instant(record.given)
    end)
  end
  for _, item in ipairs(ctx:from_json(survey.design or
    '{"items":[]}').items) do
    add_question(ctx, add, item)
  end
  return columns
end

-- Writes head and rows: write(text) a page of answers at a time, with how many
-- there were so far.
local function write_answers(ctx, survey, write)
  local columns, cells, count, last = columns_of(ctx, survey), {}, 0, nil
  for i, column in ipairs(columns) do cells[i] = cell(column.title) end
  write("\u{feff}" .. line(cells), count)
  repeat
    local where = { survey = survey.id, id = last and { gt = last } or nil }
    local records = ctx.records.find(reach.ANSWER, { sort = "id",
      where = where, limit = PAGE, texts = not survey.anonymous })
    local lines = {}
    for i, record in ipairs(records) do
      for k, column in ipairs(columns) do
        cells[k] = cell(column.value(record))
      end
      lines[i] = line(cells)
      last = record.id
    end
    count = count + #records
    write(table.concat(lines), count)
  until #records < PAGE
  return count
end

local function name_of(survey)
  return "survey-" .. survey.id .. ".csv"
end

-- How many answers go out; nil and a code where none may.
local function total_of(ctx, survey)
  local total = ctx.records.count(reach.ANSWER, { survey = survey.id })
  if not reach.too_few(survey, total) then return total end
  return nil, ctx:fail("forbidden", "survey.too_few_to_export", "too few",
    { tostring(reach.LEAST) })
end

local function route(method, call)
  tenon.route { path = "/m/survey/{id}/export",
    example = "/m/survey/1/export", method = method, expensive = true,
    call = function(ctx, request, respond)
      local survey = reach.own(ctx, request:param("id"))
      if not survey then
        return ctx:fail("not_found", "survey.not_here", "no such survey")
      end
      local total, code = ctx:as_module(function()
        return total_of(ctx, survey)
      end)
      if not total then return code end
      return call(ctx, survey, respond, total)
    end }
end

route("GET", function(ctx, survey, respond, total)
  if total > AT_ONCE then
    return respond:redirect("/m/survey/" .. survey.id .. "/results")
  end
  local parts = {}
  ctx:as_module(function()
    write_answers(ctx, survey, function(words) parts[#parts + 1] = words end)
  end)
  respond:header("Content-Disposition",
    'attachment; filename="' .. name_of(survey) .. '"')
  respond:text(200, "text/csv; charset=utf-8", table.concat(parts))
end)

-- Asked again while one waits, it is that one.
route("POST", function(ctx, survey, respond)
  local job = ctx:job_add("survey.export", { survey = survey.id },
    { unique = "survey.export:" .. survey.id .. ":" .. ctx.person.id })
  respond:done("/jobs/" .. job)
end)

tenon.job { name = "survey.export", title = "survey.job.export",
  seconds = 900, attempts = 2, call = function(ctx, data)
    local survey = ctx.records.get(reach.SURVEY, data.survey)
    if not survey then
      return ctx:fail("not_found", "survey.not_here", "no such survey")
    end
    local total, code = total_of(ctx, survey)
    if not total then return code end
    local file = ctx.files.create(name_of(survey))
    local count = write_answers(ctx, survey, function(words, done)
      file:write(words)
      -- Somebody may answer meanwhile.
      ctx:job_progress(math.min(done, total), total)
    end)
    ctx:job_file(file)
    ctx:job_result("survey.exported", { count = count },
      "/m/survey/" .. survey.id .. "/results")
  end }

return export
