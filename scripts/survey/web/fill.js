// fill.js - while somebody answers: questions come and go at once, and what is
// not asked is not sent; "Other" and its line belong together; what is missing
// is told before anything is sent. The server does the same (design.lua,
// answer.lua), and decides.

const controls = (item) => item.querySelectorAll("input, select, textarea");

// What stands in a question: a list of texts; empty where it is not answered.
// What is typed behind "Other" is no answer beside that.
function valuesOf(item) {
  const values = [];
  for (const control of controls(item)) {
    if (control.hasAttribute("data-other-text")) continue;
    if (/^(radio|checkbox)$/.test(control.type)) {
      if (control.checked) values.push(control.value);
    } else if (control.value.trim()) {
      values.push(control.value.trim());
    }
  }
  return values;
}

function holds(when, values) {
  if (!values.length) return false;
  if (when.op === "at_least" || when.op === "at_most") {
    const number = Number(values[0].normalize("NFKC").replace(/[\s,]/g, ""));
    return when.op === "at_least" ? number >= Number(when.value)
      : number <= Number(when.value);
  }
  const met = values.some((value) => when.values.includes(value));
  return when.op === "is" ? met : !met;
}

function show(element, yes) {
  element.hidden = !yes;
}

// Who types behind "Other" chooses it; who takes the choice back takes the
// words along, and has them again with it.
function others(form) {
  for (const line of form.querySelectorAll("[data-other-text]")) {
    const box = line.parentElement.querySelector("[data-other]");
    const item = line.closest("[data-item]");
    let kept = "";
    line.addEventListener("input", () => {
      if (!line.value.trim() || box.checked) return;
      box.checked = true;
      box.dispatchEvent(new Event("change", { bubbles: true }));
    });
    item.addEventListener("change", (event) => {
      if (event.target === line) return;
      if (!box.checked && line.value) {
        kept = line.value;
        line.value = "";
      } else if (box.checked && !line.value) {
        line.value = kept;
        if (event.target === box) line.focus();
      }
    });
  }
}

// What is wrong with a question that is asked: { field, message }, or null.
function problemOf(item, messages) {
  const field = `q.${item.dataset.item}`, count = valuesOf(item).length;
  const { least, most } = item.dataset;
  if (!count)
    return "required" in item.dataset
      ? { field, message: messages.missing } : null;
  const box = item.querySelector("[data-other]");
  const line = item.querySelector("[data-other-text]");
  if (box?.checked && !line.value.trim())
    return { field: line.name, message: messages.other };
  if (least && count < Number(least))
    return { field, message: messages.few.replace("{1}", least) };
  if (most && count > Number(most))
    return { field, message: messages.many.replace("{1}", most) };
  return null;
}

function checks(form, messages) {
  form.addEventListener("tn:check", (event) => {
    for (const item of form.querySelectorAll("[data-kind][data-item]")) {
      if (item.closest("[hidden]")) continue;
      const problem = problemOf(item, messages);
      if (problem) event.detail.problems.push(problem);
    }
  });
}

export function start(element) {
  const form = element.closest("form");
  others(form);
  checks(form, JSON.parse(element.dataset.messages));
  branching(form);
}

function branching(form) {
  const items = new Map();
  for (const item of form.querySelectorAll("[data-item]"))
    items.set(item.dataset.item, item);
  const whens = new Map();
  for (const [id, item] of items)
    if (item.dataset.when) whens.set(id, JSON.parse(item.dataset.when));
  if (!whens.size) return;
  for (const note of form.querySelectorAll("[data-only]")) note.hidden = true;

  // In the order of the page: a condition asks what stands before.
  function branch() {
    const shown = new Map();
    for (const [id, item] of items) {
      const when = whens.get(id);
      const section = item.closest("[data-section]");
      const inside = section === item || section.hidden !== true;
      const yes = !when || (shown.get(when.question) === true &&
        holds(when, valuesOf(items.get(when.question))));
      shown.set(id, inside && yes);
      show(item, yes);
    }
    for (const [id, item] of items) {
      if (item.hasAttribute("data-section")) continue;
      for (const control of controls(item)) control.disabled = !shown.get(id);
    }
  }
  form.addEventListener("input", branch);
  form.addEventListener("change", branch);
  // A draft that is taken up sets values without events.
  form.addEventListener("click", () => requestAnimationFrame(branch));
  branch();
}
