-- Surveys: build, publish, answer, look at the results.
--
-- design.lua   the questions, their columns, branching
-- answer.lua   what somebody sends, checked against them
-- reach.lua    whom a survey reaches, who may see what
-- hooks.lua    what must hold of a survey however it is saved
-- view.lua     data for the templates
-- fill.lua     answering: inside, and by a public link
-- build.lua    the list, the builder, open, close, copy
-- results.lua  charts, cross tables
-- export.lua   all answers as a file
-- jobs.lua     invitations, reminders, the last day

local tenon = require "tenon"
local reach = require "reach"

require "hooks"
require "fill"
require "build"
require "results"
require "jobs"

-- Each page asks for the menu: what was found holds for ten seconds.
local known = {}

local function shown(ctx)
  if not ctx.person then return false end
  local ten_seconds = string.sub(ctx:now(), 1, 18)
  if known.at ~= ten_seconds then
    known = { at = ten_seconds, of = {} }
  end
  local id = ctx.person.id
  if known.of[id] == nil then
    known.of[id] = reach.may_build(ctx) or reach.any(ctx)
  end
  return known.of[id]
end

tenon.menu { title = "survey.surveys", path = "/m/survey",
  icon = "clipboard-list", order = 60, call = shown }

tenon.widget { name = "survey.for_you", template = "for_you",
  title = "survey.for_you", path = "/m/survey", order = 30,
  call = function(ctx)
    local surveys = {}
    for i, survey in ipairs(reach.to_answer(ctx)) do
      if i > 5 then break end
      surveys[i] = { url = "/m/survey/" .. survey.id, title = survey.title,
        anonymous = survey.anonymous or false,
        closes = survey.closes and
          ctx:t("survey.until", { date = ctx:date(survey.closes) }) }
    end
    if #surveys == 0 then
      return ctx:fail("not_found", "survey.nothing", "nothing to answer")
    end
    return { surveys = surveys }
  end }
