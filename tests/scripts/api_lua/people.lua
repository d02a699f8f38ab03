-- People and departments, and telling them something.
local tenon = require "tenon"

local function look(ctx, request, answer)
  local found = ctx.people.find { search = request:query("search"),
    role = request:query("role"), department = request:query("department"),
    below = request:query("below") ~= nil,
    limit = request:query("many") and 201 or 100 }
  local logins = {}
  for i, person in ipairs(found) do logins[i] = person.login end
  local id = ctx.person and ctx.person.id or 1
  answer:json(200, { logins = logins, departments = ctx.people.departments(),
    me = ctx.people.get(id), hr = ctx.people.has_role(id, "hr"),
    cashier = ctx.people.has_role(id, "cashier") })
end

tenon.route { path = "/m/api_lua/strangers", access = "public", call = look }
tenon.route { path = "/api/v1/m/api_lua/people", call = look }

tenon.route { path = "/api/v1/m/api_lua/notify", method = "POST",
  call = function(ctx, request, answer)
    local sent = request:json()
    ctx:notify(sent.id, sent.key, { count = sent.count, name = sent.name },
      sent.path)
    answer:json(200, { x = tenon.null })
  end }
