// keys.ts - the keyboard: sequences, [data-key], the list of keys. Single
// letters never act while somebody types or an input method is at work.
import { all, isComposing, isTyping, make, one } from "./dom.ts";
import { openDialog } from "./dialog.ts";
import { openPalette } from "./palette.ts";
import { t } from "./texts.ts";

let prefix = "";
let prefixTimer = 0;

const LIST: [string[], string][] = [
  [["Ctrl K"], "key_palette"],
  [["?"], "key_help"],
  [["/"], "key_search"],
  [["g", "h"], "key_home"],
  [["g", "t"], "key_tasks"],
  [["g", "a"], "key_apply"],
  [["g", "m"], "key_messages"],
  [["j", "k"], "key_rows"],
  [["Enter"], "key_open"],
  [["x"], "key_tick"],
  [["e"], "key_edit"],
  [["c"], "key_comment"],
  [["Ctrl Enter"], "key_submit"],
  [["Esc"], "key_close"],
];

function openKeys(): void {
  const list = make("dl", { class: "tn-keys" });
  for (const [keys, text] of LIST)
    list.append(
      make("dt", {}, t(text)),
      make(
        "dd",
        {},
        ...keys.flatMap((key, index) => [
          ...(index ? [` ${t(keys[0] === "g" ? "key_then" : "key_or")} `] : []),
          make("kbd", {}, key),
        ]),
      ),
    );
  const close = make(
    "button",
    { type: "button", class: "btn", "data-close": true },
    t("close"),
  );
  openDialog(t("keys"), [list, make("div", { class: "tn-dialog-foot" }, close)]);
}

function act(element: HTMLElement): void {
  if (
    element instanceof HTMLInputElement ||
    element instanceof HTMLTextAreaElement
  )
    element.focus();
  else element.click();
}

function press(key: string): boolean {
  const found = all(`[data-key="${CSS.escape(key)}"]`).find(
    (element) => element.getClientRects().length > 0,
  );
  if (!found) return false;
  act(found);
  return true;
}

const PLACES: Record<string, string> = {
  h: "/",
  t: "/tasks",
  a: "/apply",
  m: "/messages",
};

function second(key: string): boolean {
  if (press(`g ${key}`)) return true;
  const place = PLACES[key];
  if (!place || !document.body.dataset["person"]) return false;
  location.assign(place);
  return true;
}

function single(event: KeyboardEvent): boolean {
  if (prefix) {
    prefix = "";
    return second(event.key);
  }
  if (event.key === "g") {
    prefix = "g";
    clearTimeout(prefixTimer);
    prefixTimer = window.setTimeout(() => {
      prefix = "";
    }, 1200);
    return true;
  }
  if (event.key === "?") {
    openKeys();
    return true;
  }
  if (event.key === "/") {
    const box = one<HTMLInputElement>("input[type=search]");
    if (box) {
      box.focus();
      box.select();
    } else {
      openPalette();
    }
    return true;
  }
  return press(event.key);
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
        const form = (event.target as HTMLElement).closest?.("form");
        if (!form) return;
        event.preventDefault();
        const button =
          one<HTMLButtonElement>(
            `[data-submit][form="${CSS.escape(form.id)}"]`,
          ) ?? undefined;
        form.requestSubmit(button);
        return;
      }
      if (control || event.altKey || isTyping(event.target)) return;
      if (one("dialog[open]")) return;
      if (event.key.length === 1 && single(event)) event.preventDefault();
    },
    true,
  );
  document.addEventListener("click", (event) => {
    const target = event.target as Element;
    if (target.closest("[data-keys]")) openKeys();
    if (target.closest("[data-palette-open]")) openPalette();
  });
}
