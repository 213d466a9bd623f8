import * as esbuild from "esbuild";
import assert from "node:assert/strict";
import { join } from "node:path";
import vm from "node:vm";

const ROOT = join(import.meta.dirname!, "../..");

/** What browsers have, as far as the library may use it. */
const WEB_GLOBALS = [
  "AbortController",
  "AbortSignal",
  "Blob",
  "DOMException",
  "DecompressionStream",
  "Event",
  "EventTarget",
  "FormData",
  "Headers",
  "ReadableStream",
  "Request",
  "Response",
  "TextDecoder",
  "TextEncoder",
  "TransformStream",
  "URL",
  "URLSearchParams",
  "WritableStream",
  "clearTimeout",
  "console",
  "crypto",
  "performance",
  "queueMicrotask",
  "setTimeout",
  "structuredClone",
] as const;

/** Bundles an entry as a script whose exports are in `lib`. */
async function bundle(contents: string): Promise<string> {
  try {
    const { outputFiles } = await esbuild.build({
      stdin: { contents, resolveDir: ROOT, loader: "ts" },
      bundle: true,
      write: false,
      format: "iife",
      globalName: "lib",
      platform: "browser",
      target: "es2022",
      logLevel: "silent",
    });
    return outputFiles[0]!.text;
  } finally {
    await esbuild.stop();
  }
}

/** Runs a script where there is nothing but the language and the web. */
function runBare(script: string): unknown {
  const scope: Record<string, unknown> = {};
  for (const name of WEB_GLOBALS) {
    scope[name] = (globalThis as unknown as Record<string, unknown>)[name];
  }
  // The classes that are of the language must be those of the streams and bodies that come in.
  for (
    const name of [
      "Uint8Array",
      "ArrayBuffer",
      "DataView",
      "Promise",
      "Error",
      "TypeError",
    ]
  ) {
    scope[name] = (globalThis as unknown as Record<string, unknown>)[name];
  }
  const context = vm.createContext(scope);
  for (const name of ["Deno", "process", "Buffer", "require", "global"]) {
    assert.equal(
      vm.runInContext(`typeof ${name}`, context),
      "undefined",
      `${name} is there`,
    );
  }
  vm.runInContext(script, context);
  return vm.runInContext("lib", context);
}

const LIBRARY = `
export * as h2 from "./h2/mod.ts";
export * as h3 from "./h3/mod.ts";
export * as hpack from "./hpack/mod.ts";
export * as observe from "./observe/mod.ts";
export * as qpack from "./qpack/mod.ts";
export * as semantics from "./semantics/mod.ts";
export * as transport from "./transport/mod.ts";
export * as memory from "./transport/memory.ts";
`;

interface Library {
  readonly h2: typeof import("../../h2/mod.ts");
  readonly h3: typeof import("../../h3/mod.ts");
  readonly hpack: typeof import("../../hpack/mod.ts");
  readonly observe: typeof import("../../observe/mod.ts");
  readonly memory: typeof import("../../transport/memory.ts");
}

const ESBUILD = { sanitizeOps: false, sanitizeResources: false };

Deno.test({
  name: "the library loads and works where there is neither Deno nor process, only the web",
  ...ESBUILD,
  async fn() {
    const script = await bundle(LIBRARY);
    assert(!/\bnode:/.test(script), "the library imports from Node");
    const { h2, h3, memory, observe } = runBare(script) as Library;
    const counters = new observe.TraceCounters();
    {
      const [near, far] = memory.memoryPair();
      const server = h2.serve(
        far,
        async (request) => new Response(`h2 ${await request.text()}`),
      );
      const client = h2.connect(near, { trace: counters.trace });
      const response = await client.fetch("https://example.org/", {
        method: "POST",
        body: "body",
      });
      assert.equal(await response.text(), "h2 body");
      await client.shutdown();
      await server.closed;
    }
    {
      const [near, far] = memory.memoryQuicPair();
      const server = h3.serve(
        far,
        async (request) => new Response(`h3 ${await request.text()}`),
      );
      const client = h3.connect(near, { trace: counters.trace });
      const response = await client.fetch("https://example.org/", {
        method: "POST",
        body: "body",
      });
      assert.equal(await response.text(), "h3 body");
      client.close();
      await server.closed;
    }
    assert.deepEqual(counters.counts.requests.POST, 2);
  },
});

Deno.test({
  name: "the library has no import of Node's but in the transports that are named for it",
  ...ESBUILD,
  async fn() {
    await assert.rejects(
      bundle(`export * from "./transport/node.ts";`),
      /node:net|node:tls/,
    );
    await bundle(LIBRARY);
  },
});
