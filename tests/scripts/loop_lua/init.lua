-- A module in Lua that never comes back, for tests: it ends inside the
-- process, and nobody else notices.
local tenon = require "tenon"

tenon.route {
  path = "/m/loop_lua/forever",
  call = function(ctx, request, answer)
    while true do end
  end,
}

tenon.route {
  path = "/m/loop_lua/pcall",
  call = function(ctx, request, answer)
    while true do pcall(function() while true do end end) end
  end,
}

tenon.route {
  path = "/m/loop_lua/memory",
  call = function(ctx, request, answer)
    local all = {}
    while true do all[#all + 1] = ("x"):rep(100000) .. #all end
  end,
}

local kept

-- A handle that is used after its call is an error, not freed memory.
tenon.route {
  path = "/m/loop_lua/kept",
  call = function(ctx, request, answer)
    local old = kept
    kept = ctx
    if old then old:log("info", "kept", "used too late") end
    answer:text(200, "text/plain; charset=utf-8", "kept\n")
  end,
}

tenon.route {
  path = "/m/loop_lua/error",
  call = function(ctx, request, answer)
    error("on purpose")
  end,
}

-- Without the capabilities.
tenon.route { path = "/m/loop_lua/without", call = function(ctx, request)
  if request:query("files") then
    ctx.files.create("a.txt")
  else
    ctx:notify("1", "loop_lua.menu")
  end
end }

tenon.route {
  path = "/m/loop_lua/rep",
  call = function(ctx, request, answer)
    local text = "x"
    while true do text = text:rep(1000):sub(1, 1000000) end
  end,
}
