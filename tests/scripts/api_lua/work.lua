-- Widgets and jobs.
local tenon = require "tenon"

local ITEM, LOG = "api_lua.item", "api_lua.log"

-- ---- widgets ----

local function figures(ctx)
  return { count = ctx.records.count(ITEM), who = ctx.person.login,
    raw = "<b>raw</b>" }
end

tenon.widget { name = "api_lua.figures", template = "figures",
  title = "api_lua.figures", path = "/m/api_lua/text", wide = true, order = 50,
  call = figures }
tenon.widget { name = "api_lua.log", template = "figures",
  title = "api_lua.log", form = LOG, order = 51, call = figures }
tenon.widget { name = "api_lua.not_for_you", template = "figures",
  title = "api_lua.figures", call = function(ctx)
    return ctx:fail("forbidden", "api_lua.keep", "not for you")
  end }
tenon.widget { name = "api_lua.broken", template = "figures",
  title = "api_lua.figures", call = function(ctx)
    return ctx:fail("internal", "api_lua.keep", "broken")
  end }

-- ---- jobs ----

tenon.job { name = "api_lua.count", title = "api_lua.counting", attempts = 1,
  call = function(ctx, data)
    if data.refuse then return ctx:fail("conflict", "api_lua.keep", "kept") end
    for i = 1, data.to do ctx:job_progress(i, data.to) end
    ctx.records.create(LOG, { what = "counted to " .. data.to })
    ctx:job_result("api_lua.counted", { count = data.to }, "/m/api_lua/page")
  end }

tenon.job { name = "api_lua.tick", title = "api_lua.counting", every = 3600,
  call = function(ctx, data)
    ctx.records.create(LOG, { what = data and "ticked with data" or "ticked" })
  end }

tenon.route { path = "/api/v1/m/api_lua/job", method = "POST",
  call = function(ctx, request, answer)
    local sent = request:json()
    answer:json(200, { id = ctx:job_add(sent.job or "api_lua.count", sent.data,
      { unique = sent.unique }) })
  end }

-- Runs until it is told to end.
tenon.job { name = "api_lua.wait", title = "api_lua.counting",
  call = function(ctx)
    for i = 1, 1e9 do ctx:job_progress(0) end
  end }

-- Saves, and is refused at its first attempt.
local again = false
tenon.job { name = "api_lua.once", title = "api_lua.counting", atomic = true,
  priority = 2, call = function(ctx)
    ctx.records.create(LOG, { what = "written once" })
    if again then return end
    again = true
    return ctx:fail("conflict", "api_lua.keep", "not yet")
  end }

tenon.job { name = "api_lua.yearly", title = "api_lua.counting",
  cron = "30 7 1 1 *", zone = "Asia/Shanghai", call = function() end }

tenon.route { path = "/api/v1/m/api_lua/order", method = "POST",
  call = function(ctx, request, answer)
    local sent = request:json()
    answer:json(200, { id = ctx:job_add(sent.job, nil,
      { delay = sent.delay, priority = sent.priority }) })
  end }
tenon.route { path = "/api/v1/m/api_lua/order/{id}",
  example = "/api/v1/m/api_lua/order/1", call = function(ctx, request, answer)
    answer:json(200, ctx:job_state(request:param("id")))
  end }
tenon.route { path = "/api/v1/m/api_lua/order/{id}", method = "DELETE",
  example = "/api/v1/m/api_lua/order/1", call = function(ctx, request, answer)
    ctx:job_cancel(request:param("id"))
    answer:json(200, {})
  end }

-- ---- settings ----

tenon.route { path = "/api/v1/m/api_lua/settings",
  call = function(ctx, request, answer)
    -- One that is not in settings.json is a mistake of the module.
    if pcall(ctx.setting, ctx, "absent") then error("it is there") end
    answer:json(200, { greeting = ctx:setting("greeting"),
      most = ctx:setting("most"), rate = ctx:setting("rate"),
      loud = ctx:setting("loud") or false })
  end }

-- ---- participants ----

-- Who is named by the parameter; a question "broken" breaks.
tenon.participants { name = "api_lua.named", title = "api_lua.figures",
  call = function(ctx, record, parameters)
    if record.name == "broken" then
      return ctx:fail("invalid", "api_lua.keep", "broken")
    end
    -- Rules write nothing.
    if record.name == "writes" then ctx.records.create(LOG, {}) end
    if not parameters.more then error("no parameter") end
    return { parameters.who }
  end }

-- ---- field types ----

local STAR = "★"

local function most_of(definition)
  return definition.options and definition.options.most or 5
end

tenon.field_type { name = "api_lua.stars", title = "api_lua.stars",
  storage = "integer", edit = "stars-edit", read = "stars-read",
  cell = "stars-read",
  -- 3, "3" or three stars.
  input = function(ctx, given, definition)
    local number = tonumber(given)
    if not number and #given % #STAR == 0 and
      given == STAR:rep(#given // #STAR) then number = #given // #STAR end
    if not number or number < 0 or number > most_of(definition) then
      return ctx:fail("invalid", "api_lua.too_many", "too many",
        { most_of(definition) })
    end
    return number > 0 and number or nil
  end,
  text = function(ctx, stored) return STAR:rep(stored) end,
  fill = function(ctx, stored, definition)
    local choices = {}
    for i = 1, most_of(definition) do
      choices[i] = { number = i, chosen = i == stored }
    end
    return { choices = choices, of = most_of(definition) }
  end }

tenon.field_type { name = "api_lua.code", title = "api_lua.stars",
  input = function(ctx, given) return given:upper() end }
