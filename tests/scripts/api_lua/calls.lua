-- What modules offer each other.
local tenon = require "tenon"

local ITEM = "api_lua.item"

tenon.offer { name = "api_lua.twice", call = function(ctx, given)
  return { twice = 2 * given.n }
end }

-- As whoever the caller runs as.
tenon.offer { name = "api_lua.count", call = function(ctx)
  return ctx.records.count(ITEM)
end }

tenon.offer { name = "api_lua.minus", call = function() return -3 end }

tenon.offer { name = "api_lua.refuse", call = function(ctx)
  return ctx:fail("conflict", "api_lua.keep", "kept")
end }

tenon.offer { name = "api_lua.circle", call = function(ctx, given)
  return ctx:call("api_c.circle", given)
end }

tenon.route { path = "/api/v1/m/api_lua/offer", method = "POST",
  call = function(ctx, request, answer)
    local sent = request:json()
    local name = ctx:find_offer(sent.name) or sent.name
    local function ask() return ctx:call(name, sent["in"]) end
    local out
    if sent.as_module then out = ctx:as_module(ask) else out = ask() end
    if out == nil then out = tenon.null end
    answer:json(200, { out = out })
  end }
