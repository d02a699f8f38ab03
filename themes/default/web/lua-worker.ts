// lua-worker.ts - form logic in a module worker, so that a slow script never
// holds up the page. Its response needs script-src 'self' 'wasm-unsafe-eval';
// the page's does not.

import { openEngine, type Core, type Engine } from "./lua-engine.mjs";

export type ToWorker =
  | { id: number; do: "start"; wasm: string }
  | { id: number; do: "open"; definition: string }
  | { id: number; do: "run"; core: Core; request: string }
  | { id: number; do: "close"; core: Core };

export type FromWorker =
  | { id: number; result: Core | string | null }
  | { id: number; error: string };

let engine: Engine | undefined;

async function handle(message: ToWorker): Promise<Core | string | null> {
  if (message.do === "start") {
    const response = await fetch(message.wasm);
    if (!response.ok) throw new Error(`lua.wasm: ${response.status}`);
    engine = await openEngine(await WebAssembly.compileStreaming(response));
    return null;
  }
  if (!engine) throw new Error("the engine is not started");
  switch (message.do) {
    case "open":
      return engine.open(message.definition);
    case "run":
      return engine.run(message.core, message.request);
    case "close":
      engine.close(message.core);
      return null;
  }
}

self.addEventListener("message", (event: MessageEvent<ToWorker>) => {
  const { id } = event.data;
  handle(event.data).then(
    (result) => self.postMessage({ id, result } satisfies FromWorker),
    (error: unknown) =>
      self.postMessage({
        id,
        error: error instanceof Error ? error.message : String(error),
      } satisfies FromWorker),
  );
});
