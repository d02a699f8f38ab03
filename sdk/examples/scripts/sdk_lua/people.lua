-- Examples: people, departments, roles, notifications.
local tenon = require "tenon"

-- example: tn_people_get
-- The head of somebody's department, who hears of what is late; nil: none.
local function head_of(ctx, id)
  local person = ctx.people.get(id)
  return person and person.head
end
-- end

-- example: tn_people_find
-- Who works in a department and below it, by name.
local function colleagues(ctx, department)
  return ctx.people.find { department = department, below = true, limit = 200 }
end
-- end

-- example: tn_departments
-- The department of that name; parents come before children.
local function department_called(ctx, name)
  for _, department in ipairs(ctx.people.departments()) do
    if department.name == name then return department.id end
  end
end
-- end

-- example: tn_has_role
-- Keepers may do more than others: roles are the site's, asked by their key.
local function is_keeper(ctx)
  return ctx.people.has_role(ctx.person.id, "keeper")
end
-- end

-- example: tn_notify
-- Tells somebody how many things are late: in the portal and by mail, in the
-- reader's language. It belongs to the transaction of the call: what is undone
-- tells nobody.
local function tell_late(ctx, id, name, count)
  ctx:notify(id, "sdk_lua.late", { name = name, count = count }, "/m/sdk_lua")
end
-- end

tenon.route { path = "/api/v1/m/sdk_lua/people", method = "POST",
  call = function(ctx, request, answer)
    local logins = {}
    for i, person in ipairs(colleagues(ctx, department_called(ctx, "Sales"))) do
      logins[i] = person.login
    end
    tell_late(ctx, ctx.person.id, "Li Na", 1)
    answer:json(200, { sales = logins, keeper = is_keeper(ctx),
      head = ctx.people.get(head_of(ctx, ctx.person.id)).login })
  end }
