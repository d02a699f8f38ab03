// app.ts - the browser code of every page: starts what the page has. Each
// island is a folder-less module; what a page does not use costs a download
// only where it is large.
import "./htmx.ts";
import "htmx.org/dist/ext/hx-csp.js";
import { csrf } from "./api.ts";
import { startDialogs, startMenus } from "./dialog.ts";
import { all, isComposing, one } from "./dom.ts";
import { startKeys } from "./keys.ts";
import { startLive } from "./live.ts";
import { ListIsland } from "./list.ts";
import { signInAgain } from "./sign-in.ts";
import { loadTexts, t } from "./texts.ts";
import { startToasts, toast } from "./toast.ts";
import { startWidgets } from "./widgets.ts";

const started = new WeakSet<Element>();

/** Parts of forms are loaded where a page has a form. */
async function startForms(root: ParentNode): Promise<void> {
  const waiting = all("[data-island]", root).filter((el) => !started.has(el));
  if (!waiting.some((el) => !/^(list|kanban)$/.test(el.dataset["island"] ?? "")))
    return;
  const forms = await import("./forms.ts");
  forms.start(root, started);
}

/** So are the boards. */
async function startBoards(root: ParentNode): Promise<void> {
  if (!one("[data-island=kanban]", root)) return;
  const kanban = await import("./kanban.ts");
  kanban.start(root, started, startIslands);
}

/** A module's own browser code: data-script names a file of its web/, which
 * exports start(element). The CSP allows our own files, this only theirs. */
async function startScripts(root: ParentNode): Promise<void> {
  for (const element of all("[data-script]", root)) {
    const path = element.dataset["script"] ?? "";
    if (started.has(element) || !/^\/assets\/m\/[\w/.-]+\.js$/.test(path))
      continue;
    started.add(element);
    const code = (await import(path)) as {
      start?: (element: Element) => void;
    };
    code.start?.(element);
  }
}

export function startIslands(root: ParentNode): void {
  void startScripts(root);
  for (const element of all("[data-island=list]", root)) {
    if (started.has(element)) continue;
    started.add(element);
    new ListIsland(element);
  }
  void startForms(root);
  void startBoards(root);
}

/** An input method's Enter sends nothing, whatever the browser does (E10). */
function guardComposition(): void {
  let composing = false;
  document.addEventListener(
    "keydown",
    (event) => {
      if (event.key === "Enter" || event.keyCode === 229)
        composing = isComposing(event);
    },
    true,
  );
  document.addEventListener("keyup", () => (composing = false), true);
  document.addEventListener(
    "submit",
    (event) => {
      if (!composing) return;
      event.preventDefault();
      event.stopImmediatePropagation();
    },
    true,
  );
}

function startFrame(): void {
  document.addEventListener("click", (event) => {
    const button = (event.target as Element).closest("[data-narrow]");
    if (!button) return;
    const narrow = one(".tn-frame")?.classList.toggle("is-narrow") ?? false;
    button.setAttribute("aria-pressed", String(narrow));
    document.cookie = `menu=${narrow ? "narrow" : "wide"}; path=/; max-age=31536000; SameSite=Lax`;
  });
  // The theme shows at once; the form behind it keeps it.
  document.addEventListener("click", (event) => {
    const button = (event.target as Element).closest<HTMLButtonElement>(
      "[data-appearance] button[name=theme]",
    );
    if (!button) return;
    const root = document.documentElement;
    if (button.value === "auto") root.removeAttribute("data-bs-theme");
    else root.setAttribute("data-bs-theme", button.value);
  });
}

/** The tab that one is on stands in sight where the tabs scroll. */
function showTabs(): void {
  for (const tab of all(".tn-tabs [aria-current]")) {
    const tabs = tab.parentElement;
    if (!tabs || tabs.scrollWidth <= tabs.clientWidth) continue;
    const at = tab.getBoundingClientRect();
    const bar = tabs.getBoundingClientRect();
    if (at.left < bar.left || at.right > bar.right)
      tabs.scrollLeft += (at.left + at.right - bar.left - bar.right) / 2;
  }
}

/** htmx: the token goes along; errors are told, an ended session begun. */
function startHtmx(): void {
  document.addEventListener("htmx:config:request", (event) => {
    const request = (event as CustomEvent).detail?.ctx?.request as
      | { method?: string; headers?: Record<string, string> }
      | undefined;
    if (request?.headers && request.method && request.method !== "GET")
      request.headers["X-CSRF-Token"] = csrf();
  });
  document.addEventListener("htmx:after:swap", () => {
    startIslands(document);
    showTabs();
  });
  document.addEventListener("htmx:response:error", (event) => {
    const raw = (event as CustomEvent).detail?.ctx?.response?.raw as
      | Response
      | undefined;
    const status = raw?.status ?? 0;
    if (status === 401)
      void signInAgain().then((ok) => {
        if (ok) location.reload();
      });
    else toast(t("failed", { status }), { kind: "danger" });
  });
  document.addEventListener("htmx:error", () =>
    toast(t("offline"), { kind: "warning" }),
  );
}

guardComposition();
startFrame();
showTabs();
startDialogs();
startMenus();
startKeys();
startHtmx();
void loadTexts().then(() => {
  startToasts();
  startIslands(document);
  startWidgets(startIslands);
  startLive();
});
