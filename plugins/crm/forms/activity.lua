-- An activity: a next step has a day, and a day a step.

function rules(form)
  form:require("next_on", form.next_step ~= nil)
  form:require("next_step", form.next_on ~= nil)
  form:hide("next_done", not form.next_step)
end
