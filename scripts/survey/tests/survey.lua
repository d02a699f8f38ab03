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

-- ---- "Other", and how many may be chosen ----

local DRINKS = { id = "q1", kind = "multiple", title = "Drinks?", least = 2,
  most = 3, other = true, options = { { id = "a1", title = "Tea" },
    { id = "a2", title = "Milk" }, { id = "a3", title = "Juice" } } }
local WAY = { id = "q2", kind = "single", title = "How?", other = true,
  options = { { id = "a1", title = "Train" }, { id = "a2", title = "Car" } } }

-- A copy with other values; "none" takes one out.
local function with(item, values)
  local copy = {}
  for key, value in pairs(item) do copy[key] = value end
  for key, value in pairs(values) do
    if value == "none" then value = nil end
    copy[key] = value
  end
  return copy
end

local function party(...)
  local items = { ... }
  return test.as("huang.yan", function(ctx)
    return ctx.records.create("survey.survey", { title = "Party",
      status = "open", everybody = true, design = design(ctx, items) })
  end)
end

-- The stored answers.
local function given(id)
  return test.as_module(function(ctx)
    return ctx.records.find("survey.answer", { where = { survey = id } })
  end)
end

local function change(id, ...)
  local items = { ... }
  test.as("huang.yan", function(ctx)
    local now = ctx.records.get("survey.survey", id)
    ctx.records.update("survey.survey", id, now.version,
      { design = design(ctx, items) })
  end)
end

test.test("how many may be chosen is asked of every answer", function()
  local id = party(DRINKS)
  local function choose(login, ids, words)
    local fields = { ["q.q1[]"] = ids, ["q.q1.other"] = words }
    return answer(login, id, fields)
  end
  local few = choose("li.na", { "a1" })
  test.equal(few.status, 422)
  test.ok(few.text:find("Please choose at least 2", 1, true), "least")
  local many = choose("li.na", { "a1", "a2", "a3", "_other" }, "Water")
  test.equal(many.status, 422)
  test.ok(many.text:find("Please choose at most 3", 1, true), "most")
  test.ok(many.text:find('value="Water"', 1, true), "what was typed stays")
  -- Who need not answer may leave it out.
  test.equal(choose("li.na", nil).status, 303)
  test.equal(choose("sun.tao", { "a1", "_other" }, "Water").status, 303)
  -- Without scripts, a text is a choice.
  test.equal(choose("zhao.min", { "a3" }, "Cola").status, 303)
  local stored = {}
  for _, one in ipairs(given(id)) do
    stored[#stored + 1] = (one.c1 or "") .. (one.t1 or "")
  end
  table.sort(stored)
  test.equal(stored, { "", "|a1|_other|Water", "|a3|_other|Cola" })
end)

test.test("who chooses Other says what", function()
  local id = party(WAY)
  local function choose(login, choice, words)
    return answer(login, id, { ["q.q2"] = choice, ["q.q2.other"] = words })
  end
  local empty = choose("li.na", "_other", "  ")
  test.equal(empty.status, 422)
  test.ok(empty.text:find("what you mean by “Other”", 1, true))
  test.equal(choose("li.na", "_other", string.rep("x", 201)).status, 422)
  test.equal(choose("li.na", "_other", " By bike ").status, 303)
  -- What is typed beside another choice is nothing.
  test.equal(choose("sun.tao", "a1", "By bike").status, 303)
  test.equal(choose("zhao.min", nil, "On foot").status, 303)
  local words = {}
  for _, one in ipairs(given(id)) do
    words[#words + 1] = one.c1 .. ":" .. (one.t1 or "")
  end
  table.sort(words)
  test.equal(words, { "_other:By bike", "_other:On foot", "a1:" })
  -- A question that does not offer it takes none.
  test.equal(answer("li.na", party(with(WAY, { other = "none" })),
    { ["q.q2"] = "_other", ["q.q2.other"] = "x" }).status, 422)
end)

test.test("a condition may ask for Other", function()
  local id = party(WAY, { id = "q3", kind = "text", title = "Why?",
    required = true, when = { question = "q2", op = "is",
      values = { "_other" } } })
  test.equal(answer("li.na", id, { ["q.q2"] = "a1" }).status, 303)
  test.equal(answer("sun.tao", id, { ["q.q2"] = "_other",
    ["q.q2.other"] = "Boat" }).status, 422)
  test.refused("survey.bad.condition", function()
    party(with(WAY, { other = "none" }), { id = "q3", kind = "text",
      title = "?", when = { question = "q2", op = "is",
        values = { "_other" } } })
  end)
end)

test.test("limits that can't be kept are refused, and tighter ones later",
  function()
    local function refused(key, values)
      test.refused(key, function() party(with(DRINKS, values)) end)
    end
    refused("survey.bad.range", { least = 3, most = 2 })
    refused("survey.bad.limit", { most = 5 })
    refused("survey.bad.limit", { least = 0 })
    refused("survey.bad.limit", { least = "two" })
    local id = party(DRINKS)
    local function broken(key, values)
      test.refused(key, function() change(id, with(DRINKS, values)) end)
    end
    broken("survey.bad.tighter", { least = 3 })
    broken("survey.bad.tighter", { most = 2 })
    broken("survey.bad.lost_other", { other = "none" })
    change(id, with(DRINKS, { least = 1, most = "none", title = "Which?" }))
    -- Offered later, it gets a column of its own.
    local later = party(with(WAY, { other = "none" }),
      { id = "q3", kind = "text", title = "Why?" })
    change(later, WAY, { id = "q3", kind = "text", title = "Why?" })
    test.equal(answer("li.na", later, { ["q.q2.other"] = "Boat",
      ["q.q3"] = "Fun" }).status, 303)
    test.equal({ given(later)[1].t1, given(later)[1].t2 }, { "Fun", "Boat" })
  end)

test.test("Other is a bar with its texts, a row of the cross table, a column",
  function()
    local id = party(DRINKS, WAY)
    answer("li.na", id, { ["q.q1[]"] = { "a1", "_other" },
      ["q.q1.other"] = "=1+1", ["q.q2"] = "_other", ["q.q2.other"] = "Boat" })
    answer("sun.tao", id, { ["q.q1[]"] = { "a1", "a2" }, ["q.q2"] = "a1" })
    local base = "/m/survey/" .. id
    local page = test.get("huang.yan", base .. "/results").text
    test.ok(page:find("Other · 50 %", 1, true), "a bar")
    test.ok(page:find('<li class="tn-wrap">Boat</li>', 1, true), "its text")
    local cross = test.get("huang.yan", base .. "/results?by=q2").text
    test.ok(cross:find('<th scope="row">Other</th>', 1, true), "a row")
    test.ok(cross:find('<th scope="col" class="tn-num">Other<br>', 1, true),
      "a column")
    test.ok(not cross:find("Boat", 1, true), "no text beside a breakdown")
    local file = test.get("huang.yan", base .. "/export").text
    test.ok(file:find("Drinks?,Drinks? – Other,How?,How? – Other", 1, true))
    test.ok(file:find("Tea; Other,'=1+1,Other,Boat", 1, true), file)
    test.ok(file:find("Tea; Milk,,Train,\r\n", 1, true), file)
  end)

test.test("the texts of Other are not shown before five have answered",
  function()
    local id = test.as("huang.yan", function(ctx)
      return ctx.records.create("survey.survey", { title = "Secret",
        status = "open", everybody = true, anonymous = true,
        design = design(ctx, { WAY }) })
    end)
    local people = { "li.na", "sun.tao", "zhao.min", "wang.fang", "he.jun" }
    local function page()
      return test.get("huang.yan", "/m/survey/" .. id .. "/results").text
    end
    for i = 1, 4 do
      answer(people[i], id, { ["q.q2"] = "_other", ["q.q2.other"] = "Sledge" })
    end
    test.ok(not page():find("Sledge", 1, true))
    test.equal(test.send("huang.yan", "POST", "/m/survey/" .. id .. "/export",
      {}).status, 403)
    answer(people[5], id, { ["q.q2"] = "a1" })
    test.ok(page():find("Sledge", 1, true))
  end)

-- ---- the export that takes a while ----

test.test("a job leaves the file for who asked for it, and for nobody else",
  function()
    local id = party(WAY)
    answer("li.na", id, { ["q.q2.other"] = "@boat" })
    for i = 1, 450 do
      test.as_module(function(ctx)
        ctx.records.create("survey.answer", { survey = id, c1 = "a1" })
      end)
    end
    local base = "/m/survey/" .. id
    test.equal(test.post("li.na", base .. "/export", {}).status, 404)
    local started = test.post("huang.yan", base .. "/export", {})
    test.equal(started.status, 303)
    local job = started.headers["location"]:match("^/jobs/%d+")
    test.jobs()
    local page = test.get("huang.yan", job).text
    test.ok(page:find("451 answers exported.", 1, true), page)
    local file = test.get("huang.yan", job .. "/file").text
    test.equal(file:sub(1, 3), "\u{feff}")
    local _, lines = file:gsub("\r\n", "")
    test.equal(lines, 452)
    test.ok(file:find("Other,'@boat\r\n", 1, true), "no formula")
    test.equal(test.get("admin", job .. "/file").status, 404)
  end)
