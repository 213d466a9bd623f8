import type { RequestHead } from "../semantics/head.ts";
import { type Limits, resolveLimits } from "../semantics/limits.ts";
import type { TraceHook } from "../semantics/trace.ts";
import type { QpackPolicy } from "../qpack/mod.ts";
import type { H3Settings } from "./settings.ts";

/** Options of an HTTP/3 engine. */
export interface H3Options {
  /** Which end this is. */
  readonly role: "client" | "server";
  /** The time now, in milliseconds of the clock that `receive` and `tick` go by. */
  readonly now: number;
  /** Bounds; what is left out has its default. */
  readonly limits?: Partial<Limits>;
  /** Whether a reset and a stop reach the peer with their code; else unfinished messages end by the ladder. @default {true} */
  readonly exactStreamErrors?: boolean;
  /**
   * What the ladder does with a message whose end by FIN the peer would take for whole:
   * `poison` it with a malformed trailer section, or be `strict` and close the connection.
   * A tunnel, which has no messages, ends by FIN unless it is `strict`.
   * @default {"poison"}
   */
  readonly abortLadder?: "poison" | "strict";
  /** How long an abort by the ladder may wait for the peer to read, before the connection is closed, in milliseconds. @default {5000} */
  readonly abortTimeoutMs?: number;
  /** Whether the transport heeds the send order of streams. @default {false} */
  readonly sendOrder?: boolean;
  /** Whether the transport has datagrams (RFC 9221), so that SETTINGS_H3_DATAGRAM is sent. @default {false} */
  readonly datagrams?: boolean;
  /** Whether extended CONNECT (RFC 9220) is offered (server). @default {true} */
  readonly extendedConnect?: boolean;
  /** How the field section encoder uses the dynamic table. @default {"safe"} */
  readonly qpackPolicy?: QpackPolicy;
  /** Body bytes of one exchange that may wait for the application before `wantsData` says no. @default {262144} */
  readonly maxUnreadBytes?: number;
  /** Payload of an ORIGIN frame above which it is ignored, in bytes. @default {16384} */
  readonly maxOriginBytes?: number;
  /** Origins that a server says it is authoritative for (RFC 9412); none unless given. */
  readonly origins?: readonly string[];
  /** Time between the GOAWAY that announces a shutdown and the one with the last id, in milliseconds. @default {500} */
  readonly goawayNoticeMs?: number;
  /** How long a server waits for the client to close after the last exchange of a shutdown, in milliseconds. @default {2000} */
  readonly lingerMs?: number;
  /** Takes the id 2^62 - 1, which some servers send, for the notice 2^62 - 4 instead of an error (client). @default {false} */
  readonly toleratesGoawayNotice?: boolean;
  /** Whether the handshake is still to be confirmed: what arrives or leaves is early data (RFC 8470). @default {false} */
  readonly early?: boolean;
  /**
   * Which requests may be early: a server answers the others with 425, a client holds them
   * back until the handshake is confirmed. Safe methods by default.
   */
  readonly allowsEarly?: (head: RequestHead) => boolean;
  /** The server's SETTINGS of an earlier connection, under which early requests are sent (client). */
  readonly rememberedSettings?: H3Settings;
  /** Sends reserved settings, frames and streams, which peers must ignore; the number seeds them. */
  readonly grease?: number | undefined;
  /** Told what happens on the connection. */
  readonly trace?: TraceHook | undefined;
}

/** The options with their defaults. */
export interface ResolvedH3Options extends
  Required<
    Omit<H3Options, "limits" | "rememberedSettings" | "grease" | "trace" | "origins" | "now" | "role">
  > {
  /** All bounds. */
  readonly limits: Limits;
  /** As given. */
  readonly origins: readonly string[] | undefined;
  /** As given. */
  readonly rememberedSettings: H3Settings | undefined;
  /** As given. */
  readonly grease: number | undefined;
  /** Whether this end is the server. */
  readonly isServer: boolean;
}

const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

function isSafe(head: RequestHead): boolean {
  return SAFE_METHODS.has(head.method);
}

/** Fills in the defaults. Throws like `resolveLimits`, and `RangeError` for a bound that is no number. */
export function resolveH3Options(given: H3Options): ResolvedH3Options {
  const options: ResolvedH3Options = {
    isServer: given.role === "server",
    limits: resolveLimits(given.role, given.limits),
    exactStreamErrors: given.exactStreamErrors ?? true,
    abortLadder: given.abortLadder ?? "poison",
    abortTimeoutMs: given.abortTimeoutMs ?? 5000,
    sendOrder: given.sendOrder ?? false,
    datagrams: given.datagrams ?? false,
    extendedConnect: given.extendedConnect ?? true,
    qpackPolicy: given.qpackPolicy ?? "safe",
    maxUnreadBytes: given.maxUnreadBytes ?? 262_144,
    maxOriginBytes: given.maxOriginBytes ?? 16_384,
    origins: given.origins,
    goawayNoticeMs: given.goawayNoticeMs ?? 500,
    lingerMs: given.lingerMs ?? 2000,
    toleratesGoawayNotice: given.toleratesGoawayNotice ?? false,
    early: given.early ?? false,
    allowsEarly: given.allowsEarly ?? isSafe,
    rememberedSettings: given.rememberedSettings,
    grease: given.grease,
  };
  const bounds = [
    "abortTimeoutMs",
    "maxUnreadBytes",
    "maxOriginBytes",
    "goawayNoticeMs",
    "lingerMs",
  ] as const;
  for (const name of bounds) {
    if (!(Number.isFinite(options[name]) && options[name] >= 0)) {
      throw new RangeError(`Cannot set ${name}: ${options[name]} is not a finite number of at least 0`);
    }
  }
  return options;
}
