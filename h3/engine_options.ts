import type { Clock } from "../shell/clock.ts";
import type { QuicTransport } from "../transport/mod.ts";
import type { H3Connection } from "./connection.ts";
import type { H3Options } from "./options.ts";

/** Options that a client and a server share: those of the engine that the transport does not decide. */
export type H3SharedOptions = Omit<
  H3Options,
  | "role"
  | "now"
  | "exactStreamErrors"
  | "sendOrder"
  | "early"
  | "origins"
  | "rememberedSettings"
  | "allowsEarly"
>;

/** The engine's options for a transport: what it can signal decides the rest. */
export function engineOptions(
  transport: QuicTransport,
  options: H3SharedOptions & Partial<H3Options>,
): Omit<H3Options, "role" | "now"> {
  const { capabilities, datagrams, isEarly } = transport;
  return {
    ...options,
    exactStreamErrors: capabilities.exactStreamErrors,
    sendOrder: capabilities.priority,
    datagrams: (options.datagrams ?? false) && capabilities.datagrams && datagrams !== undefined,
    early: isEarly,
  };
}

/** Tells the engine when its early data was taken, or was not. */
export function watchEarly(
  transport: QuicTransport,
  engine: H3Connection,
  clock: Clock,
  wake: () => void,
): void {
  transport.earlyData?.then((verdict) => {
    if (verdict === "accepted") engine.confirmHandshake(clock.now());
    else engine.rejectEarly(clock.now());
    wake();
  });
}
