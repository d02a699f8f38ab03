-- Examples: pages, menus, widgets, services, rules, field types.
local tenon = require "tenon"

local THING, LOAN = "sdk_lua.thing", "sdk_lua.loan"

-- example: TN_PAGE
-- pages/today.mustache over what `call` gives. It runs as the person: who may
-- not read a loan does not get it here.
tenon.page { path = "/m/sdk_lua", template = "today", title = "sdk_lua.title",
  call = function(ctx)
    return { loans = ctx.records.find(LOAN, { texts = true, sort = "due" }) }
  end }
-- end

-- example: TN_MENU
-- The way to it, for those who may read loans and have one. `call` is asked for
-- each page of each person: keep it cheap, or leave it out.
tenon.menu { title = "sdk_lua.title", path = "/m/sdk_lua", icon = "box",
  form = LOAN, order = 300,
  call = function(ctx) return ctx.records.count(LOAN) > 0 end }
-- end

-- example: TN_WIDGET
-- A box of the home page, over pages/lent.mustache. It is fetched behind the
-- page: one that fails or takes long costs its own place only.
tenon.widget { name = "sdk_lua.lent", template = "lent",
  title = "sdk_lua.today", path = "/m/sdk_lua", form = LOAN,
  call = function(ctx) return { count = ctx.records.count(LOAN) } end }
-- end

-- example: TN_SERVICE
-- What <serviceTask tenon:service="sdk_lua.add_thing"> does: the wish becomes a
-- thing. An error undoes what it wrote, and the process waits for repair.
tenon.service { name = "sdk_lua.add_thing",
  call = function(ctx, wish, parameters)
    ctx.records.create(THING, { name = wish.name, kind = parameters.kind })
  end }
-- end

-- example: TN_PARTICIPANTS
-- Who does a task of a process: all keepers. To name nobody is allowed; the
-- process has a rule for that.
tenon.participants { name = "sdk_lua.keepers", title = "sdk_lua.keepers",
  call = function(ctx)
    local ids = {}
    for i, person in ipairs(ctx.people.find { role = "keeper" }) do
      ids[i] = person.id
    end
    return ids
  end }
-- end

-- example: TN_FIELD_TYPE
-- A condition of 1 to 3, for { "type": "sdk_lua.grade" } in forms; plugin.cfg
-- says how it is stored: field_types = [ "grade:integer" ].
tenon.field_type { name = "sdk_lua.grade", title = "sdk_lua.grade",
  storage = "integer", read = "grade", cell = "grade",
  input = function(ctx, given)
    local grade = math.tointeger(tonumber(given))
    if not grade or grade < 1 or grade > 3 then
      return ctx:fail("invalid", "sdk_lua.no_grade", "not 1 to 3")
    end
    return grade
  end,
  text = function(ctx, stored) return ("+"):rep(stored) end,
  -- More data for the template pages/grade.mustache.
  fill = function() return { of = 3 } end }
-- end
