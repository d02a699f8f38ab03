// stream.ts - reads an event stream for ever. Its own parser, because
// EventSource hears only topics that it was told of beforehand, and does not
// say that the session has ended.

const FIRST_WAIT = 1000;
const LONGEST_WAIT = 30000;

/** Calls `topic` for each event, with "open" before the first one and with
 * "reconnect" after a break: what happened before is not told any more. Ends
 * where the server says that nobody is signed in. */
export async function readStream(
  address: string,
  topic: (name: string) => void,
  stopped: () => boolean = () => false,
): Promise<void> {
  let wait = FIRST_WAIT;
  let broken = false;
  while (!stopped()) {
    try {
      const response = await fetch(address, {
        headers: { Accept: "text/event-stream" },
        credentials: "same-origin",
        cache: "no-store",
      });
      if (response.status === 401 || response.status === 403) return;
      if (response.ok && response.body && !response.redirected) {
        topic(broken ? "reconnect" : "open");
        broken = true;
        wait = FIRST_WAIT;
        await readEvents(response.body, topic, stopped);
      } else if (response.redirected) {
        return;
      }
    } catch {
      broken = true;
    }
    if (stopped()) return;
    // Not all browsers at the same moment after a restart.
    await new Promise((resolve) =>
      setTimeout(resolve, wait * (0.5 + Math.random())),
    );
    wait = Math.min(wait * 2, LONGEST_WAIT);
  }
}

async function readEvents(
  body: ReadableStream<Uint8Array>,
  topic: (name: string) => void,
  stopped: () => boolean,
): Promise<void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    if (stopped()) {
      await reader.cancel();
      return;
    }
    text += decoder.decode(value, { stream: true });
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const event = text.slice(0, end);
      text = text.slice(end + 2);
      for (const line of event.split("\n"))
        if (line.startsWith("event:")) topic(line.slice(6).trim());
    }
    if (text.length > 65536) text = "";
  }
}
