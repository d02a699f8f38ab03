// sign-in.ts - the session has ended while somebody was typing: sign in in a
// dialog, then go on where it stopped (E9). The form is the sign-in page's
// own, so that it asks for whatever that page asks.
import { takeCsrf } from "./api.ts";
import { openDialog } from "./dialog.ts";
import { make } from "./dom.ts";
import { t } from "./texts.ts";
import { toast } from "./toast.ts";

let running: Promise<boolean> | null = null;

/** True once signed in as the same person; callers then send again. */
export function signInAgain(): Promise<boolean> {
  running ??= run().finally(() => {
    running = null;
  });
  return running;
}

async function fetchForm(): Promise<HTMLFormElement | null> {
  const response = await fetch("/sign-in", { credentials: "same-origin" });
  const page = new DOMParser().parseFromString(
    await response.text(),
    "text/html",
  );
  const form = page.querySelector<HTMLFormElement>("form[data-sign-in]");
  const token = page.querySelector<HTMLMetaElement>("meta[name=csrf]");
  if (token) takeCsrf(token.content);
  return form ? (document.adoptNode(form) as HTMLFormElement) : null;
}

async function run(): Promise<boolean> {
  const form = await fetchForm();
  if (!form) return false;
  form.noValidate = true;
  for (const element of form.querySelectorAll<HTMLElement>("[id]"))
    rename(form, element);
  const note = make("p", { class: "invalid-feedback", role: "alert" });
  form.prepend(note);
  return new Promise((resolve) => {
    const dialog = openDialog(t("sign_in_title"), [
      make("p", {}, t("sign_in_text")),
      form,
    ]);
    dialog.dataset["hold"] = "1";
    let done = false;
    dialog.addEventListener("close", () => resolve(done));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      event.stopPropagation();
      void submit(form, note).then((ok) => {
        if (!ok) return;
        done = true;
        dialog.close();
      });
    });
    form.querySelector<HTMLInputElement>("input:not([type=hidden])")?.focus();
  });
}

/** The page may have the same ids. */
function rename(form: HTMLFormElement, element: HTMLElement): void {
  const id = element.id;
  element.id = `again-${id}`;
  for (const label of form.querySelectorAll(`label[for="${CSS.escape(id)}"]`))
    label.setAttribute("for", element.id);
}

async function submit(
  form: HTMLFormElement,
  note: HTMLElement,
): Promise<boolean> {
  const body = new URLSearchParams();
  for (const [name, value] of new FormData(form))
    if (typeof value === "string") body.append(name, value);
  let response: Response;
  try {
    response = await fetch(form.getAttribute("action") ?? "/sign-in", {
      method: "POST",
      body,
      credentials: "same-origin",
      headers: {
        Accept: "application/json",
        "X-Tenon-Request": "form",
        "X-CSRF-Token": body.get("_csrf") ?? "",
      },
    });
  } catch {
    note.textContent = t("offline");
    return false;
  }
  const answer = (await response.json().catch(() => ({}))) as {
    person?: string;
    csrf?: string;
    problems?: { message: string }[];
  };
  if (!response.ok) {
    note.textContent =
      answer.problems?.map((problem) => problem.message).join(" ") ||
      t("failed", { status: response.status });
    return false;
  }
  if (answer.csrf) takeCsrf(answer.csrf);
  const before = document.body.dataset["person"];
  if (before && answer.person && before !== String(answer.person)) {
    toast(t("sign_in_other"), { kind: "warning" });
    window.setTimeout(() => location.reload(), 1500);
    return false;
  }
  return true;
}
