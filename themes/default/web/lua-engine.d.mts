// lua-engine.d.mts - types of lua-engine.mjs.

/** A form's logic in the engine. */
export type Core = number;

export interface Engine {
  /** definition: JSON text (core/script/logic.h). Throws what is wrong. */
  open(definition: string): Core;
  /** request: {"event", "field", "today", "locale", "values"} as JSON text;
   * gives the answer's text. Throws what failed. */
  run(core: Core, request: string): string;
  close(core: Core): void;
}

export function openEngine(module: WebAssembly.Module): Promise<Engine>;
