import type { DecodedSection } from "../wire/decoded_section.ts";
import { parseContentLength } from "./content_length.ts";
import { classifyName, keepSecret, PLAIN } from "./field_rules.ts";
import { type Fields, viewFields } from "./fields.ts";
import type { RequestHead, ResponseHead } from "./head.ts";
import type { Limits } from "./limits.ts";
import {
  type ParsedSection,
  parseRequestSection,
  parseResponseSection,
  parseTrailerSection,
  type SectionKind,
} from "./section_parser.ts";
import { malformed, outOfOrder, tooLarge, Violation } from "./violation.ts";

/** What a field section turned out to be; a `Violation` when a rule is broken. */
export type SectionResult =
  | { readonly kind: "request"; readonly head: RequestHead }
  | { readonly kind: "interim"; readonly head: ResponseHead }
  | { readonly kind: "response"; readonly head: ResponseHead }
  | { readonly kind: "trailers"; readonly fields: Fields }
  | Violation;

/** How a `MessageReader` is set up. */
export interface MessageReaderOptions {
  /** Which kind of message arrives. */
  readonly role: "request" | "response";
  /** Bounds on sections and interim responses. */
  readonly limits: Pick<Limits, "maxHeaderListBytes" | "maxHeaderFields" | "maxInterimResponses">;
  /** The method of the request that a response answers. @default {"GET"} */
  readonly method?: string | undefined;
  /** Whether this end enabled extended CONNECT (RFC 8441, RFC 9220). @default {false} */
  readonly extendedConnect?: boolean | undefined;
  /**
   * Whether the end of a message may come by itself after a trailer section, as a QUIC
   * stream's does; else a trailer section must carry it. @default {false}
   */
  readonly endComesAlone?: boolean | undefined;
}

/**
 * Where a message is, for whoever receives or sends it.
 *
 * - `head`: nothing yet, or only interim responses.
 * - `body`: after the (final) head; content, trailers or the end may follow.
 * - `connect`: after the head of a CONNECT request; only content or the end may follow.
 * - `tunnel`: a CONNECT was accepted; bytes without rules, then the end.
 * - `trailers`: after the trailer section; only the end may follow.
 * - `end`: the message is complete.
 * - `failed`: a rule was broken; nothing more is taken.
 */
export type MessageState = "head" | "body" | "connect" | "tunnel" | "trailers" | "end" | "failed";

/**
 * The receiving half of an exchange: takes sections, content and the end as they arrive
 * and says what they are, or which rule they break (RFC 9110, RFC 9113 section 8, RFC 9114
 * section 4). It never throws, and after a violation it stays with it.
 *
 * What it puts up with: forbidden trailers are left out (a sender may not send them), a
 * 204 may say `content-length: 0`, the content-length of a CONNECT is ignored, equal
 * content-lengths become one, controls other than NUL, CR and LF may stand in values.
 *
 * @example Usage
 * ```ts
 * import { MessageReader, SERVER_LIMITS } from "@tandem/http/semantics";
 * import assert from "node:assert/strict";
 *
 * const reader = new MessageReader({ role: "request", limits: SERVER_LIMITS });
 * const flat = [":method", "GET", ":scheme", "https", ":authority", "a.example", ":path", "/"];
 * const section = { flat, sensitive: undefined, bytes: 170, count: 4, tooLarge: false };
 * const result = reader.receiveSection(section, true);
 * assert(result.kind === "request");
 * assert.equal(result.head.path, "/");
 * assert.equal(reader.state, "end");
 * ```
 */
export class MessageReader {
  readonly #isRequest: boolean;
  readonly #limits: MessageReaderOptions["limits"];
  readonly #method: string;
  readonly #extendedConnect: boolean;
  readonly #endComesAlone: boolean;
  #state: MessageState = "head";
  #isTunnel = false;
  /** The status of a response that has no content, or 1 for one to HEAD; else 0. */
  #bodiless = 0;
  #declared = -1;
  #received = 0;
  #interims = 0;
  #violation: Violation | undefined = undefined;

  /** Makes a reader for one message. */
  constructor(options: MessageReaderOptions) {
    this.#isRequest = options.role === "request";
    this.#limits = options.limits;
    this.#method = options.method ?? "GET";
    this.#extendedConnect = options.extendedConnect === true;
    this.#endComesAlone = options.endComesAlone === true;
  }

  /** Where the message is. */
  get state(): MessageState {
    return this.#state;
  }

  /** Whether this half belongs to a tunnel: a CONNECT that was answered with a 2xx. */
  get isTunnel(): boolean {
    return this.#isTunnel;
  }

  /** The content-length that the head declared, if it counts. */
  get declaredLength(): number | undefined {
    return this.#declared === -1 ? undefined : this.#declared;
  }

  /** The octets of content so far. */
  get receivedLength(): number {
    return this.#received;
  }

  /** The octets of content that are still to come at most, by what was declared. */
  get missingLength(): number {
    return this.#declared === -1 ? Infinity : this.#declared - this.#received;
  }

  /** Takes a field section; `end` says that the message ends with it. */
  receiveSection(section: DecodedSection, end: boolean): SectionResult {
    const limits = this.#limits;
    if (
      section.tooLarge || section.bytes > limits.maxHeaderListBytes || section.count > limits.maxHeaderFields
    ) {
      return this.#fail(this.#violation ?? explainSize(section, limits));
    }
    switch (this.#state) {
      case "head":
        return this.#isRequest ? this.#receiveRequest(section, end) : this.#receiveResponse(section, end);
      case "body":
        return this.#receiveTrailers(section, end);
      case "connect":
      case "tunnel":
        return this.#fail(outOfOrder("9113-8.5:tunnel", "a field section follows the head of a CONNECT"));
      case "trailers":
      case "end":
        return this.#fail(outOfOrder("9114-4.1", "a field section follows the end of the message"));
      case "failed":
        return this.#violation!;
    }
  }

  /** Takes the length of a piece of content, which may be 0; `end` says that the message ends with it. */
  receiveBody(bytes: number, end: boolean): Violation | undefined {
    if (this.#state === "body") {
      if (bytes !== 0) {
        this.#received += bytes;
        if (this.#bodiless !== 0) {
          return this.#fail(malformed("9110-6.4.1", "a response without content has some"));
        }
        if (this.#declared !== -1 && this.#received > this.#declared) {
          return this.#fail(malformed("9113-8.1.1", "there is more content than content-length says"));
        }
      }
      return end ? this.#finish() : undefined;
    }
    return this.#receiveBodyElsewhere(bytes, end);
  }

  /** Takes the end of the message when it comes with nothing else. */
  receiveEnd(): Violation | undefined {
    switch (this.#state) {
      case "head":
        return this.#fail(malformed("9113-8.1:incomplete", "the message ends before its head"));
      case "body":
        return this.#finish();
      case "connect":
      case "tunnel":
      case "trailers":
        this.#state = "end";
        return undefined;
      case "end":
        return this.#fail(outOfOrder("9114-4.1", "the message ends twice"));
      case "failed":
        return this.#violation;
    }
  }

  /** Says that this server accepted the CONNECT: from here on there are only bytes. */
  startTunnel(): void {
    if (this.#state === "connect") this.#state = "tunnel";
    this.#isTunnel = true;
  }

  #receiveBodyElsewhere(bytes: number, end: boolean): Violation | undefined {
    switch (this.#state) {
      case "connect":
      case "tunnel":
        this.#received += bytes;
        if (end) this.#state = "end";
        return undefined;
      case "head":
        return this.#fail(outOfOrder("9113-8.1:order", "content comes before the head"));
      case "failed":
        return this.#violation;
      default:
        return this.#fail(outOfOrder("9114-4.1", "content follows the end of the message"));
    }
  }

  #receiveRequest(section: DecodedSection, end: boolean): SectionResult {
    const parsed = parseOnce(section, "request");
    if (parsed instanceof Violation) return this.#fail(parsed);
    if (parsed.protocol !== undefined && !this.#extendedConnect) {
      return this.#fail(malformed("8441-3", "there is a :protocol, which was not enabled"));
    }
    this.#declared = parsed.declared;
    this.#state = parsed.method === "CONNECT" ? "connect" : "body";
    if (end) {
      const fault = this.#finish();
      if (fault !== undefined) return fault;
    }
    const head: RequestHead = {
      method: parsed.method,
      scheme: parsed.scheme,
      authority: parsed.authority,
      path: parsed.path,
      protocol: parsed.protocol,
      fields: viewFields(parsed.flat as string[], parsed.from, section.sensitive),
    };
    return { kind: "request", head };
  }

  #receiveResponse(section: DecodedSection, end: boolean): SectionResult {
    const parsed = parseOnce(section, "response");
    if (parsed instanceof Violation) return this.#fail(parsed);
    const status = parsed.status;
    const isAccepted = this.#method === "CONNECT" && status >= 200 && status < 300;
    if (
      parsed.declared !== -1 && !isAccepted && (status < 200 || (status === 204 && parsed.declared !== 0))
    ) {
      return this.#fail(malformed("9110-8.6:status", "a response without content declares its length"));
    }
    const head: ResponseHead = {
      status,
      fields: viewFields(parsed.flat as string[], parsed.from, section.sensitive),
    };
    if (status < 200) return this.#receiveInterim(head, end);
    if (isAccepted) {
      this.#state = "tunnel";
      this.#isTunnel = true;
    } else {
      this.#state = "body";
      this.#declared = parsed.declared;
      if (status === 204 || status === 304) this.#bodiless = status;
      else if (this.#method === "HEAD") this.#bodiless = 1;
    }
    if (end) {
      const fault = this.#finish();
      if (fault !== undefined) return fault;
    }
    return { kind: "response", head };
  }

  #receiveInterim(head: ResponseHead, end: boolean): SectionResult {
    if (end) return this.#fail(malformed("9113-8.1:interim", "an interim response ends the message"));
    if (++this.#interims > this.#limits.maxInterimResponses) {
      return this.#fail(tooLarge("limit:interim_responses", "there are too many interim responses"));
    }
    return { kind: "interim", head };
  }

  #receiveTrailers(section: DecodedSection, end: boolean): SectionResult {
    const parsed = parseOnce(section, "trailers");
    if (parsed instanceof Violation) return this.#fail(parsed);
    if (this.#bodiless > 1) {
      const rule = this.#bodiless === 204 ? "9110-15.3.5" : "9110-15.4.5";
      return this.#fail(malformed(rule, "trailers follow a response that ends with its head"));
    }
    if (!end && !this.#endComesAlone) {
      return this.#fail(malformed("9113-8.1:trailers", "a second field section does not end the message"));
    }
    const fault = this.#finish();
    if (fault !== undefined) return fault;
    if (!end) this.#state = "trailers";
    return { kind: "trailers", fields: viewFields(parsed.flat as string[], parsed.from, section.sensitive) };
  }

  /** Ends the message, unless content is missing. */
  #finish(): Violation | undefined {
    if (this.#declared !== -1 && this.#received !== this.#declared && this.#bodiless === 0) {
      return this.#fail(malformed("9113-8.1.1", "there is less content than content-length says"));
    }
    this.#state = "end";
    return undefined;
  }

  #fail(violation: Violation): Violation {
    this.#state = "failed";
    this.#violation = violation;
    return violation;
  }
}

function explainSize(section: DecodedSection, limits: MessageReaderOptions["limits"]): Violation {
  return section.count > limits.maxHeaderFields && section.bytes <= limits.maxHeaderListBytes
    ? tooLarge("limit:header_fields", "a field section has too many fields")
    : tooLarge("limit:header_list_bytes", "a field section is too large");
}

/**
 * Parses a section, or takes what was found out when the codec handed out this very
 * object before. Only sound sections are remembered, and only what does not change.
 */
function parseOnce(section: DecodedSection, kind: SectionKind): ParsedSection | Violation {
  const known = section.validated as ParsedSection | undefined;
  if (known !== undefined && known.kind === kind) return known;
  if (section.sensitive !== undefined) { for (const name of section.sensitive) keepSecret(name); }
  const parsed = kind === "request"
    ? parseRequestSection(section.flat, "received", undefined, section.tail)
    : kind === "response"
    ? parseResponseSection(section.flat, "received", undefined, section.tail)
    : parseTrailerSection(section.flat, "received");
  if (parsed instanceof Violation) return parsed;
  const needsCopy = parsed.cookies > 1 || parsed.hasLengthList || parsed.hasNoTrailer;
  return section.validated = needsCopy ? withoutRepeats(parsed) : parsed;
}

/** The same section with one cookie (requests), one content-length and without what is no trailer (trailers). */
function withoutRepeats(parsed: ParsedSection): ParsedSection {
  const { flat, kind } = parsed;
  const cleaned: string[] = [];
  let cookieAt = -1;
  let hasLength = false;
  for (let i = parsed.from; i < flat.length; i += 2) {
    const name = flat[i]!;
    let value = flat[i + 1]!;
    if (kind === "trailers" && classifyName(name) !== PLAIN) continue;
    if (kind === "request" && name === "cookie") {
      if (cookieAt !== -1) {
        cleaned[cookieAt] += "; " + value;
        continue;
      }
      cookieAt = cleaned.length + 1;
    }
    if (name === "content-length" && parsed.hasLengthList) {
      if (hasLength) continue;
      hasLength = true;
      // It was found sound; that of a CONNECT does not count, and is passed on all the same.
      value = String(parseContentLength(value));
    }
    cleaned.push(name, value);
  }
  return { ...parsed, flat: cleaned, from: 0 };
}
