// palette.ts - Ctrl+K: to a page, a record, a person, an application, an
// action of this page (E45). A listbox steered from its input; Escape gives
// the focus back to where it was. What was chosen lately comes first.
import { getJson } from "./api.ts";
import { all, debounce, icon, isComposing, make, one, ownAddress } from "./dom.ts";
import { remember, recent } from "./recent.ts";
import { t } from "./texts.ts";

type Kind = "recent" | "action" | "page" | "apply" | "person" | "record" | "task" | "all";

export interface Item {
  kind: Kind;
  label: string;
  detail?: string;
  url?: string;
  icon?: string;
  press?: HTMLElement;
}

const ORDER: Kind[] = [
  "recent", "action", "page", "apply", "person", "record", "task", "all",
];

let open: HTMLDialogElement | null = null;

const nameOf = (element: Element): string =>
  (
    element.getAttribute("aria-label") ??
    element.querySelector(".tn-bar-text, .tn-rowlabel")?.textContent ??
    element.textContent ??
    ""
  )
    .replace(/\s+/g, " ")
    .trim();

const iconOf = (element: Element): string =>
  element.querySelector("use")?.getAttribute("href")?.split("#")[1] ?? "";

/** The pages that the menu has, once each. */
function pages(): Item[] {
  const seen = new Set<string>();
  const items: Item[] = [];
  for (const link of all<HTMLAnchorElement>("a[data-palette]")) {
    const label = nameOf(link);
    if (!label || seen.has(link.href)) continue;
    seen.add(link.href);
    items.push({ kind: "page", label, url: link.href, icon: iconOf(link) || "file" });
  }
  return items;
}

/** What can be done on this page: its buttons, as they are named. */
function actions(): Item[] {
  const seen = new Set<string>();
  const items: Item[] = [];
  const found = all(
    ".tn-actions :is(a, button), .tn-actionbar :is(a, button), .tn-content :is(a, button)[data-key]",
  );
  for (const element of found) {
    const label = nameOf(element);
    if (!label || seen.has(label) || !element.getClientRects().length) continue;
    if (element instanceof HTMLButtonElement && element.disabled) continue;
    seen.add(label);
    items.push({
      kind: "action", label, icon: iconOf(element) || "arrow-right", press: element,
      ...(element.dataset["key"] ? { detail: element.dataset["key"] } : {}),
    });
  }
  return items;
}

function matches(item: Item, text: string): boolean {
  const label = item.label.toLocaleLowerCase();
  return text
    .toLocaleLowerCase()
    .split(/\s+/)
    .every((word) => label.includes(word));
}

/** Where the focus is, also within a component's own tree. */
function focused(): HTMLElement | null {
  let at: Element | null = document.activeElement;
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  return at instanceof HTMLElement ? at : null;
}

/** Puts the focus back, and the caret of a rich text with it. */
function keeper(): () => void {
  const before = focused();
  const selection = getSelection();
  const range =
    before?.isContentEditable && selection?.rangeCount
      ? selection.getRangeAt(0).cloneRange()
      : null;
  return () => {
    if (!before?.isConnected) return;
    before.focus({ preventScroll: true });
    if (range) {
      getSelection()?.removeAllRanges();
      getSelection()?.addRange(range);
    }
  };
}

class Palette {
  private readonly input = make("input", {
    type: "text", role: "combobox", "aria-expanded": "true",
    "aria-controls": "tn-palette-list", "aria-autocomplete": "list",
    "aria-label": t("palette"), placeholder: t("palette"), autocomplete: "off",
    autocapitalize: "off", spellcheck: "false", maxlength: "100",
    enterkeyhint: "go",
  });
  private readonly list = make("div", {
    class: "tn-palette-list", role: "listbox", id: "tn-palette-list",
    "aria-label": t("palette"),
  });
  private readonly said = make("div", { class: "visually-hidden", role: "status" });
  private readonly known = [...actions(), ...pages()];
  private readonly used = recent();
  private readonly giveBack = keeper();
  private dialog: HTMLDialogElement;
  private shown: Item[] = [];
  private found: Item[] = [];
  private chosen = 0;
  private stop = new AbortController();
  private readonly later = debounce(() => void this.ask(), 120);

  constructor() {
    const close = make(
      "button", { type: "button", class: "btn btn-ghost tn-only-phone" }, t("close"));
    close.addEventListener("click", () => this.dialog.close());
    this.dialog = make(
      "dialog", { class: "tn-dialog tn-palette", "aria-label": t("palette") },
      make("div", { class: "tn-palette-head" }, icon("search"), this.input, close),
      this.list, this.said);
    this.input.addEventListener("input", (event) => this.typed(event as InputEvent));
    this.input.addEventListener("compositionend", () => this.typed(null));
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.dialog.addEventListener("close", () => this.end());
    this.dialog.addEventListener("click", (event) => {
      if (event.target === this.dialog) this.dialog.close();
    });
    document.body.append(this.dialog);
    this.dialog.showModal();
    this.input.focus();
    this.show();
  }

  get element(): HTMLDialogElement {
    return this.dialog;
  }

  private get text(): string {
    return this.input.value.trim();
  }

  /** Half a composition is no search (E10). */
  private typed(event: InputEvent | null): void {
    if (event?.isComposing) return;
    this.show();
    this.later();
  }

  private key(event: KeyboardEvent): void {
    if (isComposing(event)) return;
    if (event.key === "ArrowDown") this.choose(this.chosen + 1);
    else if (event.key === "ArrowUp") this.choose(this.chosen - 1);
    else if (event.key === "Enter") {
      const item = this.shown[this.chosen];
      if (item) this.go(item);
    } else return;
    event.preventDefault();
  }

  private async ask(): Promise<void> {
    const address = ownAddress(document.body.dataset["find"]);
    const text = this.text;
    this.stop.abort();
    if (!address || !text) {
      this.found = [];
      this.show();
      return;
    }
    this.stop = new AbortController();
    try {
      const url = `${address}?q=${encodeURIComponent(text)}`;
      const answer = await getJson<{ items: Item[] }>(url, this.stop.signal);
      this.found = answer.items.map((item) => ({
        ...item, url: ownAddress(item.url) ?? "/" }));
      this.show();
    } catch {
      // Another letter came, or no connection: what is there stays.
    }
  }

  /** What there is for the text: recent ones first in each group. */
  private collect(): Item[] {
    const text = this.text;
    const near = this.known.filter((item) => matches(item, text));
    if (!text) {
      const lately = this.used.map((item) => ({ ...item, kind: "recent" as Kind }));
      return [...lately, ...near.filter((item) =>
        !item.url || !lately.some((one) => one.url === item.url))];
    }
    const seen = new Set(near.map((item) => item.url ?? ""));
    const items = [...near, ...this.found.filter((item) =>
      !seen.has(item.url ?? ""))];
    const rank = (item: Item): number => {
      const at = this.used.findIndex((one) => one.url === item.url);
      return at < 0 ? this.used.length : at;
    };
    const everything = one<HTMLAnchorElement>("a[data-palette-open]")?.href;
    items.sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind) ||
      rank(a) - rank(b));
    if (everything)
      items.push({ kind: "all", label: t("palette_all", { text }), icon: "search",
        url: `${everything}?q=${encodeURIComponent(text)}` });
    return items;
  }

  private show(): void {
    this.shown = this.collect();
    this.list.replaceChildren();
    ORDER.forEach((kind) => this.group(kind));
    if (this.shown.every((item) => item.kind === "all"))
      this.list.prepend(make("div", { class: "tn-palette-group" }, t("no_match")));
    this.said.textContent = t("palette_count", { count: this.shown.length });
    this.choose(0);
  }

  private group(kind: Kind): void {
    const rows = this.shown.flatMap((item, index) =>
      item.kind === kind ? [this.row(item, index)] : []);
    if (!rows.length) return;
    const box = make("div", { role: "group", "aria-label": t(`palette_${kind}`) });
    if (kind !== "all")
      box.append(make("div", { class: "tn-palette-group", "aria-hidden": "true" },
        t(`palette_${kind}`)));
    box.append(...rows);
    this.list.append(box);
  }

  private row(item: Item, index: number): HTMLElement {
    const row = make(
      "div", { class: "tn-menu-item", role: "option", id: `tn-palette-${index}` },
      icon(item.icon || "file"), make("span", {}, item.label));
    if (item.detail)
      row.append(make(item.kind === "action" ? "kbd" : "small",
        { class: "tn-muted" }, item.detail));
    row.addEventListener("click", () => this.go(item));
    return row;
  }

  private choose(index: number): void {
    const rows = all("[role=option]", this.list);
    this.chosen = rows.length ? (index + rows.length) % rows.length : 0;
    rows.forEach((row, i) =>
      row.setAttribute("aria-selected", String(i === this.chosen)));
    const row = rows[this.chosen];
    this.input.setAttribute("aria-activedescendant", row?.id ?? "");
    row?.scrollIntoView({ block: "nearest" });
  }

  private go(item: Item): void {
    this.dialog.close();
    if (item.press) {
      item.press.click();
      return;
    }
    const address = ownAddress(item.url);
    if (!address) return;
    if (item.kind !== "all") remember(item);
    location.assign(address);
  }

  private end(): void {
    this.stop.abort();
    this.dialog.remove();
    open = null;
    this.giveBack();
  }
}

export function openPalette(): void {
  if (!open) open = new Palette().element;
}
