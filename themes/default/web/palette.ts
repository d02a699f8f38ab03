// palette.ts - Ctrl+K: to a page, a record, a person (E45). A listbox steered
// from its input; Escape gives the focus back to where it was.
import { getJson } from "./api.ts";
import { all, debounce, icon, isComposing, make, ownAddress } from "./dom.ts";
import { t } from "./texts.ts";

interface Item {
  label: string;
  detail?: string;
  url: string;
  icon?: string;
}

let open: HTMLDialogElement | null = null;

/** The pages that the menu has, once each. */
function pages(): Item[] {
  const seen = new Set<string>();
  const items: Item[] = [];
  for (const link of all<HTMLAnchorElement>("a[data-palette]")) {
    const label =
      link.querySelector(".tn-bar-text, .tn-rowlabel")?.textContent?.trim() ??
      link.textContent?.trim() ??
      "";
    if (!label || seen.has(link.href)) continue;
    seen.add(link.href);
    const use = link.querySelector("use")?.getAttribute("href") ?? "";
    items.push({ label, url: link.href, icon: use.split("#")[1] ?? "file" });
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

export function openPalette(): void {
  if (open) return;
  const input = make("input", {
    type: "text",
    role: "combobox",
    "aria-expanded": "true",
    "aria-controls": "tn-palette-list",
    "aria-autocomplete": "list",
    "aria-label": t("palette"),
    placeholder: t("palette"),
    autocomplete: "off",
    maxlength: "100",
    enterkeyhint: "go",
  });
  const list = make("div", {
    class: "tn-palette-list",
    role: "listbox",
    id: "tn-palette-list",
    "aria-label": t("palette"),
  });
  const dialog = make(
    "dialog",
    { class: "tn-dialog tn-palette", "aria-label": t("palette") },
    make("div", { class: "tn-palette-head" }, icon("search"), input),
    list,
  );
  const known = pages();
  let chosen = 0;
  let found: Item[] = [];
  let stop = new AbortController();

  const options = (): HTMLElement[] => all("[role=option]", list);
  const choose = (index: number): void => {
    const rows = options();
    chosen = rows.length ? (index + rows.length) % rows.length : 0;
    rows.forEach((row, i) =>
      row.setAttribute("aria-selected", String(i === chosen)),
    );
    const row = rows[chosen];
    input.setAttribute("aria-activedescendant", row?.id ?? "");
    row?.scrollIntoView({ block: "nearest" });
  };
  const go = (item: Item): void => {
    const address = ownAddress(item.url);
    if (address) location.assign(address);
    dialog.close();
  };
  const group = (title: string, items: Item[], first: number): void => {
    if (!items.length) return;
    list.append(
      make("div", { class: "tn-palette-group", role: "presentation" }, title),
    );
    items.forEach((item, index) => {
      const row = make(
        "div",
        {
          class: "tn-menu-item",
          role: "option",
          id: `tn-palette-${first + index}`,
        },
        icon(item.icon ?? "file"),
        make("span", {}, item.label),
      );
      if (item.detail)
        row.append(make("small", { class: "tn-muted" }, item.detail));
      row.addEventListener("click", () => go(item));
      list.append(row);
    });
  };
  let shown: Item[] = [];
  const show = (): void => {
    const near = known.filter((item) => matches(item, input.value.trim()));
    shown = [...near, ...found];
    list.replaceChildren();
    group(t("palette_pages"), near, 0);
    group(t("palette_found"), found, near.length);
    if (!shown.length)
      list.append(make("div", { class: "tn-palette-group" }, t("no_match")));
    choose(0);
  };
  const search = debounce(async () => {
    const address = ownAddress(document.body.dataset["find"]);
    const text = input.value.trim();
    stop.abort();
    if (!address || !text) {
      found = [];
      show();
      return;
    }
    stop = new AbortController();
    try {
      const url = `${address}?q=${encodeURIComponent(text)}`;
      const answer = await getJson<{ items: Item[] }>(url, stop.signal);
      found = answer.items.filter(
        (item) => !known.some((page) => page.url === ownAddress(item.url)),
      );
      show();
    } catch {
      // Another letter came, or no connection: what is there stays.
    }
  }, 120);

  input.addEventListener("input", () => {
    show();
    search();
  });
  input.addEventListener("keydown", (event) => {
    if (isComposing(event)) return;
    if (event.key === "ArrowDown") choose(chosen + 1);
    else if (event.key === "ArrowUp") choose(chosen - 1);
    else if (event.key === "Enter") {
      const item = shown[chosen];
      if (item) go(item);
    } else return;
    event.preventDefault();
  });
  dialog.addEventListener("close", () => {
    stop.abort();
    dialog.remove();
    open = null;
  });
  document.body.append(dialog);
  open = dialog;
  dialog.showModal();
  input.focus();
  show();
}
