-- What needs a clock that goes on, and the questions' own rules.
local test = require "tenon.test"

local YES_NO = { id = "q1", kind = "single", title = "Coming?", required = true,
  options = { { id = "a1", title = "Yes" }, { id = "a2", title = "No" } } }

local function design(ctx, items)
  return ctx:to_json { items = items }
end

-- An open survey of the officer's; values beside the usual ones.
local function survey(values)
  return test.as("huang.yan", function(ctx)
    local all = { title = "Party", status = "open", everybody = true,
      design = design(ctx, { YES_NO }) }
    for key, value in pairs(values or {}) do all[key] = value end
    return ctx.records.create("survey.survey", all)
  end)
end

local function state(id)
  return test.as("huang.yan", function(ctx)
    return ctx.records.get("survey.survey", id).status
  end)
end

local function answer(login, id, fields)
  return test.post(login, "/m/survey/" .. id, fields or { ["q.q1"] = "a1" })
end

local function told(login, words)
  local count = 0
  for _, notice in ipairs(test.notices(login)) do
    if notice.text:find(words, 1, true) then count = count + 1 end
  end
  return count
end

-- The hourly job, as often as a day has hours.
local function days(number)
  for _ = 1, number * 24 do
    test.pass("1h")
    test.jobs()
  end
end

test.test("it closes behind its last day, and tells who built it", function()
  local id = survey { closes = "2026-01-07" }
  days(2)
  test.equal(state(id), "open")
  test.equal(answer("li.na", id).status, 303)
  days(2)
  test.equal(state(id), "closed")
  test.equal(told("huang.yan", "has closed"), 1)
  test.equal(answer("sun.tao", id).status, 409)
end)

test.test("the last day counts even before the job has run", function()
  local id = survey { closes = "2026-01-05" }
  test.pass("20h")
  test.equal(answer("li.na", id).status, 409)
end)

test.test("who has not answered is reminded once, in time", function()
  local id = survey { closes = "2026-01-09", remind = 2 }
  test.equal(answer("li.na", id).status, 303)
  days(1)
  test.equal(told("sun.tao", "not answered"), 0)
  days(2)
  test.equal(told("sun.tao", "not answered"), 1)
  test.equal(told("li.na", "not answered"), 0)
end)

test.test("a reminder is in the language of who gets it, with its link",
  function()
    local id = survey { closes = "2026-01-06", remind = 1 }
    days(1)
    test.equal(test.notices("sun.tao")[1].link, "/m/survey/" .. id)
  end)

test.test("with a deleted survey its answers go, when it can't come back",
  function()
    local id = survey()
    test.equal(answer("li.na", id).status, 303)
    test.equal(answer("sun.tao", id).status, 303)
    local function left(form)
      return test.as_module(function(ctx)
        return ctx.records.count(form, { survey = id })
      end)
    end
    test.as("huang.yan", function(ctx)
      ctx.records.delete("survey.survey", id, 1)
    end)
    test.pass("29d")
    test.jobs()
    test.equal(left("survey.answer"), 2)
    test.pass("3d")
    test.jobs()
    test.equal(left("survey.answer"), 0)
    test.equal(left("survey.participation"), 0)
  end)

test.test("what must hold of a survey holds on every way", function()
  local function refused(key, values)
    test.refused(key, function() survey(values) end)
  end
  test.as("huang.yan", function(ctx)
    refused("survey.bad.no_questions", { design = "" })
    refused("survey.bad.shape", { design = "{" })
    refused("survey.bad.condition", { design = design(ctx, { YES_NO, { id = "q2",
      kind = "text", title = "?", when = { question = "q3", op = "is",
      values = { "a1" } } } }) })
    refused("survey.bad.few_options", { design = design(ctx, { { id = "q1",
      kind = "multiple", title = "?", options = {} } }) })
    local many = {}
    for i = 1, 21 do
      many[i] = { id = "q" .. i, kind = "number", title = "n" .. i }
    end
    refused("survey.bad.slots.n", { design = design(ctx, many) })
  end)
  refused("survey.bad.nobody", { everybody = false })
  refused("survey.bad.closed_already", { closes = "2026-01-04" })
  refused("survey.bad.department", { audience = "|99|" })
end)

test.test("a survey that was open is no draft again", function()
  local id = survey()
  test.refused("survey.bad.status", function()
    test.as("huang.yan", function(ctx)
      ctx.records.update("survey.survey", id, 1, { status = "draft" })
    end)
  end)
end)

test.test("a condition on what is not asked itself is not met", function()
  local id = test.as("huang.yan", function(ctx)
    return ctx.records.create("survey.survey", { title = "Chain",
      status = "open", everybody = true, design = design(ctx, { YES_NO,
        { id = "q2", kind = "single", title = "Bringing somebody?",
          options = YES_NO.options, when = { question = "q1", op = "is",
            values = { "a1" } } },
        { id = "q3", kind = "text", title = "Whom?", required = true,
          when = { question = "q2", op = "is", values = { "a1" } } } }) })
  end)
  -- The second is hidden by the first, the third by the second.
  test.equal(answer("li.na", id, { ["q.q1"] = "a2", ["q.q2"] = "a1" }).status,
    303)
  test.equal(answer("sun.tao", id, { ["q.q1"] = "a1", ["q.q2"] = "a1" }).status,
    422)
  test.equal(answer("sun.tao", id, { ["q.q1"] = "a1", ["q.q2"] = "a1",
    ["q.q3"] = "My sister" }).status, 303)
end)
