import assert from "node:assert/strict";
import * as h2 from "../../h2/mod.ts";
import { Client, serve as httpServe } from "../../mod.ts";
import * as h3 from "../../h3/mod.ts";
import { connectQuic, connectTls, listenQuic, listenTls } from "../../transport/deno.ts";
import type { InteropCase, Lab } from "./support.ts";

const handler: h3.ExchangeHandler = {
  exchange(exchange) {
    exchange.reply(200, {}, "Hello world\n");
  },
};

interface Ends {
  readonly port: number;
  close(): Promise<void>;
}

async function serve(lab: Lab, protocol: "h2" | "h3"): Promise<Ends> {
  const pem = {
    hostname: "127.0.0.1",
    port: 0,
    cert: await Deno.readTextFile(lab.pem.chain),
    key: await Deno.readTextFile(lab.pem.key),
    alpn: [protocol],
  };
  if (protocol === "h2") {
    const listener = listenTls(pem);
    const accepting = (async () => {
      for await (const transport of listener) h2.serve(transport, handler);
    })();
    return {
      port: listener.addr.port,
      async close() {
        listener.close();
        await accepting;
      },
    };
  }
  const listener = listenQuic(pem);
  const accepting = (async () => {
    for await (const transport of listener) h3.serve(transport, handler);
  })();
  return {
    port: listener.addr.port,
    async close() {
      listener.closeAll(0x100, "");
      listener.close();
      await accepting;
    },
  };
}

async function connect(lab: Lab, port: number, protocol: "h2" | "h3"): Promise<h2.H2Client | h3.H3Client> {
  const where = { hostname: "localhost", port, alpn: [protocol], caCerts: [lab.ca] };
  return protocol === "h2" ? h2.connect(await connectTls(where)) : h3.connect(await connectQuic(where));
}

/** Bytes of the heap that are in use after a collection. */
async function heapBytes(): Promise<number> {
  const collect = (globalThis as { gc?: () => void }).gc!;
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    collect();
  }
  return Deno.memoryUsage().heapUsed;
}

async function measure(step: () => Promise<void>, warm: number, count: number): Promise<string> {
  for (let i = 0; i < warm; i++) await step();
  const before = await heapBytes();
  for (let i = 0; i < count; i++) await step();
  const after = await heapBytes();
  const grown = (after - before) / (1 << 20);
  assert(grown < 4, `the heap grew by ${grown.toFixed(1)} MiB`);
  return `${(before / (1 << 20)).toFixed(1)} MiB before, ${(after / (1 << 20)).toFixed(1)} after`;
}

function exchanges(protocol: "h2" | "h3"): InteropCase {
  return {
    peer: "tandem",
    role: "server",
    what: `${protocol}: 10,000 exchanges leave nothing behind`,
    needs: [() => "gc" in globalThis ? undefined : "--v8-flags=--expose-gc is missing"],
    async run(lab) {
      const server = await serve(lab, protocol);
      const client = await connect(lab, server.port, protocol);
      const url = `https://localhost:${server.port}/`;
      try {
        const step = async () => {
          const texts = Array.from(
            { length: 100 },
            () => client.request({ url }).response.then((r) => r.text()),
          );
          for (const text of await Promise.all(texts)) assert.equal(text, "Hello world\n");
        };
        return await measure(step, 20, 100);
      } finally {
        client.close();
        await client.closed;
        await server.close();
      }
    },
  };
}

function connections(protocol: "h2" | "h3"): InteropCase {
  return {
    peer: "tandem",
    role: "server",
    what: `${protocol}: 2,000 connections leave nothing behind`,
    needs: [() => "gc" in globalThis ? undefined : "--v8-flags=--expose-gc is missing"],
    async run(lab) {
      const server = await serve(lab, protocol);
      const url = `https://localhost:${server.port}/`;
      try {
        const visit = async () => {
          const client = await connect(lab, server.port, protocol);
          assert.equal(await client.request({ url }).response.then((r) => r.text()), "Hello world\n");
          client.close();
          await client.closed;
        };
        const step = async () => void await Promise.all(Array.from({ length: 20 }, visit));
        return await measure(step, 10, 100);
      } finally {
        await server.close();
      }
    },
  };
}

const ORIGINS = 3600;

async function openFiles(): Promise<number> {
  let count = 0;
  for await (const _ of Deno.readDir("/proc/self/fd")) count++;
  return count;
}

/** A pool over real sockets: each origin is visited once, and forgotten once it has been idle. */
const idleOrigins: InteropCase = {
  peer: "tandem",
  role: "server",
  what: `h2: ${ORIGINS} idle origins are reaped`,
  needs: [() => "gc" in globalThis ? undefined : "--v8-flags=--expose-gc is missing"],
  async run() {
    const servers = Array.from(
      { length: ORIGINS },
      () => httpServe({ plain: true, hostname: "127.0.0.1", port: 0 }, () => new Response("Hello world\n")),
    );
    const client = new Client({ idleTimeoutMs: 1000 });
    const visitAll = async () => {
      for (let at = 0; at < ORIGINS; at += 100) {
        const texts = servers.slice(at, at + 100).map(({ addr }) =>
          client.fetch(`http://127.0.0.1:${addr.port}/`).then((r) => r.text())
        );
        for (const text of await Promise.all(texts)) assert.equal(text, "Hello world\n");
      }
    };
    const reaped = async () => {
      const deadline = Date.now() + 30_000;
      while (
        (client.stats.connections > 0 || servers.some((one) => one.connections > 0)) && Date.now() < deadline
      ) {
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      assert.equal(client.stats.connections, 0);
      assert.equal(client.stats.origins, 0);
    };
    try {
      await visitAll();
      await reaped();
      const [heap, files] = [await heapBytes(), await openFiles()];
      await visitAll();
      const most = await openFiles();
      await reaped();
      const [heapAfter, filesAfter] = [await heapBytes(), await openFiles()];
      assert.equal(filesAfter, files, "sockets are left");
      assert(heapAfter - heap < 4 << 20, `the heap grew by ${heapAfter - heap} bytes`);
      return `${most} open files, then ${filesAfter}; heap ${heap >> 20} MiB before, ${
        heapAfter >> 20
      } after`;
    } finally {
      client.close();
      await Promise.all(servers.map((server) => server.shutdown()));
    }
  },
};

/** What comes and goes leaves no trace. */
export const growthCases: readonly InteropCase[] = [
  exchanges("h2"),
  connections("h2"),
  exchanges("h3"),
  connections("h3"),
  idleOrigins,
];
