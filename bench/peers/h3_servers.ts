/** Servers over QUIC: ours, bare streams, and every peer that is installed. */
import type { PairLoad } from "./compare_pairs.ts";
import { findProgram, freePort, type Running, start } from "./process.ts";
import { bunServe, type Lab, SERVERS } from "./servers.ts";

/** A server over QUIC that can be started. */
export interface H3Server {
  readonly name: string;
  readonly program: string | undefined;
  /** What its client speaks. */
  readonly mode: "http" | "raw";
  /** The same load under the path that this server has for it. */
  path?(load: PairLoad): string;
  start(lab: Lab): Promise<{ readonly port: number; readonly running: Running }>;
}

const PROGRAMS = `${import.meta.dirname}/programs`;
const QUIC_GO = `${import.meta.dirname}/../../tests/interop/peers/bin/quic_go`;
const DENO = ["run", "-A", "--no-lock", "--unstable-net"];

function ours(name: string, mode: string): H3Server {
  return {
    name,
    program: Deno.execPath(),
    mode: "http",
    async start(lab) {
      const port = freePort();
      const args = [...DENO, `${PROGRAMS}/tandem_h3_server.ts`, `${port}`, lab.cert, lab.key, mode];
      return { port, running: await start(Deno.execPath(), args, { ready: "ready", cpu: lab.cpu }) };
    },
  };
}

function bare(name: string, ...more: readonly string[]): H3Server {
  return {
    name,
    program: Deno.execPath(),
    mode: "raw",
    async start(lab) {
      const port = freePort();
      const args = [...DENO, `${PROGRAMS}/raw_quic_server.ts`, `${port}`, lab.cert, lab.key, ...more];
      return { port, running: await start(Deno.execPath(), args, { ready: "ready", cpu: lab.cpu }) };
    },
  };
}

/** Bare streams, and beside them unidirectional ones of the server and one of the client: they only matter for memory. */
export const BARE_WITH_UNI: readonly H3Server[] = [
  bare("bare Deno QUIC streams, with the control streams of HTTP/3", "1"),
  bare("bare Deno QUIC streams, with those that HTTP/3 has beside", "3"),
];

/** Waits a little: these print nothing when they listen. */
async function settle<T>(value: T): Promise<T> {
  await new Promise((resolve) => setTimeout(resolve, 500));
  return value;
}

/** Every one, by its name. */
export const H3_SERVERS: readonly H3Server[] = [
  bare("bare Deno QUIC streams"),
  ours("tandem exchange", "exchange"),
  ours("tandem native", "native"),
  {
    name: "Caddy",
    program: findProgram("caddy"),
    mode: "http",
    start: (lab) => SERVERS.find(({ name }) => name === "Caddy")!.start(lab, true),
  },
  {
    name: "Bun.serve",
    program: bunServe.program,
    mode: "http",
    start: (lab) => bunServe.start(lab, true),
  },
  {
    name: "gtlsserver",
    program: findProgram("gtlsserver"),
    mode: "http",
    async start(lab) {
      const port = freePort();
      const args = ["-q", "-d", `${lab.folder}/www`, "127.0.0.1", `${port}`, lab.key, lab.cert];
      return { port, running: await settle(await start(this.program!, args, { cpu: lab.cpu })) };
    },
  },
  {
    name: "quic-go",
    program: findProgram(QUIC_GO),
    mode: "http",
    path: (load) => `/bytes/${load.bytes}`,
    async start(lab) {
      const port = freePort();
      const args = ["serve", `${port}`, lab.cert, lab.key];
      return { port, running: await settle(await start(QUIC_GO, args, { ready: "ready", cpu: lab.cpu })) };
    },
  },
];
