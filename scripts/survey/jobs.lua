-- What happens by itself: invitations, reminders, the last day.
--
-- A notification says that there is a survey, to everybody whom it reaches;
-- a reminder goes to those who have not answered. Neither says when somebody
-- answered, and none is sent when somebody does.

local tenon = require "tenon"
local reach = require "reach"

local function of(ctx, data)
  local survey = ctx.records.get(reach.SURVEY, data.survey)
  return survey and survey.status == "open" and survey or nil
end

local function tell(ctx, survey, key, person)
  ctx:notify(person, key, { title = survey.title },
    "/m/survey/" .. survey.id)
end

-- Tells in portions: each is a transaction of its own, so that nobody waits
-- for thousands of rows.
local function tell_all(ctx, survey, key, skip)
  local waiting, done = {}, 0
  local function flush()
    if #waiting == 0 then return end
    ctx.records.transaction(function()
      for _, person in ipairs(waiting) do tell(ctx, survey, key, person) end
    end)
    done = done + #waiting
    waiting = {}
    ctx:job_progress(done)
  end
  reach.each_person(ctx, survey, function(person)
    if skip and skip[person.id] then return end
    waiting[#waiting + 1] = person.id
    if #waiting >= 50 then flush() end
  end)
  flush()
end

local function answered(ctx, survey)
  local done, offset = {}, 0
  repeat
    local found = ctx.records.find(reach.PART, { sort = "id", limit = 200,
      offset = offset, where = { survey = survey.id } })
    for _, one in ipairs(found) do
      if one.person then done[one.person] = true end
    end
    offset = offset + 200
  until #found < 200
  return done
end

tenon.job { name = "survey.invite", title = "survey.job.invite",
  seconds = 300, call = function(ctx, data)
    local survey = of(ctx, data)
    if survey and not survey.public then
      tell_all(ctx, survey, "survey.invited")
    end
  end }

tenon.job { name = "survey.remind", title = "survey.job.remind",
  seconds = 300, call = function(ctx, data)
    local survey = of(ctx, data)
    if survey and not survey.public then
      tell_all(ctx, survey, "survey.remember", answered(ctx, survey))
    end
  end }

-- ---- a survey that was deleted ----

-- It may come back out of the bin for 30 days; then its answers go, and who
-- has answered.
local KEPT_DAYS = 31

tenon.on { form = reach.SURVEY, when = "after_delete",
  call = function(ctx, survey)
    ctx:job_add("survey.purge", { survey = survey.id }, { due =
      tostring(date.today():add_days(KEPT_DAYS)) .. "T00:00:00.000Z",
      unique = "survey.purge:" .. survey.id })
  end }

local function purge(ctx, form, survey)
  repeat
    local found = ctx.records.find(form, { limit = 50, sort = "id",
      where = { survey = survey } })
    ctx.records.transaction(function()
      for _, one in ipairs(found) do
        ctx.records.delete(form, one.id, one.version)
      end
    end)
  until #found < 50
end

tenon.job { name = "survey.purge", title = "survey.job.purge", seconds = 600,
  call = function(ctx, data)
    if ctx.records.get(reach.SURVEY, data.survey) then return end
    purge(ctx, reach.ANSWER, data.survey)
    purge(ctx, reach.PART, data.survey)
  end }

-- ---- reminders, the last day ----

-- Whether today is the day on which to remind, `remind` days before the last.
local function is_due(survey, today)
  if not survey.closes or not survey.remind or survey.reminded == today then
    return false
  end
  return date(survey.closes):add_days(-survey.remind) == date(today)
end

local function look_at(ctx, survey, today)
  if survey.closes and survey.closes < today then
    ctx.records.transaction(function()
      ctx.records.update(reach.SURVEY, survey.id, survey.version,
        { status = "closed" })
      if survey.owner then
        ctx:notify(survey.owner, "survey.ended", { title = survey.title },
          "/m/survey/" .. survey.id .. "/results")
      end
    end)
  elseif is_due(survey, today) then
    ctx.records.transaction(function()
      ctx.records.update(reach.SURVEY, survey.id, survey.version,
        { reminded = today })
      ctx:job_add("survey.remind", { survey = survey.id },
        { unique = "survey.remind:" .. survey.id })
    end)
  end
end

tenon.job { name = "survey.daily", title = "survey.job.daily", every = 3600,
  seconds = 120, call = function(ctx)
    local today, offset = tostring(date.today()), 0
    local open = {}
    repeat
      local found = ctx.records.find(reach.SURVEY, { sort = "id", limit = 100,
        offset = offset, where = { status = "open" } })
      for _, survey in ipairs(found) do open[#open + 1] = survey end
      offset = offset + 100
    until #found < 100
    for _, survey in ipairs(open) do look_at(ctx, survey, today) end
  end }
