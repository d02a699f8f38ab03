// widgets.ts - widgets of modules: asked for behind the page that holds them,
// each on its own. One that fails says so, with the number under which an
// administrator finds why; the page stands.
import { all, ownAddress } from "./dom.ts";
import { t } from "./texts.ts";

function note(widget: HTMLElement, text: string): void {
  const place = widget.querySelector("[data-load-note]");
  if (place) place.textContent = text;
}

async function ask(address: string): Promise<Response | null> {
  try {
    return await fetch(address, {
      headers: { "HX-Request": "true", Accept: "text/html" },
      credentials: "same-origin",
    });
  } catch {
    return null;
  }
}

async function load(
  widget: HTMLElement,
  started: (root: ParentNode) => void,
): Promise<void> {
  const address = ownAddress(widget.dataset["load"]);
  widget.removeAttribute("data-load");
  const response = address ? await ask(address) : null;
  widget.removeAttribute("aria-busy");
  if (response?.status === 204) {
    widget.remove();
    return;
  }
  const answer = new DOMParser().parseFromString(
    (await response?.text()) ?? "",
    "text/html",
  );
  const fresh = response?.ok ? answer.getElementById(widget.id) : null;
  if (!fresh) {
    // The error page's own number.
    const number = answer.querySelector("code")?.textContent;
    note(
      widget,
      number ? t("widget_failed", { number }) : t("widget_unreachable"),
    );
    return;
  }
  widget.replaceWith(document.adoptNode(fresh));
  started(fresh);
}

export function startWidgets(started: (root: ParentNode) => void): void {
  for (const widget of all("[data-load]")) void load(widget, started);
}
