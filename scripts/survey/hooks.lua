-- What must hold of a survey, on whatever way it is saved.

local tenon = require "tenon"
local design = require "design"
local reach = require "reach"

local NEXT = { draft = { open = true }, open = { closed = true },
  closed = { open = true } }

-- The stored design: { items, used }.
local function stored(ctx, json)
  if not json or json == "" then return { items = {}, used = {} } end
  local given = ctx:from_json(json)
  given.used = given.used or {}
  return given
end

local function refuse_design(ctx, problem)
  local about = problem.title and
    ctx:t("survey.question_named", { number = problem.number,
      title = problem.title }) or
    ctx:t("survey.question_number", { number = problem.number })
  return ctx:fail_at("invalid", "design", problem.key,
    "a question is not as it should be",
    { about, problem.arguments and problem.arguments[1] or "" })
end

local function check_design(ctx, survey)
  local fine, given = pcall(ctx.from_json, ctx, survey.design or "{}")
  if not fine then
    return refuse_design(ctx, { number = 0, key = "survey.bad.shape" })
  end
  if given.items == nil then given.items = {} end
  local items, problem = design.read(given)
  if not items then return refuse_design(ctx, problem) end
  local old = stored(ctx, tenon.before(survey, "design"))
  local published = tenon.before(survey, "opened") ~= nil
  if published then
    local key, name = design.breaks(items, old.items)
    if key then
      return ctx:fail_at("conflict", "design", key,
        "people have answered already", { name })
    end
  end
  -- Before it was published nothing is in the columns.
  local used = published and old.used or {}
  local letter = design.give_slots(items, published and old.items or {}, used)
  if letter then
    return ctx:fail_at("limit", "design", "survey.bad.slots." .. letter,
      "too many questions of this kind")
  end
  survey.design = ctx:to_json { items = items, used = used }
end

local function asks_something(ctx, survey)
  for _, item in ipairs(stored(ctx, survey.design).items) do
    if item.kind ~= "section" then return true end
  end
  return false
end

local function takes_files(ctx, survey)
  for _, item in ipairs(stored(ctx, survey.design).items) do
    if item.kind == "file" then return item.title end
  end
end

local function check_status(ctx, survey)
  local before = not tenon.is_new(survey) and tenon.before(survey, "status")
    or "draft"
  local today = tostring(date.today())
  if survey.status ~= before and not NEXT[before][survey.status] then
    return ctx:fail_at("conflict", "status", "survey.bad.status",
      "a survey goes from draft to open to closed, and may open again")
  end
  if survey.status ~= "open" then return end
  if not asks_something(ctx, survey) then
    return ctx:fail_at("invalid", "design", "survey.bad.no_questions",
      "there are no questions")
  end
  if not survey.everybody and not survey.public
    and #reach.ids(survey.audience) == 0 then
    return ctx:fail_at("invalid", "audience", "survey.bad.nobody",
      "it is published to nobody")
  end
  local file = survey.public and takes_files(ctx, survey)
  if file then
    return ctx:fail_at("invalid", "design", "survey.bad.public_files",
      "a public survey takes no files", { file })
  end
  if survey.status ~= before and survey.closes and survey.closes < today then
    return ctx:fail_at("invalid", "closes", "survey.bad.closed_already",
      "the last day is over")
  end
  if not survey.opened then survey.opened = today end
  if survey.public and not survey.link then survey.link = ctx:token() end
end

local function check_audience(ctx, survey)
  local known, kept = {}, {}
  for _, one in ipairs(reach.departments(ctx)) do known[one.id] = true end
  for _, id in ipairs(reach.ids(survey.audience)) do
    if not known[id] then
      return ctx:fail_at("invalid", "audience", "survey.bad.department",
        "there is no such department")
    end
    kept[#kept + 1] = id
  end
  survey.audience = #kept > 0 and "|" .. table.concat(kept, "|") .. "|" or nil
end

tenon.on { form = reach.SURVEY, when = "before_save", guard = "id",
  required = true,
  call = function(ctx, survey)
    if not tenon.is_new(survey) and tenon.before(survey, "opened") and
      (survey.anonymous or false) ~=
        (tenon.before(survey, "anonymous") or false) then
      return ctx:fail_at("conflict", "anonymous", "survey.bad.promise",
        "who has answered was promised this")
    end
    if tenon.is_new(survey) then
      survey.link, survey.opened, survey.reminded = nil, nil, nil
    end
    return check_design(ctx, survey) or check_audience(ctx, survey)
      or check_status(ctx, survey)
  end }

-- The ticket of a person is his for this survey, whoever writes it; behind a
-- public link it is the number of the page. It is unique: that is what lets
-- everybody answer once.
tenon.on { form = reach.PART, when = "before_save", guard = "id",
  required = true,
  call = function(ctx, part)
    if part.person then
      part.ticket = reach.ticket({ id = part.survey }, part.person)
    elseif not part.ticket then
      return ctx:fail_at("invalid", "ticket", "survey.stale_page",
        "there is no ticket")
    end
  end }
