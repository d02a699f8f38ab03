// toast.ts - short notes at the bottom; read out by screen readers.
import { all, make } from "./dom.ts";

const STAY = 6000;
const STAY_WITH_ACTION = 10000; // E13

export interface ToastOptions {
  kind?: "info" | "success" | "warning" | "danger";
  action?: { label: string; run: () => void };
}

export function toast(text: string, options: ToastOptions = {}): void {
  const host = document.getElementById("tn-toasts");
  if (!host) return;
  const note = make(
    "div",
    { class: `tn-toast is-${options.kind ?? "info"}` },
    make("span", {}, text),
  );
  if (options.action) {
    const { label, run } = options.action;
    const button = make("button", { type: "button", class: "btn btn-sm" }, label);
    button.addEventListener("click", () => {
      note.remove();
      run();
    });
    note.append(button);
  }
  while (host.children.length >= 3) host.firstElementChild?.remove();
  host.append(note);
  leave(note, options.action ? STAY_WITH_ACTION : STAY);
}

function leave(note: HTMLElement, wait: number): void {
  let timer = window.setTimeout(() => note.remove(), wait);
  note.addEventListener("pointerenter", () => clearTimeout(timer));
  note.addEventListener("focusin", () => clearTimeout(timer));
  note.addEventListener("pointerleave", () => {
    timer = window.setTimeout(() => note.remove(), 2000);
  });
}

/** Notes that the server put into the page leave by themselves, too. */
export function startToasts(): void {
  for (const note of all(".tn-toast")) leave(note, STAY_WITH_ACTION);
  try {
    const kept = sessionStorage.getItem("tenon.toast");
    if (kept) {
      sessionStorage.removeItem("tenon.toast");
      toast(kept, { kind: "success" });
    }
  } catch {
    // No storage: no note.
  }
}

/** A note for the page that is opened next. */
export function toastNext(text: string): void {
  try {
    sessionStorage.setItem("tenon.toast", text);
  } catch {
    // No storage: no note.
  }
}
