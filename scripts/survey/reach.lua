-- Whom a survey reaches, who has answered, who may see what.
--
-- Builders have rights on the form survey.survey by grants. Who answers has
-- none: pages ask here, and then read and write as the module.

local tenon = require "tenon"

local SURVEY, ANSWER, PART =
  "survey.survey", "survey.answer", "survey.participation"
local TREE_MINUTES = 1
local LEAST = 5

local reach = { SURVEY = SURVEY, ANSWER = ANSWER, PART = PART, LEAST = LEAST }

-- ---- departments ----

-- A cache of this process: for a minute, a department that moved counts where
-- it was.
local tree = {}

local function departments(ctx)
  local now = ctx:now()
  if not tree.at or date.minutes(tree.at, now) >= TREE_MINUTES
    or now < tree.at then
    tree = { at = now, list = ctx.people.departments(), parent = {} }
    for _, one in ipairs(tree.list) do tree.parent[one.id] = one.parent end
  end
  return tree
end

function reach.departments(ctx)
  return departments(ctx).list
end

-- The person's department and those above it.
local function above(ctx, department)
  local parent, list = departments(ctx).parent, {}
  while department and #list < 32 do
    list[#list + 1] = department
    department = parent[department]
  end
  return list
end

-- "|12|34|" → { "12", "34" }
function reach.ids(audience)
  local list = {}
  for id in string.gmatch(audience or "", "%d+") do list[#list + 1] = id end
  return list
end

-- ---- surveys ----

local function open_today(survey)
  return survey.status == "open"
    and (not survey.closes or survey.closes >= tostring(date.today()))
end

reach.open_today = open_today

local function is_for(ctx, survey)
  if survey.everybody then return true end
  local audience = survey.audience or ""
  for _, id in ipairs(above(ctx, ctx.person.department)) do
    if string.find(audience, "|" .. id .. "|", 1, true) then return true end
  end
  return false
end

-- Which open surveys are for this person, as a condition.
local function for_person(ctx)
  local any = { { everybody = true } }
  for _, id in ipairs(above(ctx, ctx.person.department)) do
    any[#any + 1] = { audience = { contains = "|" .. id .. "|" } }
  end
  return { ["and"] = {
    { status = "open" },
    { ["or"] = { { closes = tenon.null }, { closes = { ge =
      tostring(date.today()) } } } },
    { ["or"] = any },
  } }
end

-- One answer each: whoever takes this first has answered.
function reach.ticket(survey, who)
  return survey.id .. ":" .. who
end

function reach.has_answered(ctx, survey, who)
  return ctx:as_module(function()
    return ctx.records.count(PART, { ticket = reach.ticket(survey, who) }) > 0
  end)
end

-- The surveys that this person may answer and has not.
function reach.to_answer(ctx)
  return ctx:as_module(function()
    local list, answered = {}, {}
    local open = ctx.records.find(SURVEY,
      { where = for_person(ctx), sort = "closes", limit = 200 })
    if #open == 0 then return list end
    for _, one in ipairs(ctx.records.find(PART,
      { where = { person = ctx.person.id }, sort = "id", limit = 200 })) do
      answered[one.survey] = true
    end
    for _, survey in ipairs(open) do
      if not answered[survey.id] then list[#list + 1] = survey end
    end
    return list
  end)
end

-- Whether anything is published to him, answered or not: cheap, for the menu.
function reach.any(ctx)
  return ctx:as_module(function()
    return ctx.records.count(SURVEY, for_person(ctx)) > 0
  end)
end

function reach.may_build(ctx)
  return ctx.records.may(SURVEY, "create")
end

-- As the person: owners and officers. Nil where it is not his to see.
function reach.own(ctx, id)
  return string.match(id or "", "^%d+$") and ctx.records.get(SURVEY, id) or nil
end

-- As a respondent: the survey, where it is published to him.
function reach.published(ctx, id)
  if not string.match(id or "", "^%d+$") then return nil end
  local survey = ctx:as_module(function()
    return ctx.records.get(SURVEY, id)
  end)
  if survey and survey.status ~= "draft" and is_for(ctx, survey) then
    return survey
  end
end

-- Of an anonymous survey nothing is shown, and nothing goes out, before LEAST
-- people have answered.
function reach.too_few(survey, total)
  return survey.anonymous and total < LEAST
end

-- By the token of a public link.
function reach.linked(ctx, token)
  if not string.match(token or "", "^[%w_-]+$") then return nil end
  return ctx:as_module(function()
    local found = ctx.records.find(SURVEY,
      { where = { link = token, public = true }, limit = 1 })
    return found[1] and found[1].status ~= "draft" and found[1] or nil
  end)
end

-- ---- everybody it reaches ----

-- Calls `each` with every person (once).
function reach.each_person(ctx, survey, each)
  local seen = {}
  local function page_through(query)
    query.limit, query.offset = 200, 0
    repeat
      local people = ctx.people.find(query)
      for _, person in ipairs(people) do
        if not seen[person.id] then
          seen[person.id] = true
          each(person)
        end
      end
      query.offset = query.offset + 200
    until #people < 200
  end
  if survey.everybody then return page_through {} end
  for _, id in ipairs(reach.ids(survey.audience)) do
    page_through { department = id, below = true }
  end
end

-- How many it reaches.
function reach.size(ctx, survey)
  local count = 0
  reach.each_person(ctx, survey, function() count = count + 1 end)
  return count
end

return reach
