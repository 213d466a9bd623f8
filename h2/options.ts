import { type Limits, resolveLimits } from "../semantics/limits.ts";
import type { TraceHook } from "../semantics/trace.ts";
import { DEFAULT_WINDOW_BYTES, MAX_31_BITS, MIN_MAX_FRAME_BYTES } from "./constants.ts";

/**
 * What can be set on an HTTP/2 connection beside the limits. The memory that received
 * bodies can hold is bounded by the windows: of one exchange by the stream window, of all
 * that are open by the connection window.
 */
export interface H2Options {
  /** Bounds; what is left out has its default. */
  readonly limits?: Partial<Limits>;
  /** Bytes of a body that the peer may send ahead of the application. @default {server 1048576, client 2097152} */
  readonly initialStreamWindowBytes?: number;
  /** The same of all bodies of the connection together; at least 65535. @default {server 4194304, client 16777216} */
  readonly initialConnectionWindowBytes?: number;
  /** Largest frame payload that is taken, in bytes, from 16384 to 16777215. @default {16384} */
  readonly maxFrameBytes?: number;
  /** Largest DATA payload that is sent, whatever the peer allows, in bytes. @default {65536, of what is not copied 1048576} */
  readonly maxSendFrameBytes?: number;
  /** Whether windows begin at 65535 and grow with the bandwidth-delay product. @default {false} */
  readonly adaptiveWindow?: boolean;
  /** What an adaptive window grows to at most, in bytes. @default {16777216} */
  readonly maxAdaptiveWindowBytes?: number;
  /** Whether extended CONNECT is offered (server, RFC 8441). @default {false} */
  readonly enableConnectProtocol?: boolean;
  /** Whether unknown settings and frames are sent now and then, to keep peers tolerant. @default {false} */
  readonly grease?: boolean;
  /** Told what happens on the connection. */
  readonly trace?: TraceHook;
}

/** What the constructor of an engine takes. */
export interface H2ConnectionOptions extends H2Options {
  /** Which end this is. */
  readonly role: "client" | "server";
  /** The time, in milliseconds of any clock that does not go back. */
  readonly now: number;
}

/** Options with every default filled in. */
export interface ResolvedH2Options {
  readonly limits: Limits;
  readonly streamWindowBytes: number;
  readonly connectionWindowBytes: number;
  readonly maxFrameBytes: number;
  readonly maxSendFrameBytes: number;
  readonly maxLentFrameBytes: number;
  readonly adaptiveWindow: boolean;
  readonly maxAdaptiveWindowBytes: number;
  readonly enableConnectProtocol: boolean;
  readonly grease: boolean;
  readonly trace: TraceHook | undefined;
}

const MIB = 1_048_576;

/** Throws `RangeError` unless `value` is an integer from `least` to `most`. */
export function checkRange(name: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new RangeError(`Cannot set ${name}: ${value} is not an integer from ${least} to ${most}`);
}

/** Fills in the defaults of a role; throws `RangeError` for values that the protocol has no room for. */
export function resolveOptions(role: "client" | "server", given: H2Options): ResolvedH2Options {
  const adaptive = given.adaptiveWindow ?? false;
  const isServer = role === "server";
  const stream = given.initialStreamWindowBytes ??
    (adaptive ? DEFAULT_WINDOW_BYTES : isServer ? MIB : 2 * MIB);
  const connection = given.initialConnectionWindowBytes ??
    (adaptive ? DEFAULT_WINDOW_BYTES : isServer ? 4 * MIB : 16 * MIB);
  return {
    limits: resolveLimits(role, given.limits),
    streamWindowBytes: checkRange("initialStreamWindowBytes", stream, 0, MAX_31_BITS),
    connectionWindowBytes: checkRange(
      "initialConnectionWindowBytes",
      connection,
      DEFAULT_WINDOW_BYTES,
      MAX_31_BITS,
    ),
    maxFrameBytes: checkRange(
      "maxFrameBytes",
      given.maxFrameBytes ?? MIN_MAX_FRAME_BYTES,
      MIN_MAX_FRAME_BYTES,
      0xff_ffff,
    ),
    maxSendFrameBytes: checkRange("maxSendFrameBytes", given.maxSendFrameBytes ?? 65_536, 1, 0xff_ffff),
    maxLentFrameBytes: given.maxSendFrameBytes ?? MIB,
    adaptiveWindow: adaptive,
    maxAdaptiveWindowBytes: checkRange(
      "maxAdaptiveWindowBytes",
      given.maxAdaptiveWindowBytes ?? 16 * MIB,
      DEFAULT_WINDOW_BYTES,
      MAX_31_BITS,
    ),
    enableConnectProtocol: isServer && (given.enableConnectProtocol ?? false),
    grease: given.grease ?? false,
    trace: given.trace,
  };
}
