// picker.ts - people, departments, records: a combobox with live search over
// the plain <select>, which keeps the value and serves readers without
// scripts. Leaving the field keeps what was chosen (E11).
import { getJson } from "./api.ts";
import {
  all,
  byName,
  debounce,
  icon,
  isComposing,
  make,
  one,
  ownAddress,
} from "./dom.ts";
import { isControl } from "./fields.ts";
import { t } from "./texts.ts";

interface Option {
  value: string;
  label: string;
  detail?: string;
  initials?: string;
  leaf?: boolean;
}

export interface Options {
  options: Option[];
  more?: boolean;
}

let serial = 0;

export class Picker {
  private readonly select: HTMLSelectElement;
  private readonly input: HTMLInputElement;
  private readonly combo: HTMLElement;
  private readonly list: HTMLElement;
  private readonly multiple: boolean;
  private found: Option[] = [];
  private at = -1;
  private stop = new AbortController();
  private readonly search = debounce(() => void this.load(), 150);

  constructor(private readonly root: HTMLElement) {
    this.select = one<HTMLSelectElement>("select", root)!;
    this.multiple = this.select.multiple;
    const id = this.select.id;
    const listId = `tn-combo-${++serial}`;
    this.select.removeAttribute("id");
    this.select.hidden = true;
    this.input = make("input", {
      id,
      type: "text",
      role: "combobox",
      "aria-expanded": "false",
      "aria-controls": listId,
      "aria-autocomplete": "list",
      "aria-describedby": this.select.getAttribute("aria-describedby"),
      "aria-invalid": this.select.getAttribute("aria-invalid"),
      autocomplete: "off",
      maxlength: "100",
      enterkeyhint: "done",
      placeholder: t("search"),
    });
    this.list = make("div", {
      class: "tn-combo-list",
      role: "listbox",
      id: listId,
      hidden: true,
    });
    const label = document.getElementById(`${id}-label`);
    if (label) this.list.setAttribute("aria-labelledby", label.id);
    this.combo = make("div", { class: "tn-combo" }, this.input);
    if (this.select.classList.contains("is-invalid"))
      this.combo.classList.add("is-invalid");
    root.append(this.combo, this.list);
    if (root.dataset["readonly"] !== undefined) {
      this.combo.dataset["readonly"] = "";
      this.input.readOnly = true;
    } else {
      this.combo.append(icon("chevron-down"));
      this.listen();
    }
    this.show();
  }

  private listen(): void {
    const { input } = this;
    input.addEventListener("input", (event) => {
      event.stopPropagation();
      if (!(event as InputEvent).isComposing) this.search();
    });
    input.addEventListener("compositionend", () => this.search());
    input.addEventListener("focus", () => {
      input.select();
      this.search();
    });
    input.addEventListener("click", () => this.search());
    input.addEventListener("blur", () => this.leave());
    input.addEventListener("keydown", (event) => this.key(event));
    this.combo.addEventListener("click", () => input.focus());
    this.select.addEventListener("tenon:set", (event) =>
      void this.set((event as CustomEvent<unknown>).detail),
    );
    if (this.match.length)
      this.select.form?.addEventListener("change", (event) => {
        const name = (event.target as Element).getAttribute("name") ?? "";
        if (this.match.includes(name)) void this.recheck();
      });
  }

  /** Names of the form's fields that the choice goes with. */
  private get match(): string[] {
    return this.root.dataset["match"]?.split(" ") ?? [];
  }

  /** "&match.customer=17": what stands there now. */
  private goesWith(): string {
    const form = this.select.form;
    if (!form) return "";
    return this.match
      .map((name) => {
        const control = byName(form, name).find(
          (one) =>
            isControl(one) &&
            (!(one instanceof HTMLInputElement) ||
              one.type !== "radio" ||
              one.checked),
        );
        const value = control && isControl(control) ? control.value : "";
        return `&match.${name}=${encodeURIComponent(value)}`;
      })
      .join("");
  }

  /** What does not go with another field any more is chosen no more. */
  private async recheck(): Promise<void> {
    const address = ownAddress(this.root.dataset["optionsUrl"]);
    const chosen = this.chosen();
    if (!address || !chosen.length) return;
    const ids = chosen.map((one) => encodeURIComponent(one.value)).join(",");
    try {
      const answer = await getJson<Options>(
        `${address}?ids=${ids}${this.goesWith()}`,
      );
      const fits = new Set(answer.options.map((one) => one.value));
      const gone = chosen.filter((one) => !fits.has(one.value));
      for (const option of gone) option.selected = false;
      if (gone.length && !this.multiple) this.select.value = "";
      if (gone.length) this.changed();
    } catch {
      // The server says so when it is sent.
    }
  }

  private chosen(): HTMLOptionElement[] {
    return [...this.select.selectedOptions].filter((option) => option.value);
  }

  private show(): void {
    for (const chip of all(".tn-pickchip", this.combo)) chip.remove();
    if (!this.multiple) {
      this.input.value = this.chosen()[0]?.text ?? "";
      return;
    }
    this.input.value = "";
    for (const option of this.chosen()) {
      const name = make("span", {}, option.text);
      const chip = make("span", { class: "tn-pickchip" }, name);
      if (this.root.dataset["readonly"] === undefined) {
        const remove = make("button", {
          type: "button",
          "aria-label": t("remove", { name: option.text }),
        });
        remove.append(icon("x"));
        remove.addEventListener("click", () => this.unchoose(option));
        chip.append(remove);
      }
      this.combo.insertBefore(chip, this.input);
    }
    this.input.placeholder = this.chosen().length ? "" : t("search");
  }

  private changed(): void {
    this.show();
    this.select.dispatchEvent(new Event("input", { bubbles: true }));
    this.select.dispatchEvent(new Event("change", { bubbles: true }));
  }

  private unchoose(option: HTMLOptionElement): void {
    option.selected = false;
    this.changed();
    this.input.focus();
  }

  private option(value: string, label: string): HTMLOptionElement {
    let option = [...this.select.options].find((o) => o.value === value);
    if (!option) {
      option = new Option(label, value);
      this.select.append(option);
    }
    return option;
  }

  private choose(option: Option): void {
    this.option(option.value, option.label).selected = true;
    this.close();
    this.changed();
    if (this.multiple) this.input.focus();
    else this.input.select();
  }

  /** From logic or a draft: "17", ["17"], [{value, label}]. */
  private async set(detail: unknown): Promise<void> {
    const wanted = (Array.isArray(detail) ? detail : [detail])
      .map((one) =>
        typeof one === "object" && one !== null
          ? (one as { value: string; label?: string })
          : { value: String(one ?? "") },
      )
      .filter((one) => one.value);
    const missing = wanted.filter(
      (one) =>
        !("label" in one && one.label) &&
        ![...this.select.options].some((o) => o.value === one.value),
    );
    const address = ownAddress(this.root.dataset["optionsUrl"]);
    if (missing.length && address) {
      const ids = missing.map((one) => encodeURIComponent(one.value)).join(",");
      try {
        const answer = await getJson<Options>(`${address}?ids=${ids}`);
        for (const option of answer.options)
          this.option(option.value, option.label);
      } catch {
        // Shown by its id then; the server knows it.
      }
    }
    for (const option of this.select.options) option.selected = false;
    for (const one of wanted) {
      const label = "label" in one && one.label ? one.label : one.value;
      this.option(one.value, label).selected = true;
    }
    if (!wanted.length && !this.multiple) this.select.value = "";
    this.show();
  }

  private async load(): Promise<void> {
    if (document.activeElement !== this.input) return;
    const address = ownAddress(this.root.dataset["optionsUrl"]);
    const typed = this.input.value.trim();
    const shown = this.multiple ? "" : (this.chosen()[0]?.text ?? "");
    const text = typed === shown ? "" : typed;
    this.stop.abort();
    this.stop = new AbortController();
    this.open();
    if (!address) {
      this.fill({
        options: [...this.select.options]
          .filter((o) => o.value && o.text.includes(text))
          .map((o) => ({ value: o.value, label: o.text })),
      });
      return;
    }
    try {
      const url = `${address}?q=${encodeURIComponent(text)}${this.goesWith()}`;
      this.fill(await getJson<Options>(url, this.stop.signal));
    } catch (error) {
      if ((error as Error).name !== "AbortError") this.note(t("offline"));
    }
  }

  private note(text: string): void {
    this.list.append(
      make("div", { class: "tn-combo-note", role: "presentation" }, text),
    );
  }

  private fill(answer: Options): void {
    const taken = new Set(this.multiple ? this.chosen().map((o) => o.value) : []);
    this.found = answer.options.filter((option) => !taken.has(option.value));
    this.list.replaceChildren();
    this.found.forEach((option, index) => {
      const row = make(
        "div",
        { role: "option", id: `${this.list.id}-${index}`, "aria-selected": "false" },
        make("span", {}, option.label),
      );
      if (option.detail) row.append(make("small", {}, option.detail));
      // Before the input's blur.
      row.addEventListener("pointerdown", (event) => event.preventDefault());
      row.addEventListener("click", () => this.choose(option));
      this.list.append(row);
    });
    if (!this.found.length) this.note(t("no_match"));
    else if (answer.more) this.note(t("more_matches"));
    this.mark(this.found.length ? 0 : -1);
  }

  private mark(index: number): void {
    this.at = index;
    all("[role=option]", this.list).forEach((row, i) => {
      row.setAttribute("aria-selected", String(i === index));
      if (i === index) {
        this.input.setAttribute("aria-activedescendant", row.id);
        row.scrollIntoView({ block: "nearest" });
      }
    });
  }

  private open(): void {
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
  }

  private close(): void {
    this.stop.abort();
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }

  /** Emptied means nobody; anything else stays what it was. */
  private leave(): void {
    this.close();
    if (!this.multiple && !this.input.value.trim() && this.chosen().length) {
      this.select.value = "";
      this.changed();
    }
    this.show();
  }

  private key(event: KeyboardEvent): void {
    if (isComposing(event)) return;
    const open = !this.list.hidden;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (!open) this.search();
      else {
        const step = event.key === "ArrowDown" ? 1 : -1;
        const count = this.found.length;
        if (count) this.mark((this.at + step + count) % count);
      }
    } else if (event.key === "Enter" && open) {
      const option = this.found[this.at];
      if (option) this.choose(option);
    } else if (event.key === "Escape" && open) {
      this.close();
      event.stopPropagation();
    } else if (event.key === "Backspace" && this.multiple && !this.input.value) {
      const last = this.chosen().at(-1);
      if (last) this.unchoose(last);
      return;
    } else return;
    event.preventDefault();
  }
}
