// lua.ts - a form's logic for the page: the same C as on the server, behind a
// worker (core/script/README.md has the contract).

import type { FromWorker, ToWorker } from "./lua-worker.ts";

/** What the rules decided about a field or a column ("items.price"). */
export interface FieldState {
  hidden?: boolean;
  read_only?: boolean;
  required?: boolean;
}

export interface LogicAnswer {
  /** Only what differs; a changed sub-table whole. Decimals are texts. */
  values: Record<string, unknown>;
  messages: { field: string; message: string }[];
  states: Record<string, FieldState>;
}

export type LogicEvent = "open" | "change" | "compute" | "validate";

type Unnumbered<T> = T extends unknown ? Omit<T, "id"> : never;

/** One worker for the page, however many forms it shows. */
class Connection {
  private readonly worker: Worker;
  private readonly waiting = new Map<
    number,
    { resolve: (value: never) => void; reject: (error: Error) => void }
  >();
  private next = 1;

  constructor(address: string) {
    this.worker = new Worker(address, { type: "module" });
    this.worker.addEventListener(
      "message",
      (event: MessageEvent<FromWorker>) => {
        const answer = event.data;
        const caller = this.waiting.get(answer.id);
        this.waiting.delete(answer.id);
        if ("error" in answer) caller?.reject(new Error(answer.error));
        else caller?.resolve(answer.result as never);
      },
    );
    this.worker.addEventListener("error", (event) => {
      event.preventDefault();
      for (const caller of this.waiting.values())
        caller.reject(new Error(event.message || "the worker did not start"));
      this.waiting.clear();
    });
  }

  ask<T>(message: Unnumbered<ToWorker>): Promise<T> {
    const id = this.next++;
    return new Promise<T>((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.worker.postMessage({ ...message, id });
    });
  }
}

const connections = new Map<string, Promise<Connection>>();

function connect(worker: string, wasm: string): Promise<Connection> {
  let connection = connections.get(worker);
  if (!connection) {
    const made = new Connection(worker);
    connection = made.ask<null>({ do: "start", wasm }).then(() => made);
    connections.set(worker, connection);
  }
  return connection;
}

export class Logic {
  private constructor(
    private readonly connection: Connection,
    private readonly core: number,
  ) {}

  /** definition: the form's logic definition, as the server gave it. */
  static async open(
    definition: unknown,
    addresses: { worker: string; wasm: string },
  ): Promise<Logic> {
    const connection = await connect(addresses.worker, addresses.wasm);
    const core = await connection.ask<number>({
      do: "open",
      definition: JSON.stringify(definition),
    });
    return new Logic(connection, core);
  }

  /** field: "price", "items.0.price"; today: the person's date. */
  async run(
    event: LogicEvent,
    field: string | null,
    values: Record<string, unknown>,
    today: string,
    locale: string,
  ): Promise<LogicAnswer> {
    const answer = await this.connection.ask<string>({
      do: "run",
      core: this.core,
      request: JSON.stringify({ event, field, today, locale, values }),
    });
    return JSON.parse(answer) as LogicAnswer;
  }

  close(): Promise<null> {
    return this.connection.ask({ do: "close", core: this.core });
  }
}
