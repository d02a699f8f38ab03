-- Answering: the page for those who are signed in, the one behind a public
-- link, and the preview.

local tenon = require "tenon"
local answer = require "answer"
local design = require "design"
local reach = require "reach"
local view = require "view"

local COOKIE_DAYS = 365

local function items_of(ctx, survey)
  return ctx:from_json(survey.design or '{"items":[]}').items
end

local function message(ctx, problem)
  return ctx:t(problem.key, { ["1"] = problem.argument or "" })
end

-- What an uploaded file is called, for the page that is shown again.
local function file_shown(ctx)
  return function(id)
    local fine, file = pcall(ctx.files.open, id)
    return { value = id, label = fine and file and file:about().name or id,
      url = "/api/v1/files/" .. id, size_text = "" }
  end
end

-- The page's data. problems: of answer.read; request: what was typed.
local function page_data(ctx, survey, items, action, problems, request, added)
  local errors, list = {}, {}
  for i, problem in ipairs(problems) do
    errors[problem.field] = message(ctx, problem)
    list[i] = { message = errors[problem.field], label = problem.item.title,
      id = "f-" .. string.gsub(problem.field, "%.", "-") }
  end
  local function raw(name)
    if not request then return nil end
    if text.ends(name, "[]") then
      local list = {}
      for _, one in ipairs(request:form_list(name) or {}) do
        list[#list + 1] = one
      end
      list[#list + 1] = added and added[name]
      return list
    end
    return request:form(name)
  end
  return {
    page = { width = "read", title = survey.title },
    title = survey.title, intro = survey.intro, action = action,
    survey = survey.id, anonymous = survey.anonymous or false,
    named = not survey.anonymous and not survey.public,
    problems = list,
    asks_required = true,
    sections = view.sections(ctx, items, design.index(items), raw, errors,
      file_shown(ctx)),
    messages = ctx:to_json { missing = ctx:t("survey.wrong.missing"),
      few = ctx:t("survey.wrong.few"), many = ctx:t("survey.wrong.many"),
      other = ctx:t("survey.wrong.other") },
    nonce = request and request:form("_nonce") or ctx:token(),
  }
end

-- A page that says one thing: closed, answered, thanks.
local function note(ctx, survey, words, more)
  return { page = { width = "read", title = survey.title },
    title = survey.title, note = words, more = more }
end

-- ---- saving ----

-- An answer and the ticket that says whose turn is over, in one transaction;
-- neither says when, nor who gave which. A ticket that is there already is a
-- conflict, whoever came first.
local function save(ctx, survey, items, values, who, person)
  local columns = answer.columns(items, values)
  columns.survey = survey.id
  if person and not survey.anonymous then
    columns.person, columns.given = person, ctx:now()
  end
  return ctx:as_module(function()
    return ctx.records.transaction(function()
      ctx.records.create(reach.PART, { ticket = reach.ticket(survey, who),
        survey = survey.id, person = person })
      ctx.records.create(reach.ANSWER, columns)
    end)
  end)
end

-- The uploads of a browser without scripts: item, and name of its field → id.
local function uploaded(request, items)
  local added = {}
  for _, item in ipairs(items) do
    local name = answer.name_of(item)
    local file = item.kind == "file" and request:upload(name .. ".upload")
    if file then
      added[item.id] = file:finish()
      added[name .. "[]"] = added[item.id]
    end
  end
  return added
end

-- Refuses for a script, at the fields; shows the page again to others.
local function refuse(ctx, problems, request, show)
  if request:header("x-tenon-request") == "form" then
    local code
    for _, problem in ipairs(problems) do
      code = ctx:fail_at("invalid", problem.field, problem.key,
        "an answer is missing or wrong", { problem.argument or "" })
    end
    return code
  end
  return show()
end

local function closed_note(ctx, survey)
  return note(ctx, survey, ctx:t("survey.closed_note"))
end

-- ---- signed in ----

local function person_state(ctx, survey)
  if not reach.open_today(survey) then return closed_note(ctx, survey) end
  if reach.has_answered(ctx, survey, ctx.person.id) then
    return note(ctx, survey, ctx:t("survey.answered_note"))
  end
end

local function published(ctx, request)
  local survey = reach.published(ctx, request:param("id"))
  if survey then return survey end
  return nil, ctx:fail("not_found", "survey.not_here",
    "there is no such survey for this person")
end

tenon.page { path = "/m/survey/{id}", example = "/m/survey/1",
  template = "fill", title = "survey.survey",
  call = function(ctx, request)
    local survey, code = published(ctx, request)
    if not survey then return code end
    return person_state(ctx, survey) or page_data(ctx, survey,
      items_of(ctx, survey), "/m/survey/" .. survey.id, {}, nil)
  end }

tenon.route { path = "/m/survey/{id}", example = "/m/survey/1",
  method = "POST", anonymous = true,
  call = function(ctx, request, respond)
    local survey, code = published(ctx, request)
    if not survey then return code end
    if not reach.open_today(survey) then
      return ctx:fail("conflict", "survey.closed_note", "it is closed")
    end
    if reach.has_answered(ctx, survey, ctx.person.id) then
      return ctx:fail("conflict", "survey.answered_note", "answered already")
    end
    local items = items_of(ctx, survey)
    local added = uploaded(request, items)
    local values, problems = answer.read(items, request, added)
    if #problems > 0 then
      return refuse(ctx, problems, request, function()
        respond:page("fill", "survey.survey", page_data(ctx, survey, items,
          "/m/survey/" .. survey.id, problems, request, added), 422)
      end)
    end
    save(ctx, survey, items, values, ctx.person.id, ctx.person.id)
    respond:done("/m/survey/" .. survey.id .. "/thanks")
  end }

tenon.page { path = "/m/survey/{id}/thanks", example = "/m/survey/1/thanks",
  template = "fill", title = "survey.survey",
  call = function(ctx, request)
    local survey, code = published(ctx, request)
    if not survey then return code end
    return note(ctx, survey, survey.thanks or ctx:t("survey.thanks_note"),
      { url = "/m/survey", label = ctx:t("survey.back") })
  end }

tenon.page { path = "/m/survey/{id}/preview", example = "/m/survey/1/preview",
  template = "fill", title = "survey.preview",
  call = function(ctx, request)
    local survey = reach.own(ctx, request:param("id"))
    if not survey then
      return ctx:fail("not_found", "survey.not_here", "no such survey")
    end
    local data = page_data(ctx, survey, items_of(ctx, survey), nil, {}, nil)
    data.preview = { url = "/m/survey/" .. survey.id .. "/edit" }
    return data
  end }

-- ---- by a public link ----

local function cookie_name(survey)
  return "answered_" .. survey.id
end

local function linked(ctx, request)
  local survey = reach.linked(ctx, request:param("token"))
  if survey then return survey end
  return nil, ctx:fail("not_found", "survey.no_link", "no such link")
end

local function show_public(ctx, survey, respond, data, status)
  data.page = { title = survey.title }
  respond:page("public", "survey.survey", data, status)
end

tenon.route { path = "/m/survey/s/{token}", example = "/m/survey/s/x",
  access = "public", anonymous = true,
  call = function(ctx, request, respond)
    local survey, code = linked(ctx, request)
    if not survey then return code end
    local data
    if not reach.open_today(survey) then
      data = closed_note(ctx, survey)
    elseif request:cookie(cookie_name(survey)) then
      data = note(ctx, survey, survey.thanks or ctx:t("survey.thanks_note"))
    else
      data = page_data(ctx, survey, items_of(ctx, survey),
        "/m/survey/s/" .. survey.link, {}, nil)
    end
    show_public(ctx, survey, respond, data)
  end }

tenon.route { path = "/m/survey/s/{token}", example = "/m/survey/s/x",
  method = "POST", access = "public", anonymous = true, expensive = true,
  call = function(ctx, request, respond)
    local survey, code = linked(ctx, request)
    if not survey then return code end
    if not reach.open_today(survey) then
      return ctx:fail("conflict", "survey.closed_note", "it is closed")
    end
    if request:cookie(cookie_name(survey)) then
      return ctx:fail("conflict", "survey.answered_note", "answered already")
    end
    local items = items_of(ctx, survey)
    local values, problems = answer.read(items, request)
    local action = "/m/survey/s/" .. survey.link
    if #problems > 0 then
      return refuse(ctx, problems, request, function()
        show_public(ctx, survey, respond,
          page_data(ctx, survey, items, action, problems, request), 422)
      end)
    end
    -- The page's own number: sent twice it counts once.
    local nonce = request:form("_nonce") or ""
    if not string.match(nonce, "^[%w_-]+$") or #nonce ~= 43 then
      return ctx:fail("invalid", "survey.stale_page", "no number of a page")
    end
    save(ctx, survey, items, values, nonce, nil)
    respond:cookie(cookie_name(survey), "1", COOKIE_DAYS * 24 * 3600)
    respond:done(action)
  end }
