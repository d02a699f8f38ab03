-- What tests/bench measures of the SDK in Lua: a call from module to host to
-- module, and a hook before a save.
local tenon = require "tenon"

tenon.offer { name = "bench_lua.echo", call = function(ctx, given)
  return given
end }

-- calls, or with calls=0 the empty loop: the bench takes the difference of
-- the requests' times, because a script has no clock.
tenon.route { path = "/api/v1/m/bench_lua/calls",
  call = function(ctx, request, answer)
    local call, out = ctx.call, 0
    for i = 1, tonumber(request:query("calls")) do
      out = call(ctx, "bench_lua.echo", i)
    end
    answer:json(200, { out = out })
  end }

tenon.on { form = "bench_c.lua", when = "before_save", call = function(ctx, order)
  if order.amount and order.amount < 0 then
    return ctx:fail_at("invalid", "amount", "bench_lua.negative", "negative")
  end
end }
