// live-worker.ts - a SharedWorker: holds the browser's one event stream and
// tells every tab. It ends when no tab is left.
import { readStream } from "./stream.ts";

interface Scope {
  onconnect: ((event: MessageEvent) => void) | null;
}

const ports = new Set<MessagePort>();
let reading = false;
let open = false;

function tell(topic: string): void {
  open = true;
  for (const port of ports) port.postMessage(topic);
}

function read(address: string): void {
  if (reading) return;
  reading = true;
  let left = false; // by the last tab
  void readStream(address, tell, () => (left = ports.size === 0)).finally(
    () => {
      reading = open = false;
      // One came while the stream was being closed.
      if (left && ports.size) read(address);
    },
  );
}

(self as unknown as Scope).onconnect = (event) => {
  const port = event.ports[0];
  if (!port) return;
  port.addEventListener(
    "message",
    (message: MessageEvent<{ open?: string; close?: boolean }>) => {
      if (message.data.close) {
        ports.delete(port);
      } else if (message.data.open) {
        ports.add(port);
        // What happened between the making of its page and now.
        if (open) port.postMessage("open");
        read(message.data.open);
      }
    },
  );
  port.start();
};
