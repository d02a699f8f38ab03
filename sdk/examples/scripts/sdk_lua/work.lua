-- Examples: background work, and what modules offer each other.
local tenon = require "tenon"

local LOAN = "sdk_lua.loan"

-- example: TN_JOB, tn_job_progress, tn_job_result
-- Tells each person of the list how many of the own things are late. It runs as
-- the module, at least once: what was done twice must do no harm.
tenon.job { name = "sdk_lua.remind", title = "sdk_lua.remind", seconds = 600,
  attempts = 3, call = function(ctx, data)
    for i, id in ipairs(data.people) do
      ctx:notify(id, "sdk_lua.late", { name = "Tenon", count = 1 },
        "/m/sdk_lua")
      ctx:job_progress(i, #data.people)
    end
    ctx:job_result("sdk_lua.reminded", { count = #data.people }, "/m/sdk_lua")
  end }
-- end

-- example: tn_job_file
-- All things as a file. Who started the job finds it at /jobs/ID for a day.
tenon.job { name = "sdk_lua.list", title = "sdk_lua.list",
  call = function(ctx)
    local file = ctx.files.create("things.csv")
    for _, thing in ipairs(ctx.records.find("sdk_lua.thing",
      { sort = "name", limit = 200 })) do
      file:write(thing.name .. "\n")
    end
    ctx:job_file(file)
  end }
-- end

-- example: tn_job_add
-- Starts it behind the answer. While one with the same key waits, no second one
-- is added; /jobs/ID shows how far it is.
local function start_reminding(ctx, people)
  return ctx:job_add("sdk_lua.remind", { people = people },
    { unique = "everybody" })
end
-- end

-- example: tn_job_start
-- A minute later, before what is less urgent.
local function start_list_later(ctx)
  return ctx:job_add("sdk_lua.list", nil,
    { delay = 60, priority = 2, unique = "later" })
end
-- end

-- example: tn_job_state, tn_job_cancel
-- Calls it off, unless it is over.
local function stop(ctx, job)
  if ctx:job_state(job).state == "done" then return false end
  ctx:job_cancel(job)
  return true
end
-- end

-- example: tn_setting
-- A field of settings.json as administrators set it; its default else.
local function most_things(ctx)
  return ctx:setting("most")
end
-- end

-- example: TN_OFFER
-- What other modules may ask: whether a thing is free. It runs as whoever the
-- caller runs as, so nobody sees more through it.
tenon.offer { name = "sdk_lua.is_free", call = function(ctx, given)
  return ctx.records.count(LOAN,
    { thing = given.thing, back = { ne = true } }) == 0
end }
-- end

-- example: tn_find_offer, tn_call
-- Asks the module that lends things, where there is one that is switched on:
-- without it all is free.
local function ask_free(ctx, thing)
  if not ctx:find_offer("sdk_lua.is_free") then return true end
  return ctx:call("sdk_lua.is_free", { thing = thing })
end
-- end

tenon.route { path = "/api/v1/m/sdk_lua/later", method = "POST",
  call = function(ctx, request, answer)
    answer:json(200, { stopped = stop(ctx, start_list_later(ctx)) })
  end }

tenon.route { path = "/api/v1/m/sdk_lua/list", method = "POST",
  call = function(ctx, request, answer)
    answer:json(200, { job = ctx:job_add("sdk_lua.list") })
  end }

tenon.route { path = "/api/v1/m/sdk_lua/work", method = "POST",
  call = function(ctx, request, answer)
    local sent = request:json()
    local job = start_reminding(ctx, { sent.person })
    answer:json(200, { job = job ~= nil, most = most_things(ctx),
      free = ask_free(ctx, sent.thing) })
  end }
