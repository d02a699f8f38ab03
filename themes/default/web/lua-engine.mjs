// lua-engine.mjs - a form's logic in WebAssembly: core/script, compiled by
// tools/build-wasm.sh. Used by lua-worker.ts in the browser and, as it is, by
// tests/conformance/logic in Node. Types: lua-engine.d.mts.

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const notSupported = () => 52; // ENOSYS: no files, no environment

/** Functions that the module imports; all stubs but the clock. */
function imports(memory) {
  let high = 0;
  return {
    env: {
      getTempRet0: () => high,
      setTempRet0: (value) => {
        high = value;
      },
      emscripten_notify_memory_growth: () => {},
      __syscall_dup3: notSupported,
    },
    wasi_snapshot_preview1: {
      clock_time_get: (_id, _precision, out) => {
        const now = BigInt(Math.round(performance.now() * 1e6));
        new DataView(memory().buffer).setBigUint64(out, now, true);
        return 0;
      },
      proc_exit: () => {
        throw new Error("the logic's engine has stopped");
      },
      fd_write: notSupported,
      fd_read: notSupported,
      fd_close: notSupported,
      fd_seek: notSupported,
    },
  };
}

/** Opens an engine from a compiled module. */
export async function openEngine(module) {
  let lua = null;
  const instance = await WebAssembly.instantiate(
    module,
    imports(() => lua.memory),
  );
  lua = instance.exports;
  lua._initialize?.();

  /** Calls with the text in the engine's memory. */
  function withText(text, call) {
    const bytes = encoder.encode(text);
    const at = lua.logic_alloc(bytes.length + 1);
    if (!at) throw new Error("not enough memory");
    try {
      new Uint8Array(lua.memory.buffer).set(bytes, at);
      return call(at, bytes.length);
    } finally {
      lua.logic_free(at);
    }
  }

  function text(core) {
    const at = lua.logic_text(core);
    const length = lua.logic_text_length(core);
    return decoder.decode(new Uint8Array(lua.memory.buffer, at, length));
  }

  return {
    open(definition) {
      const core = withText(definition, (at, length) =>
        lua.logic_new(at, length),
      );
      if (!core) throw new Error("not enough memory");
      if (lua.logic_status() !== 0) {
        const message = text(core);
        lua.logic_end(core);
        throw new Error(message);
      }
      return core;
    },
    run(core, request) {
      const status = withText(request, (at, length) =>
        lua.logic_event(core, at, length),
      );
      if (status !== 0) throw new Error(text(core));
      return text(core);
    },
    close(core) {
      lua.logic_end(core);
    },
  };
}
