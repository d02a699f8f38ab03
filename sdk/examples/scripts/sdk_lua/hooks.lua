-- Examples: what happens around the saving of a record.
local tenon = require "tenon"

local LOAN = "sdk_lua.loan"

-- example: TN_ON, tn_records_count, tn_fail, tn_get, TN_AND, TN_EQ, TN_NE
-- A thing is lent once at a time. The hook runs as the module: it sees the
-- loans of all people, whoever saves. `guard` makes two loans of one thing
-- wait for each other; `required`: where this can't run, nothing is saved.
tenon.on { form = LOAN, when = "before_save", guard = "thing", required = true,
  call = function(ctx, loan)
    local others = ctx.records.count(LOAN,
      { thing = loan.thing, back = { ne = true }, id = { ne = loan.id } })
    if others > 0 then
      return ctx:fail("conflict", "sdk_lua.lent", "lent already")
    end
  end }
-- end

-- example: tn_fail_at, tn_is_new, tn_iso_date
-- Nothing is lent into the past. The refusal stands at the field. Dates are
-- texts that compare as such; "today" is the person's, not UTC's.
tenon.on { form = LOAN, when = "before_save", order = 10,
  call = function(ctx, loan)
    if tenon.is_new(loan) and loan.due < ctx:iso_date(ctx:now()) then
      return ctx:fail_at("invalid", "due", "sdk_lua.past", "due in the past")
    end
  end }
-- end

-- example: tn_fail_with, tn_setting
-- As many things as administrators allow: {1} and {2} of the catalog's text
-- are filled from the list.
tenon.on { form = LOAN, when = "before_save", order = 20, guard = "owner",
  call = function(ctx, loan)
    local most = ctx:setting("most")
    local has = ctx.records.count(LOAN,
      { owner = loan.owner, back = { ne = true }, id = { ne = loan.id } })
    if has >= most then
      return ctx:fail("limit", "sdk_lua.too_many", "too many", { has, most })
    end
  end }
-- end

-- example: tn_before, tn_set
-- Keeps the first day of return in the note when it is moved.
tenon.on { form = LOAN, when = "before_save", order = 30,
  call = function(ctx, loan)
    if not tenon.is_new(loan) and tenon.changed(loan, "due") then
      loan.note = tenon.before(loan, "due")
    end
  end }
-- end

-- example: tn_log, tn_form
-- After a save, in its transaction. The log says what, never what people wrote.
tenon.on { form = LOAN, when = "after_save", call = function(ctx, loan)
  ctx:log("info", "sdk_lua.saved", tenon.form(loan))
end }
-- end
