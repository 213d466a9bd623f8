import type { TraceEvent, TraceHook } from "../semantics/trace.ts";

/** Where something is, as spans and logs tell it. */
export interface ObservedAddress {
  /** An IP address or a name. */
  readonly hostname: string;
  /** 0 to 65535. */
  readonly port: number;
}

/** What a consumer knows of the connection whose events it gets. */
export interface ObservedConnection {
  /** Which end of it this is. */
  readonly role: "client" | "server";
  /** What is spoken on it. */
  readonly protocol: "h2" | "h3";
  /** What the transport says of itself; a `TransportInfo` fits. */
  readonly info?: {
    /** This end. */
    readonly local?: ObservedAddress;
    /** The other end. */
    readonly remote?: ObservedAddress;
    /** The name that the client asked for. */
    readonly serverName?: string;
  };
}

/** Makes the hook of one connection. */
export type ConnectionTracer = (connection: ObservedConnection) => TraceHook;

/**
 * Makes one hook of several: each event goes to all of them, in order.
 *
 * @example Usage
 * ```ts
 * import { allHooks, TraceCounters } from "@tandem/http/observe";
 * import assert from "node:assert/strict";
 *
 * const counters = new TraceCounters();
 * const names: string[] = [];
 * const trace = allHooks(counters.trace, (event) => void names.push(event.type));
 * trace({ type: "state", subject: "connection", state: "closed" });
 * assert.equal(counters.counts.connectionsClosed, 1);
 * assert.deepEqual(names, ["state"]);
 * ```
 */
export function allHooks(...hooks: readonly (TraceHook | undefined)[]): TraceHook {
  const present = hooks.filter((hook) => hook !== undefined);
  if (present.length === 1) return present[0]!;
  return (event: TraceEvent): void => {
    for (let i = 0; i < present.length; i++) present[i]!(event);
  };
}

/**
 * Makes the `trace` option of the top-level `serve` and `Client` of a consumer that keeps something for
 * each connection: that option is told the connection with each event, and this finds its hook again.
 * Connections that speak neither HTTP/2 nor HTTP/3 are left out.
 *
 * @example Usage
 * ```ts
 * import { perConnection, qlogWriter } from "@tandem/http/observe";
 *
 * const log = qlogWriter({ role: "server", write() {} });
 * const trace = perConnection("server", log.open);
 * // serve({ port: 443, cert, key, trace }, handler)
 * trace({ type: "state", subject: "connection", state: "closed" }, { protocol: "h2" });
 * ```
 */
export function perConnection<
  C extends { readonly protocol: string; readonly info?: ObservedConnection["info"] },
>(
  role: "client" | "server",
  open: ConnectionTracer,
): (event: TraceEvent, connection: C) => void {
  const hooks = new WeakMap<C, TraceHook>();
  return (event, connection) => {
    const { protocol, info } = connection;
    if (protocol !== "h2" && protocol !== "h3") return;
    let hook = hooks.get(connection);
    if (hook === undefined) {
      hook = open({ role, protocol, ...(info === undefined ? {} : { info }) });
      hooks.set(connection, hook);
    }
    hook(event);
  };
}
