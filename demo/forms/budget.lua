-- The activity budget: what is refused, in the browser while one types and on
-- the server when it is saved. Amounts and the total are expressions of the
-- form itself (budget.json).

local NEGATIVE = {
  en = "A price is not below zero; please correct it.",
  ["zh-CN"] = "单价不能为负数，请更正。",
  ["zh-TW"] = "單價不能為負數，請更正。",
}

local NOTHING = {
  en = "A quantity is above zero; please correct it.",
  ["zh-CN"] = "数量必须大于零，请更正。",
  ["zh-TW"] = "數量必須大於零，請更正。",
}

function validate(form)
  for _, row in ipairs(form.items) do
    if row.unit_price and row.unit_price < 0 then
      row:error("unit_price", tr(NEGATIVE))
    end
    if row.quantity and row.quantity <= 0 then
      row:error("quantity", tr(NOTHING))
    end
  end
end
