// keys.ts - the keyboard: one table of keys, and [data-key] of the page's own
// buttons. Single letters never act while somebody types or an input method
// is at work.
import { all, isComposing, isTyping, make, one } from "./dom.ts";
import { openDialog } from "./dialog.ts";
import { openPalette } from "./palette.ts";
import { t } from "./texts.ts";

interface Key {
  /** "g t": one after another; several: each does it. */
  keys: string[];
  text: string;
  /** False where there is nothing to do. Without it: list.ts, or native. */
  run?: () => boolean;
}

const go = (path: string) => (): boolean => {
  if (!document.body.dataset["person"]) return false;
  location.assign(path);
  return true;
};

const KEYS: Key[] = [
  { keys: ["Ctrl K"], text: "key_palette" },
  { keys: ["?"], text: "key_help", run: openKeys },
  { keys: ["/"], text: "key_search", run: toSearch },
  { keys: ["g h"], text: "key_home", run: go("/") },
  { keys: ["g t"], text: "key_tasks", run: go("/tasks") },
  { keys: ["g a"], text: "key_apply", run: go("/apply") },
  { keys: ["g r"], text: "key_records", run: go("/records") },
  { keys: ["g m"], text: "key_messages", run: go("/messages") },
  { keys: ["g p"], text: "key_profile", run: go("/me") },
  { keys: ["j", "k"], text: "key_rows" },
  { keys: ["Enter"], text: "key_open" },
  { keys: ["x"], text: "key_tick" },
  { keys: ["n"], text: "key_new" },
  { keys: ["e"], text: "key_edit" },
  { keys: ["c"], text: "key_comment" },
  { keys: ["Ctrl Enter"], text: "key_submit" },
  { keys: ["Esc"], text: "key_close" },
];

let prefix = "";
let prefixTimer = 0;

function keyed(keys: string[]): HTMLElement {
  return make(
    "dd",
    {},
    ...keys.flatMap((key, index) => [
      ...(index ? [` ${t("key_or")} `] : []),
      ...key.split(" ").flatMap((one, at) => [
        ...(at && !key.startsWith("Ctrl") ? [` ${t("key_then")} `] : at ? [" "] : []),
        make("kbd", {}, one),
      ]),
    ]),
  );
}

/** The page's own keys, which the table has not. */
function ownKeys(): [string, string][] {
  const known = new Set(KEYS.flatMap((row) => row.keys));
  return all("[data-key]").flatMap((element): [string, string][] => {
    const key = element.dataset["key"] ?? "";
    const name = (element.getAttribute("aria-label") ?? element.textContent ?? "")
      .replace(/\s+/g, " ").trim();
    if (!key || !name || known.has(key) || !element.getClientRects().length)
      return [];
    known.add(key);
    return [[key, name]];
  });
}

function openKeys(): boolean {
  const list = make("dl", { class: "tn-keys" });
  for (const { keys, text } of KEYS)
    list.append(make("dt", {}, t(text)), keyed(keys));
  for (const [key, name] of ownKeys())
    list.append(make("dt", {}, name), keyed([key]));
  const close = make(
    "button",
    { type: "button", class: "btn", "data-close": true },
    t("close"),
  );
  openDialog(t("keys"), [list, make("div", { class: "tn-dialog-foot" }, close)]);
  return true;
}

function toSearch(): boolean {
  const box = one<HTMLInputElement>("main input[type=search]");
  if (box?.getClientRects().length) {
    box.focus();
    box.select();
  } else {
    openPalette();
  }
  return true;
}

function act(element: HTMLElement): void {
  if (
    element instanceof HTMLInputElement ||
    element instanceof HTMLTextAreaElement
  )
    element.focus();
  else element.click();
}

/** What is on the page wins over the table. */
function press(key: string): boolean {
  const found = all(`[data-key="${CSS.escape(key)}"]`).find(
    (element) => element.getClientRects().length > 0,
  );
  if (found) {
    act(found);
    return true;
  }
  return KEYS.find((row) => row.keys.includes(key))?.run?.() ?? false;
}

function single(key: string): boolean {
  if (prefix) {
    const whole = `${prefix} ${key}`;
    prefix = "";
    return press(whole);
  }
  if (key === "g") {
    prefix = "g";
    clearTimeout(prefixTimer);
    prefixTimer = window.setTimeout(() => {
      prefix = "";
    }, 1200);
    return true;
  }
  return press(key);
}

function submit(target: EventTarget | null): boolean {
  const form = (target as HTMLElement | null)?.closest?.("form");
  if (!form) return false;
  const button = form.id
    ? one<HTMLButtonElement>(`[data-submit][form="${CSS.escape(form.id)}"]`)
    : null;
  form.requestSubmit(button ?? undefined);
  return true;
}

export function startKeys(): void {
  document.addEventListener(
    "keydown",
    (event) => {
      if (isComposing(event)) return;
      const control = event.ctrlKey || event.metaKey;
      if (control && !event.altKey && event.key.toLowerCase() === "k") {
        event.preventDefault();
        event.stopPropagation();
        openPalette();
        return;
      }
      if (control && event.key === "Enter") {
        if (submit(event.target)) event.preventDefault();
        return;
      }
      const target = event.composedPath()[0] ?? event.target;
      if (control || event.altKey || isTyping(target)) return;
      if (one("dialog[open]")) return;
      if (event.key.length === 1 && single(event.key)) event.preventDefault();
    },
    true,
  );
  document.addEventListener("click", (event) => {
    const target = event.target as Element;
    if (target.closest("[data-keys]")) openKeys();
    if (
      target.closest("[data-palette-open]") &&
      !(event.ctrlKey || event.metaKey || event.shiftKey)
    ) {
      event.preventDefault();
      openPalette();
    }
  });
}
