import type { ExchangeHandler, Handler, ServerConnectionOptions } from "../../h3/mod.ts";
import type { AbortCause } from "../../semantics/mod.ts";
import type { Limits } from "../../semantics/limits.ts";
import { makeEnds as makeH2Ends } from "../h2/ends.ts";
import { INEXACT, makeEnds as makeH3Ends } from "../h3/ends.ts";
import type { Ends } from "../support/ends.ts";

/** What both protocols let a test choose. */
export interface WayOptions {
  readonly client?: { readonly limits?: Partial<Limits>; readonly maxQueuedRequests?: number };
  readonly server?: Omit<ServerConnectionOptions, "clock"> & { readonly limits?: Partial<Limits> };
  /** How the link behaves. */
  readonly pair?: {
    readonly chunk?: "whole" | "byte" | "random";
    readonly seed?: number;
    readonly latencyMs?: number;
  };
  /** About how much of a body may be on its way while nobody reads it, in bytes. */
  readonly windowBytes?: number;
}

/** A protocol on a kind of transport: what a suite of exchanges runs over. */
export interface Way {
  readonly name: string;
  readonly protocol: "h2" | "h3";
  /** Whether the transport has direct calls. */
  readonly isDirect: boolean;
  /** Whether an end that gives a stream up can say why. */
  readonly isExact: boolean;
  /** What may be on its way beyond the window and the send buffer, in bytes. */
  readonly slackBytes: number;
  /** The code that the peer sees when this end wants no more of a message. */
  readonly cancelCode: string;
  /** The code that the peer sees when this end fails in the middle of a message. */
  readonly failCode: string;
  /** Makes a client and a server. */
  makeEnds(handler: Handler | ExchangeHandler, options?: WayOptions): Ends;
  /** Registers a test. */
  test(title: string, body: () => Promise<void>): void;
}

/** The codes that causes have on the wire. */
export const CODES: Readonly<Record<"h2" | "h3", Partial<Record<AbortCause, string>>>> = {
  h2: {
    cancelled: "CANCEL",
    refused: "REFUSED_STREAM",
    calm: "ENHANCE_YOUR_CALM",
    internal: "INTERNAL_ERROR",
  },
  h3: {
    cancelled: "H3_REQUEST_CANCELLED",
    refused: "H3_REQUEST_REJECTED",
    calm: "H3_EXCESSIVE_LOAD",
    internal: "H3_INTERNAL_ERROR",
  },
};

function h2Way(direct: boolean): Way {
  const name = `HTTP/2, ${direct ? "direct calls" : "Web Streams"}`;
  return {
    name,
    protocol: "h2",
    isDirect: direct,
    isExact: true,
    slackBytes: 0,
    cancelCode: "CANCEL",
    failCode: "INTERNAL_ERROR",
    makeEnds(handler, { client, server, pair, windowBytes } = {}) {
      const window = windowBytes === undefined ? {} : { initialStreamWindowBytes: windowBytes };
      return makeH2Ends(handler, {
        client: { ...window, ...client },
        server: { enableConnectProtocol: true, ...window, ...server },
        pair: { direct, ...pair },
      });
    },
    test: (title, body) => Deno.test(`${title} (${name})`, body),
  };
}

function h3Way(direct: boolean, isExact: boolean): Way {
  const name = `HTTP/3, ${direct ? "direct calls" : "Web Streams"}${isExact ? "" : ", no exact codes"}`;
  return {
    name,
    protocol: "h3",
    isDirect: direct,
    isExact,
    // One read and one write above the bounds.
    slackBytes: 131_072,
    cancelCode: isExact ? "H3_REQUEST_CANCELLED" : "0x0",
    failCode: isExact ? "H3_INTERNAL_ERROR" : "H3_MESSAGE_ERROR",
    makeEnds(handler, { client, server, pair, windowBytes } = {}) {
      const half = windowBytes === undefined ? undefined : windowBytes >> 1;
      const unread = half === undefined ? {} : { maxUnreadBytes: half };
      const stream = half === undefined ? {} : { windowBytes: half };
      return makeH3Ends(handler, {
        client: { ...unread, ...client },
        server: { ...unread, ...server },
        pair: { direct, ...(isExact ? {} : INEXACT), ...stream, ...pair },
      });
    },
    test: (title, body) => Deno.test(`${title} (${name})`, body),
  };
}

/** All ways. */
export const WAYS: readonly Way[] = [
  h2Way(true),
  h2Way(false),
  h3Way(true, true),
  h3Way(false, true),
  h3Way(true, false),
  h3Way(false, false),
];
