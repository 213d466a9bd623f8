import { EXIT } from "../errors.ts";
import { explainQuicError } from "../explain_quic.ts";
import type { H3Client } from "../../h3/mod.ts";
import { isReserved, SettingId } from "../../h3/frame_types.ts";
import { allHooks } from "../../observe/connection.ts";
import type { TraceHook } from "../../semantics/trace.ts";
import type { ClientExchange } from "../../shell/client_exchange.ts";
import type { ClientRequest } from "../../shell/client_request.ts";
import type { QuicTransport, TransportInfo } from "../../transport/mod.ts";
import type { ConnectPlan, HttpLink, Obstacle, Protocol } from "./mod.ts";
import type { ReceivedSetting } from "./mod.ts";

/** How long a QUIC handshake is waited for, in milliseconds: time enough for two lost packets and a verdict within 3 s. */
export const QUIC_TIMEOUT_MS = 2500;

const ALPN = ["h3"] as const;

function obstacle(isTls: boolean): Obstacle | undefined {
  if (!isTls) {
    return {
      code: "no-tls",
      text: "HTTP/3 has no form without TLS",
      short: "needs TLS",
      exit: EXIT.USAGE,
      hint: "https://… for HTTP/3",
    };
  }
  if ("connectQuic" in Deno) return undefined;
  return {
    code: "unstable-net",
    text: "Deno has QUIC only with the flag --unstable-net",
    short: "no QUIC",
    exit: EXIT.PERMISSION,
    hint: "deno run --unstable-net -N … cli/main.ts …, or --http 2",
  };
}

async function openTransport(plan: ConnectPlan): Promise<QuicTransport> {
  const { connectQuic } = await import("../../transport/deno_quic.ts");
  return await connectQuic({
    hostname: plan.hostname,
    port: plan.port,
    signal: plan.signal,
    timeoutMs: QUIC_TIMEOUT_MS,
    serverName: plan.serverName,
    alpn: ALPN,
    caCerts: plan.caCerts,
    insecure: plan.insecure,
    maxBidiStreams: 0, // a server opens none
  });
}

const SETTING_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(SettingId).map(([name, id]) => [id, name]),
);

function settingName(id: number): string {
  return SETTING_NAMES.get(id) ?? (isReserved(id) ? "RESERVED" : "UNKNOWN");
}

class H3Link implements HttpLink {
  readonly protocol = "h3" as const;
  /** The PING of QUIC is not to be had, and HTTP/3 has none. */
  readonly ping = undefined;
  readonly #client: H3Client;

  constructor(client: H3Client) {
    this.#client = client;
  }

  get info(): TransportInfo {
    return this.#client.info;
  }

  get ready(): Promise<void> {
    return this.#client.ready;
  }

  get isClosed(): boolean {
    return this.#client.isClosed;
  }

  get hasSettings(): boolean {
    return this.#client.isReady || this.settings.length > 0;
  }

  get settings(): readonly ReceivedSetting[] {
    const { entries } = this.#client.peerSettings;
    const settings: ReceivedSetting[] = [];
    for (let at = 0; at < entries.length; at += 2) {
      const id = entries[at]!;
      settings.push({ id, name: settingName(id), value: entries[at + 1]! });
    }
    return settings;
  }

  request(request: ClientRequest): ClientExchange {
    return this.#client.request(request);
  }

  shutdown(): Promise<void> {
    return this.#client.shutdown();
  }

  async close(): Promise<void> {
    this.#client.close();
    await this.#client.closed;
    await nextTurn();
  }
}

/** A process that ends in the same turn would take the last packets with it. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

async function load(): Promise<void> {
  await import("../../h3/mod.ts");
  await import("../../transport/deno_quic.ts");
}

async function connect(plan: ConnectPlan, trace: TraceHook | undefined): Promise<HttpLink> {
  const h3 = await import("../../h3/mod.ts"); // before the clock runs
  let transport: QuicTransport;
  try {
    transport = await openTransport(plan);
  } catch (error) {
    throw await explainQuicError(error, plan, QUIC_TIMEOUT_MS);
  }
  const log = plan.qlog?.open({ role: "client", protocol: "h3", info: transport.info });
  const isTraced = trace !== undefined || log !== undefined;
  return new H3Link(h3.connect(transport, isTraced ? { trace: allHooks(trace, log) } : {}));
}

/** Exchanges of the warm-up: enough for the compiler to have seen every part. */
const WARM_UP_ROUNDS = 20;

/** Runs the engine against itself in memory, so that a probe measures the server and not our first steps. */
async function warmUp(): Promise<void> {
  const h3 = await import("../../h3/mod.ts");
  const { memoryQuicPair } = await import("../../transport/memory.ts");
  await load();
  const [near, far] = memoryQuicPair();
  const server = h3.serve(far, {
    exchange: (exchange) => exchange.reply(200, { "content-type": "text/plain" }, "warm"),
  });
  const client = h3.connect(near, { trace(): void {} });
  try {
    for (let round = 0; round < WARM_UP_ROUNDS; round++) {
      const response = await client.request({ scheme: "https", authority: "localhost", path: "/" }).response;
      await response.bytes();
    }
  } finally {
    client.close();
    server.close();
    await server.closed;
  }
}

/** HTTP/3 over Deno's QUIC. */
export const h3Protocol: Protocol = { name: "h3", title: "HTTP/3", obstacle, load, warmUp, connect };
