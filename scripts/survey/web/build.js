// build.js - the builder of surveys: a list of questions that is edited in
// place. Its state is the JSON of the hidden input "design", which the form
// sends; the server checks it (design.lua). All changes can be undone.

const KINDS = ["single", "multiple", "scale", "matrix", "text", "number",
  "date", "file", "section"];
const ASKED = {
  single: ["is", "is_not"], multiple: ["is", "is_not"],
  scale: ["at_least", "at_most"], number: ["at_least", "at_most"],
};
const HISTORY = 100;
const OTHER = "_other"; // as design.lua calls it
const offersOther = (kind) => kind === "single" || kind === "multiple";

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

class Builder {
  constructor(root) {
    this.root = root;
    this.texts = JSON.parse(root.dataset.texts);
    this.input = root.querySelector("[name=design]");
    this.list = root.querySelector("[data-list]");
    this.said = root.querySelector("[data-said]");
    this.past = [];
    this.future = [];
    this.read();
    // What people have answered to already is not taken away.
    this.kept = new Set(root.hasAttribute("data-opened")
      ? this.items.flatMap((item) => [item.id,
        ...this.choices(item).concat(item.rows ?? [])
          .map((part) => `${item.id}.${part.id}`)]) : []);
    this.tools();
    this.render();
    root.addEventListener("keydown", (event) => this.key(event));
    // A draft that is taken up brings its own questions.
    root.closest("form").addEventListener("click", (event) => {
      if (!event.target.closest("[data-draft]")) return;
      setTimeout(() => { this.read(); this.render(); });
    });
    this.reach();
  }

  t(key, values = {}) {
    return (this.texts[key] ?? key).replace(/\{(\w+)\}/g,
      (all, name) => values[name] ?? all);
  }

  icon(name) {
    return this.root.querySelector(`template[data-icon=${name}]`).content
      .cloneNode(true);
  }

  read() {
    let design = {};
    try { design = JSON.parse(this.input.value); } catch { /* empty */ }
    this.items = Array.isArray(design.items) ? design.items : [];
    this.last = JSON.stringify(this.items);
  }

  // ---- state ----

  write() {
    this.input.value = JSON.stringify({ items: this.items });
    this.input.dispatchEvent(new Event("input", { bubbles: true }));
  }

  // A change: `typed` folds the keys of one field into one step.
  changed(typed = null) {
    const now = JSON.stringify(this.items);
    if (now === this.last) return;
    if (!typed || typed !== this.typed) {
      this.past.push(this.last);
      if (this.past.length > HISTORY) this.past.shift();
    }
    this.typed = typed;
    this.future = [];
    this.last = now;
    this.write();
    this.buttons();
  }

  // A change of the list itself: drawn anew, the focus where it belongs.
  redraw(focus = null) {
    this.changed();
    this.render();
    if (focus) this.focus(focus);
  }

  travel(from, to) {
    if (!from.length) return;
    to.push(this.last);
    this.last = from.pop();
    this.items = JSON.parse(this.last);
    this.typed = null;
    this.write();
    this.render();
    this.buttons();
  }

  undo() { this.travel(this.past, this.future); }
  redo() { this.travel(this.future, this.past); }

  key(event) {
    const key = event.key.toLowerCase();
    if ((event.ctrlKey || event.metaKey) && !event.isComposing) {
      if (key === "z" && !event.shiftKey) this.undo();
      else if (key === "y" || key === "z") this.redo();
      else return;
      event.preventDefault();
      return;
    }
    const card = event.target.closest("[data-id]");
    if (event.altKey && card && /^arrow(up|down)$/.test(key)) {
      event.preventDefault();
      this.move(card.dataset.id, key === "arrowup" ? -1 : 1);
    }
  }

  focus(selector) {
    this.list.querySelector(selector)?.focus();
  }

  say(key, values) {
    this.said.textContent = this.t(key, values);
  }

  freshId(letter, taken) {
    let number = 1;
    while (taken.has(`${letter}${number}`)) number++;
    return `${letter}${number}`;
  }

  questionId() {
    const taken = new Set(this.items.map((item) => item.id));
    for (const id of this.kept) taken.add(id.split(".")[0]);
    return this.freshId("q", taken);
  }

  partId(item, key, letter) {
    const taken = new Set((item[key] ?? []).map((part) => part.id));
    for (const id of this.kept)
      if (id.startsWith(`${item.id}.`)) taken.add(id.slice(item.id.length + 1));
    return this.freshId(letter, taken);
  }

  // What may be chosen in a question, "Other" with it.
  choices(item) {
    return (item.options ?? []).concat(item.other
      ? [{ id: OTHER, title: this.t("other") }] : []);
  }

  at(id) {
    return this.items.findIndex((item) => item.id === id);
  }

  // Conditions that ask what does not stand before any more go.
  prune() {
    const before = new Map();
    for (const item of this.items) {
      const asked = item.when && before.get(item.when.question);
      if (item.when && !asked) delete item.when;
      else if (asked && item.when.values) {
        const known = new Set(this.choices(asked).map((one) => one.id));
        item.when.values = item.when.values.filter((one) => known.has(one));
        if (!item.when.values.length) delete item.when;
      }
      if (ASKED[item.kind]) before.set(item.id, item);
    }
  }

  // ---- what is done with questions ----

  fill(item) {
    const parts = (letter, key, count) => {
      item[key] = Array.from({ length: count }, (_, i) => ({
        id: `${letter}${i + 1}`, title: "" }));
    };
    if (item.kind === "single" || item.kind === "multiple")
      parts("a", "options", 2);
    if (item.kind === "matrix") { parts("a", "options", 3); parts("r", "rows", 2); }
    if (item.kind === "scale") Object.assign(item, { from: 1, to: 5 });
    if (item.kind === "text") item.long = true;
  }

  add(kind) {
    const item = { id: this.questionId(), kind, title: "" };
    this.fill(item);
    this.items.push(item);
    this.redraw(`[data-id="${item.id}"] [data-title]`);
  }

  move(id, by) {
    const from = this.at(id), to = from + by;
    if (to < 0 || to >= this.items.length) return;
    this.items.splice(to, 0, ...this.items.splice(from, 1));
    this.prune();
    this.redraw(`[data-id="${id}"] [data-move="${by}"]`);
    this.say("moved", { number: to + 1 });
  }

  copy(id) {
    const from = this.at(id);
    const item = JSON.parse(JSON.stringify(this.items[from]));
    item.id = this.questionId();
    if (this.root.hasAttribute("data-opened")) delete item.required;
    this.items.splice(from + 1, 0, item);
    this.redraw(`[data-id="${item.id}"] [data-title]`);
  }

  remove(id) {
    const index = this.at(id);
    this.items.splice(index, 1);
    this.prune();
    const next = this.items[Math.min(index, this.items.length - 1)];
    this.redraw(next && `[data-id="${next.id}"] [data-title]`);
    this.say("deleted");
  }

  retype(item, kind) {
    for (const key of ["rows", "from", "to", "low", "high", "long", "unit",
      "least", "most"]) delete item[key];
    if (!offersOther(kind)) delete item.other;
    const options = item.options;
    delete item.options;
    item.kind = kind;
    this.fill(item);
    if (options && item.options) item.options = options;
    if (kind === "section") delete item.required;
    this.prune();
    this.redraw(`[data-id="${item.id}"] [data-kind]`);
  }

  // ---- drawing ----

  tools() {
    const history = this.root.querySelector("[data-history]");
    this.undoButton = make("button", { type: "button", class: "btn btn-sm",
      onclick: () => this.undo() }, this.t("undo"));
    this.redoButton = make("button", { type: "button", class: "btn btn-sm",
      onclick: () => this.redo() }, this.t("redo"));
    history.append(this.undoButton, this.redoButton);
    const add = make("div", { class: "survey-add", role: "group",
      "aria-label": this.t("add") },
    ...KINDS.map((kind) => make("button", { type: "button", class: "btn",
      "data-add": kind, onclick: () => this.add(kind) },
    this.icon("plus"), ` ${this.t(kind)}`)));
    this.root.append(add);
    this.buttons();
  }

  buttons() {
    this.undoButton.disabled = !this.past.length;
    this.redoButton.disabled = !this.future.length;
  }

  render() {
    this.list.replaceChildren(...this.items.map((item, index) =>
      this.card(item, index)));
    if (!this.items.length)
      this.list.append(make("li", { class: "survey-none" }, this.t("empty")));
  }

  // A labelled line of text bound to item[key].
  line(item, key, label, { long = 300, wide = true, named = true,
    mode = null } = {}) {
    const id = `b-${item.id}-${key}`;
    const input = make("input", { class: "form-control", id, maxlength: long,
      value: item[key] ?? "", autocomplete: "off", inputmode: mode,
      "data-title": key === "title" });
    input.addEventListener("input", () => {
      if (input.value.trim()) item[key] = input.value;
      else if (key === "title") item[key] = "";
      else delete item[key];
      this.changed(id);
    });
    return make("div", { class: `survey-line${wide ? "" : " is-narrow"}` },
      make("label", { for: id, class: named ? "form-label"
        : "visually-hidden" }, label), input);
  }

  parts(item, key, name) {
    const letter = key === "rows" ? "r" : "a";
    const list = make("ul", { class: "survey-parts" });
    item[key].forEach((part, index) => {
      const kept = this.kept.has(`${item.id}.${part.id}`);
      const label = this.t(name, { number: index + 1 });
      const input = make("input", { class: "form-control", maxlength: 300,
        value: part.title, placeholder: label, "aria-label": label,
        autocomplete: "off", "data-part": `${key}.${part.id}` });
      input.addEventListener("input", () => {
        part.title = input.value;
        this.changed(`${item.id}.${key}.${part.id}`);
      });
      input.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" || event.isComposing ||
          event.keyCode === 229) return;
        event.preventDefault();
        this.addPart(item, key, letter, index + 1);
      });
      input.addEventListener("paste", (event) =>
        this.paste(event, item, key, letter, index));
      list.append(make("li", {}, input, make("button", { type: "button",
        class: "btn btn-ghost btn-icon", disabled: kept,
        title: kept ? this.t("locked") : null,
        "aria-label": `${this.t("remove")}: ${part.title || label}`,
        onclick: () => {
          item[key].splice(index, 1);
          this.prune();
          this.redraw(`[data-id="${item.id}"] [data-more="${key}"]`);
        } }, this.icon("remove"))));
    });
    return make("div", { class: "survey-line" },
      make("div", { class: "form-label" }, this.t(key)), list,
      make("button", { type: "button", class: "btn btn-sm", "data-more": key,
        onclick: () => this.addPart(item, key, letter, item[key].length) },
      this.t(key === "rows" ? "add_row" : "add_option")));
  }

  addPart(item, key, letter, index, title = "") {
    const part = { id: this.partId(item, key, letter), title };
    item[key].splice(index, 0, part);
    this.redraw(`[data-id="${item.id}"] [data-part="${key}.${part.id}"]`);
  }

  // Several lines from a spreadsheet are several options.
  paste(event, item, key, letter, index) {
    const lines = event.clipboardData.getData("text").split(/\r?\n/)
      .map((line) => line.trim()).filter(Boolean);
    if (lines.length < 2) return;
    event.preventDefault();
    item[key][index].title = lines[0];
    lines.slice(1).forEach((title, i) => item[key].splice(index + 1 + i, 0,
      { id: this.partId(item, key, letter), title }));
    this.redraw(`[data-id="${item.id}"] [data-more="${key}"]`);
  }

  tick(item, key, label, disabled = false) {
    const input = make("input", { class: "form-check-input", type: "checkbox",
      checked: item[key] === true, disabled });
    input.addEventListener("change", () => {
      if (input.checked) item[key] = true;
      else delete item[key];
      this.changed();
    });
    return make("label", { class: "form-check" }, input,
      make("span", { class: "form-check-label" }, label));
  }

  choose(label, options, value, change, disabled = false, extra = {}) {
    const select = make("select", { class: "form-select", "aria-label": label,
      disabled, ...extra }, ...options.map(([key, text]) =>
      make("option", { value: key, selected: key === value }, text)));
    select.addEventListener("change", () => change(select.value));
    return select;
  }

  // An explanation is there where somebody wants one.
  hint(item) {
    if (item.hint !== undefined || this.hinted === item.id)
      return this.line(item, "hint", this.t("hint"), { long: 1000 });
    return make("div", {}, make("button", { type: "button",
      class: "btn btn-sm btn-ghost survey-more", onclick: () => {
        this.hinted = item.id;
        this.render();
        this.focus(`#b-${CSS.escape(item.id)}-hint`);
      } }, this.icon("plus"), ` ${this.t("hint")}`));
  }

  body(item) {
    const parts = [];
    if (item.options) parts.push(this.parts(item, "options", "option"));
    if (item.rows) parts.push(this.parts(item, "rows", "row"));
    if (offersOther(item.kind)) parts.push(this.other(item));
    if (item.kind === "multiple")
      parts.push(make("div", { class: "survey-pair" },
        this.line(item, "least", this.t("fewest"),
          { wide: false, long: 2, mode: "numeric" }),
        this.line(item, "most", this.t("most_chosen"),
          { wide: false, long: 2, mode: "numeric" })));
    if (item.kind === "scale") {
      const kept = this.kept.has(item.id);
      const numbers = (from, to) => Array.from({ length: to - from + 1 },
        (_, i) => [String(from + i), String(from + i)]);
      const ends = (key, from, to) => this.choose(this.t(key),
        numbers(from, to), String(item[key]), (value) => {
          item[key] = Number(value);
          this.changed();
        }, kept);
      parts.push(make("div", { class: "survey-pair" }, ends("from", 0, 1),
        make("span", { "aria-hidden": "true" }, "–"), ends("to", 2, 10)),
      make("div", { class: "survey-pair" }, this.line(item, "low",
        this.t("low"), { wide: false }), this.line(item, "high",
        this.t("high"), { wide: false })));
    }
    if (item.kind === "number")
      parts.push(make("div", { class: "survey-pair" },
        this.line(item, "least", this.t("least"),
          { wide: false, long: 20, mode: "decimal" }),
        this.line(item, "most", this.t("most"),
          { wide: false, long: 20, mode: "decimal" }),
        this.line(item, "unit", this.t("unit"), { wide: false, long: 20 })));
    if (item.kind === "text")
      parts.push(this.tick(item, "long", this.t("long")));
    return parts;
  }

  other(item) {
    const label = this.tick(item, "other", this.t("offer_other"),
      this.kept.has(`${item.id}.${OTHER}`));
    // Conditions may ask for it.
    label.addEventListener("change", () => {
      this.prune();
      this.redraw(`[data-id="${item.id}"] [data-other]`);
    });
    label.querySelector("input").setAttribute("data-other", "");
    return label;
  }

  // "Show only where QUESTION is VALUES."
  condition(item, index) {
    const asked = this.items.slice(0, index).filter((one) => ASKED[one.kind]);
    if (!asked.length && !item.when) return null;
    const kept = this.kept.has(item.id);
    const set = (when) => {
      if (when) item.when = when;
      else delete item.when;
      this.redraw(`[data-id="${item.id}"] [data-when]`);
    };
    const first = (other) => other.options
      ? { question: other.id, op: "is", values: [other.options[0].id] }
      : { question: other.id, op: "at_least",
        value: String(other.from ?? other.least ?? 1) };
    const other = this.items.find((one) => one.id === item.when?.question);
    const line = make("div", { class: "survey-when" },
      make("span", { class: "form-label" }, this.t("when")),
      this.choose(this.t("when"), [["", this.t("always")],
        ...asked.map((one) => [one.id, this.t("only",
          { question: one.title || this.t("untitled") })])],
      item.when?.question ?? "", (id) =>
        set(id ? first(asked.find((one) => one.id === id)) : null), kept,
      { "data-when": true }));
    if (!other) return line;
    line.append(this.choose(this.t("when"), ASKED[other.kind].map((op) =>
      [op, this.t(op)]), item.when.op, (op) => {
      item.when.op = op;
      this.changed();
    }, kept));
    if (other.options) line.append(this.values(item, other, kept));
    else {
      const input = make("input", { class: "form-control", maxlength: 20,
        value: item.when.value, inputmode: "decimal", disabled: kept,
        "aria-label": this.t(item.when.op) });
      input.addEventListener("input", () => {
        item.when.value = input.value.trim();
        this.changed(`${item.id}.when`);
      });
      line.append(input);
    }
    return line;
  }

  values(item, other, kept) {
    return make("span", { class: "survey-values" },
      ...this.choices(other).map((option) => {
        const box = make("input", { class: "form-check-input",
          type: "checkbox", checked: item.when.values.includes(option.id),
          disabled: kept });
        box.addEventListener("change", () => {
          const values = new Set(item.when.values);
          if (box.checked) values.add(option.id);
          else values.delete(option.id);
          item.when.values = [...values];
          this.changed();
        });
        return make("label", { class: "form-check" }, box, make("span",
          { class: "form-check-label" },
          option.title || this.t("untitled")));
      }));
  }

  card(item, index) {
    const kept = this.kept.has(item.id);
    const name = item.title || this.t("untitled");
    const button = (icon, label, run, attributes = {}) => make("button",
      { type: "button", class: "btn btn-ghost btn-icon", title: label,
        "aria-label": `${label}: ${name}`, onclick: run, ...attributes },
      this.icon(icon));
    const section = item.kind === "section";
    return make("li", { class: `card survey-item${section ? " is-section" : ""}`,
      "data-id": item.id },
    make("div", { class: "survey-itemhead" },
      make("span", { class: "survey-number" }, String(index + 1)),
      this.choose(this.t("kind"), KINDS.map((kind) => [kind, this.t(kind)]),
        item.kind, (kind) => this.retype(item, kind), kept,
        { "data-kind": true }),
      make("span", { class: "survey-tools" },
        button("up", this.t("up"), () => this.move(item.id, -1),
          { "data-move": "-1", disabled: index === 0 }),
        button("down", this.t("down"), () => this.move(item.id, 1),
          { "data-move": "1", disabled: index === this.items.length - 1 }),
        button("copy", this.t("copy"), () => this.copy(item.id)),
        button("delete", kept ? this.t("locked") : this.t("delete"),
          () => this.remove(item.id), { disabled: kept }))),
    this.line(item, "title", this.t(section ? "section_title" : "question")),
    this.hint(item),
    ...this.body(item),
    make("div", { class: "survey-itemfoot" }, section ? null
      : this.tick(item, "required", this.t("required"),
        this.root.hasAttribute("data-opened") && item.required !== true),
    this.condition(item, index)));
  }

  // ---- to whom ----

  reach() {
    const form = this.root.closest("form");
    const show = () => {
      const kind = form.querySelector("[name=reach]:checked")?.value;
      for (const part of form.querySelectorAll("[data-when-reach]"))
        part.hidden = !part.dataset.whenReach.split(" ").includes(kind);
    };
    form.addEventListener("change", show);
    show();
    const link = form.querySelector("[data-link]");
    const copy = form.querySelector("[data-copy-link]");
    if (!link || !copy || !navigator.clipboard) return;
    link.textContent = link.href;
    copy.hidden = false;
    copy.addEventListener("click", () =>
      navigator.clipboard.writeText(link.href));
  }
}

export function start(root) {
  new Builder(root);
}
