import type { Core } from "./core.ts";

const CORES: WeakMap<object, Core> = new WeakMap();

/** Lets the testing entry point reach the inside of an engine. Internal. */
export function registerCore(engine: object, core: Core): void {
  CORES.set(engine, core);
}

/** The inside of an engine; for the testing entry point only. */
export function coreOf(engine: object): Core {
  const core = CORES.get(engine);
  if (core === undefined) throw new TypeError("Cannot look into the engine: it is not an HTTP/3 engine");
  return core;
}
