import { notOffered, transportError } from "../explain_error.ts";
import type { H2Client } from "../../h2/mod.ts";
import { Setting } from "../../h2/constants.ts";
import { TransportError } from "../../semantics/errors.ts";
import { allHooks } from "../../observe/connection.ts";
import type { TraceEvent, TraceHook } from "../../semantics/trace.ts";
import type { ClientExchange } from "../../shell/client_exchange.ts";
import type { ClientRequest } from "../../shell/client_request.ts";
import type { ByteTransport, TransportInfo } from "../../transport/mod.ts";
import { readTlsFacts, type TlsFacts } from "../tls_facts.ts";
import type { ConnectPlan, HttpLink, Protocol, ReceivedSetting } from "./mod.ts";

const ALPN = ["h2"] as const;

async function openTransport(plan: ConnectPlan): Promise<ByteTransport> {
  const { hostname, port, signal } = plan;
  if (plan.target.scheme === "http") {
    const { connectTcp } = await import("../../transport/deno_tcp.ts");
    return await connectTcp({ hostname, port, signal });
  }
  const { connectTls } = await import("../../transport/deno_tls.ts");
  return await connectTls({
    hostname,
    port,
    signal,
    serverName: plan.serverName,
    alpn: [...ALPN],
    caCerts: [...plan.caCerts],
    insecure: plan.insecure,
  });
}

/** Looks at the server once more, to say what is wrong with its certificate or its protocols. */
async function secondLook(plan: ConnectPlan, alpn: readonly string[]): Promise<TlsFacts | undefined> {
  return await readTlsFacts({ ...plan, alpn, timeoutMs: 3000 });
}

async function describeFailure(error: unknown, plan: ConnectPlan): Promise<unknown> {
  if (!(error instanceof TransportError)) return error;
  if (error.code === "certificate") return transportError(error, plan, await secondLook(plan, ALPN));
  if (error.code === "alpn") return transportError(error, plan, await secondLook(plan, []));
  return transportError(error, plan, undefined);
}

async function connectTransport(plan: ConnectPlan): Promise<ByteTransport> {
  let transport: ByteTransport;
  try {
    transport = await openTransport(plan);
  } catch (error) {
    throw await describeFailure(error, plan);
  }
  if (plan.target.scheme === "https" && transport.info.alpn !== "h2") {
    transport.close();
    throw notOffered(plan, "h2", await secondLook(plan, []), { evidence: [] });
  }
  return transport;
}

function receivedSettings(event: TraceEvent): ReceivedSetting[] | undefined {
  if (event.type !== "frame" || event.name !== "SETTINGS" || event.direction !== "in") return undefined;
  if (((event.flags ?? 0) & 1) !== 0) return undefined;
  const found: ReceivedSetting[] = [];
  for (const [name, value] of Object.entries(event.detail ?? {})) {
    if (typeof value !== "number") continue;
    const known = (Setting as Readonly<Record<string, number>>)[name];
    found.push({ id: known ?? Number(name), name: known === undefined ? "UNKNOWN" : name, value });
  }
  return found;
}

class H2Link implements HttpLink {
  readonly protocol = "h2" as const;
  readonly settings: ReceivedSetting[] = [];
  hasSettings = false;
  readonly ping: () => Promise<number>;
  #client!: H2Client;

  constructor(trace: TraceHook | undefined, connect: (trace: TraceHook) => H2Client) {
    this.ping = () => this.#client.ping();
    this.#client = connect((event) => {
      const received = receivedSettings(event);
      if (received !== undefined) {
        this.hasSettings = true;
        this.settings.push(...received);
      }
      trace?.(event);
    });
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

  request(request: ClientRequest): ClientExchange {
    return this.#client.request(request);
  }

  shutdown(): Promise<void> {
    return this.#client.shutdown();
  }

  close(): Promise<void> {
    this.#client.close();
    return Promise.resolve();
  }
}

async function load(): Promise<void> {
  await import("../../h2/mod.ts");
  await import("../../transport/deno_tls.ts");
}

async function connect(plan: ConnectPlan, trace: TraceHook | undefined): Promise<HttpLink> {
  const h2 = await import("../../h2/mod.ts"); // before the clock runs
  const transport = await connectTransport(plan);
  const log = plan.qlog?.open({ role: "client", protocol: "h2", info: transport.info });
  return new H2Link(allHooks(trace, log), (hook) => h2.connect(transport, { trace: hook }));
}

/** Exchanges of the warm-up: enough for the compiler to have seen every part. */
const WARM_UP_ROUNDS = 20;

/** Runs the engine against itself in memory, so that a probe measures the server and not our first steps. */
async function warmUp(): Promise<void> {
  const h2 = await import("../../h2/mod.ts");
  const { memoryPair } = await import("../../transport/memory.ts");
  const [near, far] = memoryPair();
  const server = h2.serve(far, {
    exchange: (exchange) => exchange.reply(200, { "content-type": "text/plain" }, "warm"),
  });
  const client = h2.connect(near, { trace(): void {} });
  try {
    for (let round = 0; round < WARM_UP_ROUNDS; round++) {
      const response = await client.request({ authority: "localhost", path: "/" }).response;
      await response.bytes();
      await client.ping();
    }
  } finally {
    client.close();
    server.close();
    await server.closed;
  }
}

/** HTTP/2: over TLS, or over TCP with prior knowledge. */
export const h2Protocol: Protocol = {
  name: "h2",
  title: "HTTP/2",
  obstacle: () => undefined,
  load,
  warmUp,
  connect,
};
