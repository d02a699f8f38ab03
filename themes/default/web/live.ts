// live.ts - one event stream a browser; events only say "ask again".
//
// The stream lives in a SharedWorker (live-worker.ts); where there is none,
// one tab holds it under a Web Lock and tells the others over a channel.
import { all, one, ownAddress } from "./dom.ts";
import { htmx } from "./htmx.ts";
import { readStream } from "./stream.ts";

const COUNTED = new Set(["tasks", "messages", "counts", "open", "reconnect"]);
const CHANNEL = "tenon-live";

async function refreshCounts(): Promise<void> {
  const address = ownAddress(document.body.dataset["counts"]);
  if (!address) return;
  let counts: Record<string, number>;
  try {
    const response = await fetch(address, {
      headers: { Accept: "application/json" },
      credentials: "same-origin",
    });
    if (!response.ok) return;
    counts = (await response.json()) as Record<string, number>;
  } catch {
    return;
  }
  for (const element of all("[data-count]")) {
    const count = counts[element.dataset["count"] ?? ""];
    if (count === undefined) continue;
    element.textContent = count > 99 ? "99+" : String(count);
    element.hidden = count === 0;
  }
}

/** Somebody types or moves something in there: that must not go. */
function isBusy(element: Element): boolean {
  const focus = document.activeElement;
  if (
    focus &&
    element.contains(focus) &&
    (focus instanceof HTMLTextAreaElement ||
      (focus instanceof HTMLInputElement && focus.type !== "search"))
  )
    return true;
  if (element.matches("[data-busy]") || one("[data-busy]", element)) return true;
  if (one("[data-tick]:checked", element) || one("details[open]", element))
    return true;
  return all<HTMLTextAreaElement>("textarea", element).some(
    (area) => area.value !== area.defaultValue,
  );
}

/** Loads a fragment of the page anew, in place. */
export async function reloadFragment(element: Element): Promise<void> {
  if (!element.id || isBusy(element)) return;
  const address = ownAddress(
    element.getAttribute("data-live-url") ?? location.href,
  );
  if (!address) return;
  const selector = `#${CSS.escape(element.id)}`;
  await htmx.ajax("GET", address, {
    target: selector,
    select: selector,
    swap: "outerMorph",
    unasked: true,
  });
}

// What somebody has taken up since the reload was asked for, by an event or by
// the clock, stays as it is.
document.addEventListener("htmx:before:swap", (event) => {
  const { ctx } = (event as CustomEvent).detail as {
    ctx: { unasked?: boolean; target: Element; sourceElement?: Element };
  };
  const trigger = ctx.sourceElement?.getAttribute("hx-trigger");
  if ((ctx.unasked || trigger?.startsWith("every ")) && isBusy(ctx.target))
    event.preventDefault();
});

// Several events in a moment are one reload, and none for a page that is
// about to go (a decision tells its own page, too).
const SOON_MS = 150;
const soon = new Set<Element>();

function reloadSoon(element: Element): void {
  if (soon.has(element)) return;
  soon.add(element);
  setTimeout(() => {
    soon.delete(element);
    if (element.isConnected) void reloadFragment(element);
  }, SOON_MS);
}

function onTopic(topic: string): void {
  if (COUNTED.has(topic)) void refreshCounts();
  for (const element of all("[data-live]")) {
    const topics = (element.dataset["live"] ?? "").split(/\s+/);
    if (topic === "reconnect" || topics.includes(topic)) reloadSoon(element);
  }
}

function startWorker(address: string, events: string): void {
  const worker = new SharedWorker(address, { type: "module", name: "tenon" });
  worker.port.addEventListener("message", (event: MessageEvent<string>) =>
    onTopic(event.data),
  );
  worker.port.start();
  worker.port.postMessage({ open: events });
  addEventListener("pagehide", () => worker.port.postMessage({ close: true }));
  addEventListener("pageshow", (event) => {
    if (event.persisted) worker.port.postMessage({ open: events });
  });
}

function startTab(events: string): void {
  const channel = new BroadcastChannel(CHANNEL);
  channel.addEventListener("message", (event: MessageEvent<string>) =>
    onTopic(event.data),
  );
  // `opened`: what the stream's beginning is to everybody.
  const hold = async (opened: string): Promise<void> =>
    readStream(events, (heard) => {
      const topic = heard === "open" ? opened : heard;
      channel.postMessage(topic);
      onTopic(topic);
    });
  if (navigator.locks) void takeTurns(hold);
  else void hold("open");
}

/** Holds the stream now or when the tab that has it goes. Who comes after
 * another has missed what happened in between. */
async function takeTurns(
  hold: (opened: string) => Promise<void>,
): Promise<void> {
  let taken = false;
  await navigator.locks.request(
    CHANNEL,
    { ifAvailable: true },
    async (lock) => {
      taken = !lock;
      if (lock) await hold("open");
    },
  );
  if (taken)
    await navigator.locks.request(CHANNEL, async () => hold("reconnect"));
}

export function startLive(): void {
  const events = ownAddress(document.body.dataset["events"]);
  const worker = ownAddress(document.body.dataset["liveWorker"]);
  if (!events) return;
  if (worker && typeof SharedWorker !== "undefined")
    startWorker(worker, events);
  else startTab(events);
}
