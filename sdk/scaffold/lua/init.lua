-- @id@: things on loan. Nobody promises a day that has passed, and a page
-- shows what is out.

local tenon = require "tenon"

local LOANS = "@id@.loan"

-- A new loan ends today or later.
tenon.on {
  form = LOANS,
  when = "before_save",
  call = function(ctx, loan)
    if tenon.is_new(loan) and loan.due and loan.due < tostring(date.today()) then
      return ctx:fail_at("invalid", "due", "@id@.past", "the day has passed")
    end
  end,
}

-- What is out, the first to come back on top: what this person may see.
tenon.page {
  path = "/m/@id@",
  template = "out",
  title = "@id@.title",
  call = function(ctx, request)
    local rows = {}
    for _, loan in ipairs(ctx.records.find(LOANS,
      { sort = "due", limit = 100, texts = true })) do
      rows[#rows + 1] = {
        url = "/records/" .. LOANS .. "/" .. loan.id,
        thing = loan.text.thing,
        due = loan.text.due,
      }
    end
    return { loans = rows }
  end,
}

tenon.menu {
  title = "@id@.title",
  path = "/m/@id@",
  icon = "package",
  form = LOANS,
  order = 500,
}
