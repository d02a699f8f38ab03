// dialog.ts - native dialogs: focus goes in, is held, comes back (E55).
import { all, make } from "./dom.ts";
import { reloadFragment } from "./live.ts";
import { t } from "./texts.ts";

export interface Choice {
  label: string;
  value: string;
  kind?: "primary" | "danger" | "plain";
}

let number = 0;

/** A dialog with a title; removed from the page when it closes. */
export function openDialog(
  title: string,
  content: (Node | string)[],
  className = "tn-dialog",
): HTMLDialogElement {
  const id = `tn-dialog-${++number}`;
  const dialog = make(
    "dialog",
    { class: className, "aria-labelledby": id },
    make("h2", { id }, title),
    ...content,
  );
  document.body.append(dialog);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.showModal();
  return dialog;
}

/** Asks; resolves with the chosen value, or null where it was closed. */
export function ask(
  title: string,
  text: (Node | string)[],
  choices: Choice[],
): Promise<string | null> {
  return new Promise((resolve) => {
    const foot = make("div", { class: "tn-dialog-foot" });
    for (const choice of choices) {
      const kind =
        choice.kind === "primary"
          ? "btn btn-primary"
          : choice.kind === "danger"
            ? "btn btn-danger"
            : "btn";
      const button = make("button", { type: "button", class: kind }, choice.label);
      button.addEventListener("click", () => dialog.close(choice.value));
      foot.append(button);
    }
    const dialog = openDialog(title, [...text, foot]);
    dialog.addEventListener("close", () => resolve(dialog.returnValue || null));
  });
}

async function confirmClick(
  owner: HTMLElement,
  button: HTMLElement,
): Promise<void> {
  const text = owner.dataset["confirm"] ?? "";
  const danger = button.className.includes("danger");
  const label = button.textContent?.trim() || t("ok");
  // News must not take away, or make anew, what is asked about.
  owner.dataset["busy"] = "1";
  const answer = await ask(t("confirm_title"), [make("p", {}, text)], [
    { label: t("cancel"), value: "" },
    { label, value: "yes", kind: danger ? "danger" : "primary" },
  ]);
  delete owner.dataset["busy"];
  if (answer !== "yes") {
    const live = owner.closest("[data-live]");
    if (live) void reloadFragment(live);
    return;
  }
  owner.dataset["confirmed"] = "1";
  button.click();
  delete owner.dataset["confirmed"];
}

/** `data-dialog`, `data-close`, `data-confirm`. */
export function startDialogs(): void {
  document.addEventListener("click", (event) => {
    const target = event.target as Element;
    const opener = target.closest<HTMLElement>("[data-dialog]");
    if (opener) {
      const dialog = document.getElementById(opener.dataset["dialog"] ?? "");
      if (dialog instanceof HTMLDialogElement) {
        event.preventDefault();
        dialog.showModal();
      }
      return;
    }
    const closer = target.closest<HTMLElement>("[data-close]");
    if (closer) closer.closest("dialog")?.close();
    // A click on the backdrop hits the dialog itself.
    if (target instanceof HTMLDialogElement && !target.dataset["hold"])
      target.close();
  });
  document.addEventListener(
    "click",
    (event) => {
      // On the button itself, or on the form that it sends.
      const target = event.target as Element;
      const owner = target.closest<HTMLElement>("[data-confirm]");
      const button = target.closest<HTMLElement>("button, a, input");
      if (!owner || !button || owner.dataset["confirmed"]) return;
      if (button instanceof HTMLButtonElement && button.type === "button") {
        if (owner !== button) return;
      } else if (owner instanceof HTMLFormElement && button instanceof HTMLInputElement) {
        return;
      }
      event.preventDefault();
      event.stopImmediatePropagation();
      void confirmClick(owner, button);
    },
    true,
  );
}

/** Menus made of <details>: one open at a time, Escape gives focus back. */
export function startMenus(): void {
  const open = (): HTMLDetailsElement[] =>
    all<HTMLDetailsElement>("details.tn-dropdown[open]");
  document.addEventListener("click", (event) => {
    for (const menu of open())
      if (!menu.contains(event.target as Node)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of open()) {
      const inside = menu.contains(document.activeElement);
      menu.open = false;
      if (inside) menu.querySelector("summary")?.focus();
    }
  });
  document.addEventListener("focusin", (event) => {
    for (const menu of open())
      if (!menu.contains(event.target as Node)) menu.open = false;
  });
}
