import { CONTROL_STREAM, DECODER_STREAM, ENCODER_STREAM, GREASE_STREAM } from "../../h3/command.ts";
import type { TraceEvent } from "../../semantics/trace.ts";

const OWN: ReadonlyMap<number, string> = new Map([
  [CONTROL_STREAM, "ctl"],
  [ENCODER_STREAM, "enc"],
  [DECODER_STREAM, "dec"],
  [GREASE_STREAM, "any"],
]);
const BY_TYPE: Readonly<Record<string, string>> = {
  "type-0": "ctl",
  "type-1": "psh",
  "type-2": "enc",
  "type-3": "dec",
};

/** Names streams as a trace shows them. */
export interface StreamNames {
  /** Learns from an event which stream is which. */
  learn(event: TraceEvent): void;
  /** `ctl`, `enc` or `dec` for the streams of HTTP/3 that carry no request, else the number. */
  nameOf(stream: number): string;
}

/**
 * Makes names for the streams of one connection: those that this end opens have negative numbers in a trace
 * of HTTP/3, those of the peer say their type first.
 */
export function streamNames(): StreamNames {
  const peers = new Map<number, string>();
  return {
    learn(event): void {
      if (event.type !== "state" || event.subject !== "stream" || event.stream === undefined) return;
      const name = BY_TYPE[event.state];
      if (name !== undefined) peers.set(event.stream, name);
    },
    nameOf: (stream) => OWN.get(stream) ?? peers.get(stream) ?? String(stream),
  };
}
