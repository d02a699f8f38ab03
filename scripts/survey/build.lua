-- The list of surveys, the builder, and what is done with a survey.

local tenon = require "tenon"
local reach = require "reach"
local view = require "view"

local SHOWN = 100

-- ---- the list ----

local function to_answer(ctx)
  local list = {}
  for i, survey in ipairs(reach.to_answer(ctx)) do
    list[i] = { url = "/m/survey/" .. survey.id, title = survey.title,
      intro = survey.intro, anonymous = survey.anonymous or false,
      closes = survey.closes and
        ctx:t("survey.until", { date = ctx:date(survey.closes) }) }
  end
  return list
end

-- How many have answered each: survey → number.
local function answer_counts(ctx, surveys)
  local ids, counts = {}, {}
  for i, survey in ipairs(surveys) do ids[i] = survey.id end
  if #ids == 0 then return counts end
  local rows = ctx:as_module(function()
    return ctx.records.aggregate(reach.ANSWER, { groups = { "survey" },
      where = { survey = { ["in"] = ids } }, limit = #ids })
  end)
  for _, row in ipairs(rows) do counts[row.group.survey] = row.count end
  return counts
end

local function name_of(ctx, id, known)
  if not id then return "" end
  if not known[id] then
    local fine, person = pcall(ctx.people.get, id)
    known[id] = fine and person and person.name or ""
  end
  return known[id]
end

local function own(ctx)
  local surveys = ctx.records.find(reach.SURVEY,
    { sort = "created_at", descending = true, limit = SHOWN })
  local counts, names, rows = answer_counts(ctx, surveys), {}, {}
  for i, survey in ipairs(surveys) do
    local base = "/m/survey/" .. survey.id
    rows[i] = { title = survey.title, edit_url = base .. "/edit",
      results_url = survey.opened and base .. "/results" or nil,
      url = survey.opened and base .. "/results" or base .. "/edit",
      status = view.status(ctx, survey.status),
      answers = tostring(counts[survey.id] or 0),
      closes = survey.closes and ctx:date(survey.closes) or "",
      owner = name_of(ctx, survey.owner, names), menu_id = survey.id,
      copy_url = base .. "/copy", delete_url = base .. "/delete",
      close_url = survey.status == "open" and base .. "/close" or nil,
      open_url = survey.status == "closed" and base .. "/reopen" or nil }
  end
  return rows
end

tenon.page { path = "/m/survey", template = "list", title = "survey.surveys",
  call = function(ctx)
    local builder = reach.may_build(ctx)
    local surveys = own(ctx)
    return { to_answer = to_answer(ctx), builder = builder,
      owner = builder or #surveys > 0, surveys = surveys,
      new_url = builder and "/m/survey/new" or nil }
  end }

-- ---- the builder ----

local TEXTS = { "add", "kind", "single", "multiple", "scale", "matrix", "text",
  "number", "date", "file", "section", "question", "hint", "required",
  "options", "option", "add_option", "rows", "row", "add_row", "remove", "up",
  "down", "copy", "delete", "low", "high", "from", "to", "unit", "least",
  "most", "long", "when", "always", "only", "is", "is_not", "at_least",
  "at_most", "undo", "redo", "empty", "yes", "no", "example_options",
  "more", "locked", "untitled", "moved", "deleted", "section_title", "other",
  "offer_other", "fewest", "most_chosen" }

local function texts(ctx)
  local list = {}
  for _, key in ipairs(TEXTS) do list[key] = ctx:t("survey.build." .. key) end
  return ctx:to_json(list)
end

local function department_rows(ctx, survey)
  local chosen, rows = {}, {}
  for _, id in ipairs(reach.ids(survey.audience)) do chosen[id] = true end
  for i, one in ipairs(reach.departments(ctx)) do
    rows[i] = { id = one.id, name = one.name,
      level = tostring(math.min(one.level or 0, 6)),
      people = tostring(one.people or 0), chosen = chosen[one.id] or false }
  end
  return rows
end

local function builder_data(ctx, survey, action)
  local kind = survey.public and "public" or survey.everybody and "everybody"
    or "departments"
  local opened = survey.opened ~= nil
  local link = survey.public and survey.link and
    "/m/survey/s/" .. survey.link or nil
  return {
    page = { title = survey.title,
      crumbs = { { label = ctx:t("survey.surveys"), url = "/m/survey" } } },
    heading = survey.title or ctx:t("survey.new"),
    action = action, version = survey.version, id = survey.id,
    status = survey.id and view.status(ctx, survey.status) or nil,
    title = survey.title or "", intro = survey.intro or "",
    thanks = survey.thanks or "", anonymous = survey.anonymous or false,
    opened = opened, design = survey.design or '{"items":[]}',
    texts = texts(ctx), link = link,
    reach_departments = kind == "departments",
    reach_everybody = kind == "everybody", reach_public = kind == "public",
    departments = department_rows(ctx, survey),
    closes = survey.closes or "", remind = survey.remind or "",
    draft = survey.status ~= "open" and survey.status ~= "closed",
    preview_url = survey.id and "/m/survey/" .. survey.id .. "/preview",
    results_url = opened and "/m/survey/" .. survey.id .. "/results" or nil,
  }
end

local function may_not(ctx)
  return ctx:fail("forbidden", "survey.may_not_build",
    "this person may build no surveys")
end

local function not_here(ctx)
  return ctx:fail("not_found", "survey.not_here", "no such survey")
end

tenon.page { path = "/m/survey/new", template = "build", title = "survey.new",
  call = function(ctx)
    if not reach.may_build(ctx) then return may_not(ctx) end
    return builder_data(ctx, {}, "/m/survey/new")
  end }

tenon.page { path = "/m/survey/{id}/edit", example = "/m/survey/1/edit",
  template = "build", title = "survey.edit",
  call = function(ctx, request)
    local survey = reach.own(ctx, request:param("id"))
    if not survey then return not_here(ctx) end
    return builder_data(ctx, survey, "/m/survey/" .. survey.id .. "/edit")
  end }

local function sent(ctx, request)
  local kind = request:form("reach")
  local ids = kind == "departments" and request:form_list("department[]") or {}
  local function filled(name)
    local given = text.trim(request:form(name) or "")
    return given ~= "" and given or tenon.null
  end
  return {
    title = filled("title"), intro = filled("intro"),
    thanks = filled("thanks"), anonymous = request:form("anonymous") == "true",
    everybody = kind == "everybody", public = kind == "public",
    audience = #ids > 0 and "|" .. table.concat(ids, "|") .. "|" or tenon.null,
    closes = filled("closes"),
    -- The form's own limits answer for it. A link reminds nobody.
    remind = kind ~= "public" and filled("remind") or tenon.null,
    design = request:form("design") or "",
  }
end

-- Publishing tells those whom it reaches, in the background.
local function opened(ctx, id)
  ctx:job_add("survey.invite", { survey = id },
    { unique = "survey.invite:" .. id })
end

tenon.route { path = "/m/survey/new", method = "POST",
  call = function(ctx, request, respond)
    if not reach.may_build(ctx) then return may_not(ctx) end
    local values = sent(ctx, request)
    local publish = request:form("_action") == "publish"
    if publish then values.status = "open" end
    local id
    ctx.records.transaction(function()
      id = ctx.records.create(reach.SURVEY, values)
      if publish then opened(ctx, id) end
    end)
    respond:done("/m/survey/" .. id .. "/edit",
      ctx:t(publish and "survey.published" or "survey.saved"))
  end }

tenon.route { path = "/m/survey/{id}/edit", example = "/m/survey/1/edit",
  method = "POST",
  call = function(ctx, request, respond)
    local survey = reach.own(ctx, request:param("id"))
    if not survey then return not_here(ctx) end
    local values = sent(ctx, request)
    local publish = request:form("_action") == "publish"
      and survey.status == "draft"
    if survey.opened then values.anonymous = survey.anonymous end
    if publish then values.status = "open" end
    local version = math.tointeger(tonumber(request:form("_version") or ""))
    ctx.records.transaction(function()
      ctx.records.update(reach.SURVEY, survey.id, version or survey.version,
        values)
      if publish then opened(ctx, survey.id) end
    end)
    respond:done("/m/survey/" .. survey.id .. "/edit",
      ctx:t(publish and "survey.published" or "survey.saved"))
  end }

-- ---- what is done with one ----

-- A POST on one's own survey.
local function act(name, call)
  tenon.route { path = "/m/survey/{id}/" .. name,
    example = "/m/survey/1/" .. name, method = "POST",
    call = function(ctx, request, respond)
      local survey = reach.own(ctx, request:param("id"))
      if not survey then return not_here(ctx) end
      return call(ctx, survey, respond)
    end }
end

act("close", function(ctx, survey, respond)
  ctx.records.update(reach.SURVEY, survey.id, survey.version,
    { status = "closed" })
  respond:done("/m/survey/" .. survey.id .. "/results",
    ctx:t("survey.closed_done"))
end)

-- A last day that is over would close it at once.
act("reopen", function(ctx, survey, respond)
  local values = { status = "open" }
  if survey.closes and survey.closes < tostring(date.today()) then
    values.closes = tenon.null
  end
  ctx.records.update(reach.SURVEY, survey.id, survey.version, values)
  respond:done("/m/survey/" .. survey.id .. "/edit",
    ctx:t("survey.reopened"))
end)

act("copy", function(ctx, survey, respond)
  if not reach.may_build(ctx) then return may_not(ctx) end
  local id = ctx.records.create(reach.SURVEY, {
    title = text.sub(ctx:t("survey.copy_of", { title = survey.title }), 1, 120),
    intro = survey.intro, thanks = survey.thanks,
    anonymous = survey.anonymous, everybody = survey.everybody,
    public = survey.public, audience = survey.audience,
    remind = survey.remind, design = survey.design,
  })
  respond:done("/m/survey/" .. id .. "/edit", ctx:t("survey.copied"))
end)

act("delete", function(ctx, survey, respond)
  ctx.records.delete(reach.SURVEY, survey.id, survey.version)
  respond:done("/m/survey", ctx:t("survey.deleted"))
end)

act("remind", function(ctx, survey, respond)
  local today = tostring(date.today())
  if not reach.open_today(survey) or survey.public then
    return ctx:fail("conflict", "survey.not_open", "it is not open")
  end
  if survey.reminded == today then
    return ctx:fail("too_many", "survey.reminded_today", "once a day")
  end
  ctx.records.transaction(function()
    ctx.records.update(reach.SURVEY, survey.id, survey.version,
      { reminded = today })
    ctx:job_add("survey.remind", { survey = survey.id },
      { unique = "survey.remind:" .. survey.id })
  end)
  respond:done("/m/survey/" .. survey.id .. "/results",
    ctx:t("survey.reminded"))
end)
