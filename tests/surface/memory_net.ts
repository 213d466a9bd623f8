import { serve as serveH2 } from "../../h2/mod.ts";
import { serve as serveH3 } from "../../h3/mod.ts";
import type { Dialer, DialTarget } from "../../mod.ts";
import { TransportError } from "../../semantics/errors.ts";
import type { Clock } from "../../shell/clock.ts";
import type { ExchangeHandler, Handler } from "../../shell/server_exchange.ts";
import { VirtualClock } from "../support/virtual_clock.ts";
import { memoryPair, memoryQuicPair } from "../../transport/memory.ts";
import type { ByteTransport, QuicTransport, TransportInfo } from "../../transport/mod.ts";

/** What answers at one place of a net in memory. */
export interface MemorySite {
  readonly handler: Handler | ExchangeHandler;
  /** Whether it answers over TCP. @default {true} */
  readonly h2?: boolean;
  /** Whether it answers over UDP. @default {false} */
  readonly h3?: boolean;
  /** How long a connect takes. @default {0} */
  readonly h2Ms?: number;
  readonly h3Ms?: number;
  /** Origins that it claims. */
  readonly origins?: readonly string[];
  /** Streams at once. */
  readonly maxConcurrentStreams?: number;
  /** The address that clients see. @default {"192.0.2.1"} */
  readonly address?: string;
}

/**
 * Virtual time that passes in small steps, with real turns of the event loop between them: a fetch
 * goes through many hands, and time must not overtake it.
 */
export class PatientClock extends VirtualClock {
  override async pass(ms: number): Promise<void> {
    await turns();
    const until = this.now() + ms;
    while (this.now() < until) {
      const next = Math.min(until, this.nextAt(until));
      await super.pass(next - this.now());
      await turns();
    }
    await super.pass(0);
    await turns();
  }

  /** When the next call is due, or `otherwise`. */
  nextAt(otherwise: number): number {
    let next = otherwise;
    for (const at of this.#due) {
      if (at <= this.now()) this.#due.delete(at);
      else if (at < next) next = at;
    }
    return next;
  }

  readonly #due: Set<number> = new Set();

  override schedule(callback: () => void, ms: number): unknown {
    this.#due.add(this.now() + Math.max(0, ms));
    return super.schedule(callback, ms);
  }
}

/** Some turns of the event loop. */
export async function turns(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
}

type ServerConnection = ReturnType<typeof serveH2> | ReturnType<typeof serveH3>;

/** A net in memory: places by `host:port`, and what was dialed. */
export class MemoryNet implements Dialer {
  readonly hasQuic = true;
  readonly sites: Map<string, MemorySite> = new Map();
  /** What was dialed, such as `h3 a.example:443`. */
  readonly dialed: string[] = [];
  /** Connections that servers have open. */
  readonly open: Set<ServerConnection> = new Set();
  readonly addresses: Map<string, readonly string[]> = new Map();
  covers?: (info: TransportInfo, hostname: string) => boolean | undefined;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async #reach(protocol: "h2" | "h3", target: DialTarget): Promise<MemorySite> {
    const place = `${target.hostname}:${target.port}`;
    this.dialed.push(`${protocol} ${place}`);
    const site = this.sites.get(place);
    const ms = (protocol === "h2" ? site?.h2Ms : site?.h3Ms) ?? 0;
    const answers = site !== undefined && (protocol === "h2" ? site.h2 ?? true : site.h3 ?? false);
    // UDP tells nobody that nobody is there.
    const waitMs = answers || protocol === "h2" ? ms : target.timeoutMs;
    if (waitMs > 0) {
      await new Promise<void>((resolve, reject) => {
        const handle = this.#clock.schedule(resolve, waitMs);
        target.signal.addEventListener("abort", () => {
          this.#clock.cancel(handle);
          reject(target.signal.reason);
        }, { once: true });
      });
    }
    target.signal.throwIfAborted();
    if (answers) return site;
    const code = protocol === "h2" ? "refused" : "timeout";
    throw new TransportError(code, `Cannot connect to ${place}`, { initiator: "remote", retry: "unsent" });
  }

  #admit(connection: ServerConnection, site: MemorySite): void {
    if (site.origins !== undefined) connection.sendOrigins(site.origins);
    this.open.add(connection);
    connection.closed.then(() => this.open.delete(connection));
  }

  async dialBytes(target: DialTarget): Promise<ByteTransport> {
    const site = await this.#reach("h2", target);
    const [near, far] = memoryPair({ alpn: "h2" });
    this.#admit(serveH2(far, site.handler, { clock: this.#clock, ...limitsOf(site) }), site);
    const info = { ...near.info, remote: { hostname: site.address ?? "192.0.2.1", port: target.port } };
    return Object.create(near, { info: { value: info }, ...bound(near) }) as ByteTransport;
  }

  async dialQuic(target: DialTarget): Promise<QuicTransport> {
    const site = await this.#reach("h3", target);
    const [near, far] = memoryQuicPair({ alpn: "h3" });
    this.#admit(serveH3(far, site.handler, { clock: this.#clock, ...limitsOf(site) }), site);
    return near;
  }

  resolve(hostname: string): Promise<readonly string[]> {
    return Promise.resolve(this.addresses.get(hostname) ?? []);
  }
}

function limitsOf(site: MemorySite) {
  const { maxConcurrentStreams } = site;
  return maxConcurrentStreams === undefined ? {} : { limits: { maxConcurrentStreams } };
}

/** Members with private state need their own object as `this`. */
function bound(transport: ByteTransport): PropertyDescriptorMap {
  return {
    readable: { get: () => transport.readable },
    writable: { get: () => transport.writable },
    read: { value: transport.read?.bind(transport) },
    write: { value: transport.write?.bind(transport) },
    closeWrite: { value: transport.closeWrite?.bind(transport) },
    close: { value: () => transport.close() },
  };
}
