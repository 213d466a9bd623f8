/**
 * What stands in for `Deno.test` and the few other calls that the tests make, where there is no
 * Deno. Imported before the tests; `runTests` runs what they registered.
 */
import { readFileSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import process from "node:process";

interface Registered {
  readonly name: string;
  readonly fn: (t: TestContext) => unknown;
  readonly ignore: boolean;
}

/** The part of `Deno.TestContext` that the tests use. */
interface TestContext {
  readonly name: string;
  step(name: string, fn: (t: TestContext) => unknown): Promise<boolean>;
}

type Definition = Partial<Omit<Registered, "fn">> & {
  readonly fn?: (t: TestContext) => unknown;
};

const TIMEOUT_MS = 120_000;
const tests: Registered[] = [];

function register(isIgnored: boolean, args: readonly unknown[]): void {
  let name = "";
  let fn: Registered["fn"] | undefined;
  let ignore = isIgnored;
  for (const arg of args) {
    if (typeof arg === "string") name = arg;
    else if (typeof arg === "function") {
      fn = arg as Registered["fn"];
      name ||= arg.name;
    } else {
      const definition = arg as Definition;
      name = definition.name ?? name;
      fn = definition.fn ?? fn;
      ignore ||= definition.ignore === true;
    }
  }
  if (fn === undefined) {
    throw new TypeError(`Cannot register ${name}: it has no function`);
  }
  tests.push({ name, fn, ignore });
}

const test = Object.assign((...args: unknown[]) => register(false, args), {
  ignore: (...args: unknown[]) => register(true, args),
});

const standIn = {
  test,
  statSync(path: string | URL): { readonly isFile: boolean } {
    return { isFile: statSync(path).isFile() };
  },
  readFile: (path: string | URL): Promise<Uint8Array> => readFile(path),
  readTextFile: (path: string | URL): Promise<string> => readFile(path, "utf8"),
  readTextFileSync: (path: string | URL): string => readFileSync(path, "utf8"),
  memoryUsage: (): unknown => process.memoryUsage(),
};

const scope = globalThis as unknown as Record<string, unknown>;
scope["Deno"] = standIn;

// The tests use what the library does not: newer than Node 20.
const bytes = Uint8Array as unknown as Record<string, unknown>;
bytes.fromHex ??= (hex: string): Uint8Array =>
  Uint8Array.from(
    hex.match(/../g) ?? [],
    (digits) => Number.parseInt(digits, 16),
  );
bytes.fromBase64 ??= (text: string): Uint8Array => Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
const proto = Uint8Array.prototype as unknown as Record<string, unknown>;
proto.toHex ??= function (this: Uint8Array): string {
  return Array.from(this, (byte) => byte.toString(16).padStart(2, "0")).join(
    "",
  );
};
const promises = Promise as unknown as Record<string, unknown>;
/** Where the library itself may not use it, the tests may. */
promises.withResolvers ??= function <T>(): unknown {
  let resolve: ((value: T) => void) | undefined;
  let reject: ((reason: unknown) => void) | undefined;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
};
const arrays = Array as unknown as Record<string, unknown>;
arrays.fromAsync ??= async (
  values: AsyncIterable<unknown>,
): Promise<unknown[]> => {
  const all: unknown[] = [];
  for await (const value of values) all.push(value);
  return all;
};

const maps = Map as unknown as Record<string, unknown>;
maps.groupBy ??= <T, K>(
  values: Iterable<T>,
  keyOf: (value: T) => K,
): Map<K, T[]> => {
  const groups = new Map<K, T[]>();
  for (const value of values) {
    const key = keyOf(value);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [value]);
    else group.push(value);
  }
  return groups;
};

async function runOne({ name, fn }: Registered): Promise<void> {
  const failures: unknown[] = [];
  const context: TestContext = {
    name,
    async step(stepName, step): Promise<boolean> {
      try {
        await step({ ...context, name: stepName });
        return true;
      } catch (error) {
        failures.push(new Error(`step ${stepName}`, { cause: error }));
        return false;
      }
    },
  };
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`it took more than ${TIMEOUT_MS} ms`)),
      TIMEOUT_MS,
    );
  });
  try {
    await Promise.race([(async () => await fn(context))(), late]);
  } finally {
    clearTimeout(timer);
  }
  if (failures.length > 0) throw failures[0];
}

/** What came of the tests, as the last line of the output says in JSON. */
export interface RunReport {
  /** Tests that went well. */
  readonly passed: number;
  /** Tests that failed, by name. */
  readonly failed: readonly string[];
  /** Tests that were not run, by name. */
  readonly ignored: readonly string[];
}

/** Runs all tests that were registered; prints failures, and the report as the last line. */
export async function runTests(): Promise<void> {
  const stray: unknown[] = [];
  process.on("unhandledRejection", (reason) => stray.push(reason));
  let passed = 0;
  const failed: string[] = [];
  const ignored: string[] = [];
  for (const one of tests) {
    if (one.ignore) {
      ignored.push(one.name);
      continue;
    }
    try {
      await runOne(one);
      // What is rejected in the same turn is reported a turn later.
      await new Promise((resolve) => setTimeout(resolve, 0));
      if (stray.length > 0) {
        throw new Error("a rejection was not handled", {
          cause: stray.splice(0)[0],
        });
      }
      passed++;
    } catch (error) {
      stray.length = 0;
      failed.push(one.name);
      console.log(`FAILED ${one.name}`);
      console.log(error);
    }
  }
  console.log(JSON.stringify({ passed, failed, ignored } satisfies RunReport));
  process.exit(failed.length === 0 && passed > 0 ? 0 : 1);
}
