// draft.ts - what somebody types is never lost: kept in this browser, by
// person, form and record, and offered on return (E6). Files can't be kept;
// their names are.
import { all, debounce, make } from "./dom.ts";
import { isControl } from "./fields.ts";
import { ago, t } from "./texts.ts";

interface Draft {
  at: number;
  version: string;
  values: [string, string][];
  labels: Record<string, string>; // of pickers: value → name
}

const OLDEST = 30 * 86400_000;

function isKept(element: Element): element is HTMLInputElement {
  if (!isControl(element) || !element.name || element.disabled) return false;
  if (/^_/.test(element.name)) return false;
  return !(
    element instanceof HTMLInputElement &&
    /^(password|file|submit|button)$/.test(element.type)
  );
}

export class DraftKeeper {
  private readonly key: string;
  private readonly first: string;
  private stopped = false;
  readonly keep = debounce(() => this.save(), 300);

  constructor(private readonly form: HTMLFormElement) {
    const { person = "", form: name = "", record = "" } = form.dataset;
    this.key = `tenon.draft:${person}:${name}:${record || location.pathname}`;
    this.first = JSON.stringify(this.collect());
    addEventListener("pagehide", () => this.save());
  }

  private collect(): [string, string][] {
    const values: [string, string][] = [];
    for (const element of this.form.elements) {
      if (!isKept(element)) continue;
      if (
        element instanceof HTMLInputElement &&
        /^(checkbox|radio)$/.test(element.type)
      ) {
        if (element.checked) values.push([element.name, element.value]);
      } else if (
        (element as Element) instanceof HTMLSelectElement &&
        (element as unknown as HTMLSelectElement).multiple
      ) {
        for (const option of (element as unknown as HTMLSelectElement)
          .selectedOptions)
          values.push([element.name, option.value]);
      } else {
        values.push([element.name, element.value]);
      }
    }
    return values;
  }

  private labels(): Record<string, string> {
    const labels: Record<string, string> = {};
    for (const select of all<HTMLSelectElement>(
      "[data-island=picker] select",
      this.form,
    ))
      for (const option of select.selectedOptions)
        if (option.value) labels[option.value] = option.text;
    for (const input of all<HTMLInputElement>("[data-keep-file]", this.form))
      labels[input.value] =
        input.closest("li")?.querySelector(".tn-file")?.textContent?.trim() ??
        "";
    return labels;
  }

  get changed(): boolean {
    return JSON.stringify(this.collect()) !== this.first;
  }

  private save(): void {
    if (this.stopped) return;
    try {
      if (!this.changed) {
        localStorage.removeItem(this.key);
        return;
      }
      const draft: Draft = {
        at: Date.now(),
        version: this.form.dataset["version"] ?? "",
        values: this.collect(),
        labels: this.labels(),
      };
      localStorage.setItem(this.key, JSON.stringify(draft));
    } catch {
      // No room or no storage: the page still holds what was typed.
    }
  }

  /** Sent, or given up: nothing is kept any more. */
  drop(): void {
    this.stopped = true;
    try {
      localStorage.removeItem(this.key);
    } catch {
      // No storage.
    }
  }

  private load(): Draft | null {
    try {
      const text = localStorage.getItem(this.key);
      if (!text) return null;
      const draft = JSON.parse(text) as Draft;
      if (Date.now() - draft.at < OLDEST) return draft;
      localStorage.removeItem(this.key);
    } catch {
      // No storage, or not ours.
    }
    return null;
  }

  /** Shows the offer where there is a draft that differs from the page. */
  offer(use: () => void): void {
    const draft = this.load();
    if (!draft || JSON.stringify(draft.values) === this.first) return;
    const yes = make(
      "button",
      { type: "button", class: "btn btn-sm btn-primary" },
      t("draft_use"),
    );
    const no = make(
      "button",
      { type: "button", class: "btn btn-sm" },
      t("draft_drop"),
    );
    const offer = make(
      "div",
      { class: "tn-draft", role: "status", "data-draft": true },
      make("span", {}, t("draft_found", { when: ago(draft.at) })),
      yes,
      no,
    );
    // While the offer stands, what is typed must not replace the draft.
    this.stopped = true;
    yes.addEventListener("click", () => {
      this.stopped = false;
      offer.remove();
      this.restore(draft);
      use();
    });
    no.addEventListener("click", () => {
      this.stopped = false;
      offer.remove();
      this.save();
    });
    this.form.addEventListener(
      "input",
      () => {
        if (offer.isConnected) offer.remove();
        this.stopped = false;
      },
      { once: true },
    );
    this.form.prepend(offer);
  }

  private restore(draft: Draft): void {
    const names = new Map<string, string[]>();
    for (const [name, value] of draft.values)
      names.set(name, [...(names.get(name) ?? []), value]);
    for (const table of all("[data-island=subtable]", this.form))
      table.dispatchEvent(
        new CustomEvent("tenon:rows", {
          detail: rowCount(table.dataset["name"] ?? "", names),
        }),
      );
    for (const files of all("[data-island=files]", this.form)) {
      const ids = names.get(`${files.dataset["name"]}[]`) ?? [];
      files.dispatchEvent(
        new CustomEvent("tenon:files", {
          detail: ids.map((id) => ({ id, name: draft.labels[id] ?? id })),
        }),
      );
    }
    for (const element of [...this.form.elements]) {
      if (!isKept(element)) continue;
      const values = names.get(element.name) ?? [];
      if (
        element instanceof HTMLInputElement &&
        /^(checkbox|radio)$/.test(element.type)
      ) {
        element.checked = values.includes(element.value);
      } else if (element.closest("[data-island=picker], [data-island=cascade]")) {
        element.dispatchEvent(
          new CustomEvent("tenon:set", {
            detail: values.map((value) => ({
              value,
              label: draft.labels[value],
            })),
          }),
        );
      } else {
        element.value = values[0] ?? "";
      }
    }
  }
}

function rowCount(table: string, names: Map<string, string[]>): number {
  let count = 0;
  for (const name of names.keys()) {
    const [first, index] = name.split(".");
    if (first === table && index !== undefined && /^\d+$/.test(index))
      count = Math.max(count, Number(index) + 1);
  }
  return count;
}

/** A comment's text is kept as well, by its page. */
export function keepText(area: HTMLTextAreaElement): () => void {
  const key = `tenon.text:${document.body.dataset["person"]}:${location.pathname}:${area.name}`;
  try {
    const kept = localStorage.getItem(key);
    if (kept && !area.value) area.value = kept;
  } catch {
    // No storage.
  }
  area.addEventListener(
    "input",
    debounce(() => {
      try {
        if (area.value) localStorage.setItem(key, area.value);
        else localStorage.removeItem(key);
      } catch {
        // No storage.
      }
    }, 300),
  );
  return () => {
    try {
      localStorage.removeItem(key);
    } catch {
      // No storage.
    }
  };
}

