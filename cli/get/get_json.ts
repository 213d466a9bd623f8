import type { Fields } from "../../semantics/fields.ts";
import type { ResponseHead } from "../../semantics/head.ts";
import type { ClientResponse } from "../../shell/client_response.ts";
import type { HttpLink } from "../protocols/mod.ts";
import { MAX_JSON_BODY_BYTES } from "./body_sink.ts";
import type { RaceReport } from "./race.ts";

/** All that `get` knows once the response is there. */
export interface GetFacts {
  /** The URL that was asked for. */
  readonly url: string;
  /** The method that was sent. */
  readonly method: string;
  /** The connection. */
  readonly link: HttpLink;
  /** How the protocol was chosen; `undefined` where it was asked for. */
  readonly race: RaceReport | undefined;
  /** The final response. */
  readonly response: ClientResponse;
  /** The interim responses. */
  readonly interim: readonly ResponseHead[];
  /** The trailer section. */
  readonly trailers: Fields | undefined;
  /** Bytes of the body. */
  readonly bodyBytes: number;
  /** The body, where it was kept for JSON. */
  readonly bodyText: Uint8Array | undefined;
  /** The file that the body went to. */
  readonly savedTo: string | undefined;
  /** How long it took, in milliseconds. */
  readonly timing: { readonly waitMs: number; readonly bodyMs: number; readonly totalMs: number };
}

/** A number with one decimal less than noise. */
export function round(ms: number | undefined | null): number | null {
  return ms === undefined || ms === null ? null : Math.round(ms * 1000) / 1000;
}

function bodyOf(facts: GetFacts): { text: string | null; base64: string | null; why: string | null } {
  if (facts.savedTo !== undefined) return { text: null, base64: null, why: `written to ${facts.savedTo}` };
  if (facts.bodyText === undefined) {
    return { text: null, base64: null, why: `larger than ${MAX_JSON_BODY_BYTES} bytes; --out FILE saves it` };
  }
  try {
    return {
      text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(facts.bodyText),
      base64: null,
      why: null,
    };
  } catch {
    return { text: null, base64: facts.bodyText.toBase64(), why: null };
  }
}

/** The document of `tandem.get/1`. */
export function getJson(facts: GetFacts): Record<string, unknown> {
  const { info } = facts.link;
  return {
    schema: "tandem.get/1",
    url: facts.url,
    method: facts.method,
    protocol: facts.link.protocol,
    race: facts.race === undefined ? null : { ...facts.race, tookMs: round(facts.race.tookMs) },
    address: info.remote ?? null,
    status: facts.response.status,
    interim: facts.interim.map(({ status, fields }) => ({ status, fields: [...fields] })),
    fields: [...facts.response.fields],
    body: bodyOf(facts),
    bodyBytes: facts.bodyBytes,
    trailers: facts.trailers === undefined ? null : [...facts.trailers],
    timing: {
      dnsMs: round(info.timing?.dnsMs),
      tcpMs: round(info.timing?.tcpMs),
      tlsMs: round(info.timing?.tlsMs),
      quicMs: round(info.timing?.quicMs),
      waitMs: round(facts.timing.waitMs),
      bodyMs: round(facts.timing.bodyMs),
      totalMs: round(facts.timing.totalMs),
    },
  };
}
