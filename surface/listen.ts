import { TransportError } from "../semantics/errors.ts";
import {
  type ByteListener,
  canSharePorts,
  hasQuic,
  listenQuic,
  type ListenQuicOptions,
  listenTcp,
  listenTls,
  type QuicListener,
} from "../transport/deno.ts";
import { PermissionError } from "../transport/errors.ts";
import { ListenError } from "./listen_error.ts";
import type { ServeOptions } from "./serve_options.ts";

/** What a server listens with. */
export interface Listeners {
  /** On TCP, with or without TLS. */
  readonly bytes: ByteListener | undefined;
  /** On UDP. */
  readonly quic: QuicListener | undefined;
}

type OnError = (error: TransportError) => void;

/** How often a free port is looked for that is free on TCP and UDP alike. */
const MAX_ATTEMPTS = 10;

/** Why only one of several servers on a port can have HTTP/3. */
const ONE_UDP =
  "Deno cannot share a UDP port: serve HTTP/3 in one place, and give the others `http: 2` and its `altSvc`";

/** Listens on one port number for all that the options ask for. */
export function listenAll(options: ServeOptions, onError: OnError): Listeners {
  const wantsBytes = options.http !== 3;
  const wantsQuic = options.http === 3 || (options.http !== 2 && options.plain !== true && hasQuic());
  check(options);
  const { listener } = options;
  if (listener !== undefined) {
    const isAlone = !wantsQuic || options.cert === undefined;
    const where = { hostname: listener.addr.hostname, ...options };
    return { bytes: listener, quic: isAlone ? undefined : openQuic(where, listener.addr.port, onError) };
  }
  const port = options.port ?? (options.plain === true ? 80 : 443);
  if (!wantsBytes) return { bytes: undefined, quic: openQuic(options, port, onError) };
  for (let attempt = 1;; attempt++) {
    const bytes = openBytes(options, port, onError);
    if (!wantsQuic) return { bytes, quic: undefined };
    try {
      return { bytes, quic: openQuic(options, bytes.addr.port, onError) };
    } catch (error) {
      bytes.close();
      const isTaken = error instanceof TransportError && error.code === "in-use";
      if (!isTaken || port !== 0 || attempt === MAX_ATTEMPTS) throw error;
    }
  }
}

function check(options: ServeOptions): void {
  if (options.plain === true && options.http === 3) {
    throw new TypeError("Cannot serve: HTTP/3 always has TLS");
  }
  if (options.plain === true && (options.cert !== undefined || options.key !== undefined)) {
    throw new TypeError("Cannot serve: a plain server has no certificate");
  }
  if (options.http === 3 && options.http1 === true) {
    throw new TypeError("Cannot serve: HTTP/1.1 needs TCP, and only HTTP/3 is asked for");
  }
  if (options.listener !== undefined) checkListener(options);
  if (options.http === 3 && options.reusePort === true) {
    throw new TypeError("Cannot serve: a UDP port cannot be shared, and only HTTP/3 is asked for");
  }
}

function checkListener(options: ServeOptions): void {
  if (options.http === 3) throw new TypeError("Cannot serve: HTTP/3 takes nothing from a listener");
  for (const name of ["port", "reusePort", "noDelay"] as const) {
    if (options[name] === undefined) continue;
    throw new TypeError(`Cannot serve: a listener listens already, so \`${name}\` says nothing`);
  }
}

function opening<T>(on: "tcp" | "udp", hint: string | undefined, open: () => T): T {
  try {
    return open();
  } catch (error) {
    if (!(error instanceof TransportError) || error instanceof PermissionError) throw error;
    throw new ListenError(on, error, error.code === "in-use" ? hint : undefined);
  }
}

function openBytes(options: ServeOptions, port: number, onError: OnError): ByteListener {
  const hostname = options.hostname ?? "0.0.0.0";
  const reusePort = options.reusePort ?? false;
  return opening("tcp", undefined, () => {
    if (options.plain === true) return listenTcp({ hostname, port, reusePort, onError });
    // The listener shares its port, so that one with another certificate can take over. Another
    // program's port must still be found taken: so it is first asked for without sharing.
    if (!reusePort && port !== 0) listenTcp({ hostname, port }).close();
    return openTls(options, port, onError);
  });
}

function openTls(options: ServeOptions, port: number, onError: OnError): ByteListener {
  const hostname = options.hostname ?? "0.0.0.0";
  const alpn = options.http1 === true ? ["h2", "http/1.1"] : ["h2"];
  const reusePort = options.reusePort === true || canSharePorts();
  const noDelay = options.noDelay ?? true;
  return listenTls({ hostname, port, ...certificateOf(options), alpn, reusePort, onError, noDelay });
}

/** A listener that took over from another one. */
export interface TakenOver {
  /** The new one. */
  readonly listener: ByteListener;
  /** Resolves once the old one is closed. */
  readonly done: Promise<void>;
}

/**
 * Listens with another certificate where `old` does. Both listen for a moment, so that no
 * client finds the port closed; where ports cannot be shared, one after the other.
 */
export async function takeOver(
  old: ByteListener,
  options: ServeOptions,
  onError: OnError,
): Promise<TakenOver> {
  const { port } = old.addr;
  try {
    const listener = openTls(options, port, onError);
    return { listener, done: old.retire() };
  } catch (error) {
    if (!(error instanceof TransportError && error.code === "in-use")) throw error;
    await old.retire();
    return { listener: openTls(options, port, onError), done: Promise.resolve() };
  }
}

function openQuic(options: ServeOptions, port: number, onError: OnError): QuicListener {
  const { limits } = options;
  const streams = limits?.maxConcurrentStreams;
  const settings: ListenQuicOptions = {
    hostname: options.hostname ?? "0.0.0.0",
    port,
    ...certificateOf(options),
    alpn: ["h3"],
    onError,
    ...(streams === undefined ? {} : { maxBidiStreams: streams }),
  };
  return opening("udp", options.reusePort === true ? ONE_UDP : undefined, () => listenQuic(settings));
}

function certificateOf(options: ServeOptions): { readonly cert: string; readonly key: string } {
  const { cert, key } = options;
  if (cert === undefined || key === undefined) {
    throw new TypeError("Cannot serve: there is no certificate; give `cert` and `key`, or `plain: true`");
  }
  return { cert, key };
}
