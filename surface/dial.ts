import { connect as connectH2, type H2Client } from "../h2/mod.ts";
import { connect as connectH3, type H3Client } from "../h3/mod.ts";
import { TransportError } from "../semantics/errors.ts";
import type { TraceEvent } from "../semantics/trace.ts";
import type { TransportInfo } from "../transport/mod.ts";
import type { CommonClientOptions } from "./client_options.ts";
import type { Dialer, DialTarget } from "./dialer.ts";
import type { ServedProtocol } from "./serve_options.ts";

/** A connection of either protocol. */
export type AnyClient = H2Client | H3Client;

/** What is told by frames that are not about an exchange. */
export interface DialHooks {
  /** Told of alternative services. */
  readonly onAltSvc?: (origin: string, value: string) => void;
  /** Told of origins. */
  readonly onOrigins?: (origins: readonly string[]) => void;
}

let connectionCount = 0;

/** Connects over TLS or TCP and starts HTTP/2. */
export async function dialH2(
  dialer: Dialer,
  target: DialTarget,
  options: CommonClientOptions,
  hooks: DialHooks,
): Promise<H2Client> {
  const transport = await dialer.dialBytes(target);
  if (target.isSecure && transport.info.alpn !== "h2") {
    transport.close();
    throw new TransportError("alpn", `Cannot speak HTTP/2: the server did not agree on it`, {
      initiator: "remote",
      retry: "unsent",
    });
  }
  const { keepAlive, h2 } = options;
  return connectH2(transport, {
    ...h2,
    ...sharedOptions(options, "h2", transport.info),
    ...(keepAlive === undefined ? {} : { keepAlive }),
    onAltSvc: (origin, value) => {
      h2?.onAltSvc?.(origin, value);
      hooks.onAltSvc?.(origin, value);
    },
    onOrigins: (origins) => {
      h2?.onOrigins?.(origins);
      hooks.onOrigins?.(origins);
    },
  });
}

/** Connects over QUIC and starts HTTP/3. */
export async function dialH3(
  dialer: Dialer,
  target: DialTarget,
  options: CommonClientOptions,
  hooks: DialHooks,
): Promise<H3Client> {
  const transport = await dialer.dialQuic(target);
  const { keepAlive, h3 } = options;
  return connectH3(transport, {
    ...h3,
    ...sharedOptions(options, "h3", transport.info),
    ...(keepAlive === undefined ? {} : { keepAlive }),
    onOrigins: (origins) => {
      h3?.onOrigins?.(origins);
      hooks.onOrigins?.(origins);
    },
  });
}

/** The options that both protocols take alike. */
function sharedOptions(options: CommonClientOptions, protocol: ServedProtocol, info: TransportInfo) {
  const { limits, trace, clock, maxQueuedRequests } = options;
  const connection = { number: ++connectionCount, protocol, info };
  return {
    maxQueuedRequests: maxQueuedRequests ?? 10_000,
    ...(limits === undefined ? {} : { limits }),
    ...(clock === undefined ? {} : { clock }),
    ...(trace === undefined ? {} : { trace: (event: TraceEvent): void => trace(event, connection) }),
  };
}
