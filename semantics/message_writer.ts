import { appendFieldsTo, type Fields, readMemo, writeMemo } from "./fields.ts";
import type { RequestHead, ResponseHead } from "./head.ts";
import type { MessageState } from "./message_reader.ts";
import type { RuleId } from "./rules/mod.ts";
import {
  type FieldScan,
  lastScan,
  type ParsedSection,
  parseRequestSection,
  parseResponseSection,
  parseTrailerSection,
} from "./section_parser.ts";
import { Violation } from "./violation.ts";

/** How a `MessageWriter` is set up. */
export interface MessageWriterOptions {
  /** Which kind of message is sent. */
  readonly role: "request" | "response";
  /** The method of the request that a response answers. @default {"GET"} */
  readonly method?: string | undefined;
  /** Whether the peer enabled extended CONNECT (RFC 8441, RFC 9220). @default {false} */
  readonly extendedConnect?: boolean | undefined;
  /** Whether cookies are split at `; ` into fields of their own, which compress better. @default {true} */
  readonly splitCookies?: boolean | undefined;
}

/**
 * The sending half of an exchange: turns heads and trailers into flat sections and throws
 * `TypeError`, before anything is sent, for what a `MessageReader` would refuse (and for a
 * few things that only senders must not do). It adds no fields of its own.
 *
 * The arrays that it gives out are to be read only: it may give the same one again.
 *
 * @example Usage
 * ```ts
 * import { Fields, MessageWriter } from "@tandem/http/semantics";
 * import assert from "node:assert/strict";
 *
 * const writer = new MessageWriter({ role: "response", method: "GET" });
 * const fields = Fields.from({ "content-length": "2" });
 * assert.deepEqual(writer.sendResponse({ status: 200, fields }, false), [":status", "200", "content-length", "2"]);
 * assert.throws(() => writer.sendBody(3, true), /9113-8\.1\.1/);
 * writer.sendBody(2, true);
 * assert.equal(writer.state, "end");
 * ```
 */
export class MessageWriter {
  readonly #isRequest: boolean;
  #method: string;
  readonly #extendedConnect: boolean;
  readonly #splitCookies: boolean;
  #state: MessageState = "head";
  #isTunnel = false;
  /** The status of a message that has no content, 1 for HEAD, 2 for TRACE; else 0. */
  #bodiless = 0;
  #declared = -1;
  #sent = 0;

  /** Makes a writer for one message. */
  constructor(options: MessageWriterOptions) {
    this.#isRequest = options.role === "request";
    this.#method = options.method ?? "GET";
    this.#extendedConnect = options.extendedConnect === true;
    this.#splitCookies = options.splitCookies !== false;
  }

  /** Where the message is; never `failed`, since what was refused was not sent. */
  get state(): MessageState {
    return this.#state;
  }

  /** Whether this half belongs to a tunnel: a CONNECT that was answered with a 2xx. */
  get isTunnel(): boolean {
    return this.#isTunnel;
  }

  /** Makes the section of a request head; `end` says that the message ends with it. */
  sendRequest(head: RequestHead, end: boolean): readonly string[] {
    if (!this.#isRequest) throw new TypeError("Cannot send a request: this half sends a response");
    if (this.#state !== "head") throw refusal("send the request", "its head was sent", "9114-4.1");
    const parsed = readRequest(head, this.#splitCookies);
    if (parsed.protocol !== undefined && !this.#extendedConnect) {
      throw refusal("send the request", "the peer did not enable extended CONNECT", "8441-3");
    }
    if (end && parsed.declared > 0) throw tooShort();
    if (parsed.method === "TRACE") {
      if (parsed.declared > 0) throw refusal("send the request", "a TRACE has no content", "9110-9.3.8");
      this.#bodiless = 2;
    }
    this.#method = parsed.method;
    this.#declared = parsed.declared;
    this.#state = end ? "end" : parsed.method === "CONNECT" ? "connect" : "body";
    return parsed.flat;
  }

  /** Makes the section of a response head, interim (1xx) or final; `end` says that the message ends with it. */
  sendResponse(head: ResponseHead, end: boolean): readonly string[] {
    if (this.#isRequest) throw new TypeError("Cannot send a response: this half sends a request");
    if (this.#state !== "head") throw refusal("send the response", "its final head was sent", "9114-4.1");
    const parsed = readResponse(head);
    const status = parsed.status;
    const isAccepted = this.#method === "CONNECT" && status >= 200 && status < 300;
    if (parsed.declared !== -1 && (status < 200 || status === 204 || isAccepted)) {
      throw refusal("send the response", "one without content declares its length", "9110-8.6:status");
    }
    if (status < 200) {
      if (end) {
        throw refusal("send the response", "an interim one cannot end the message", "9113-8.1:interim");
      }
      return parsed.flat;
    }
    const bodiless = status === 204 || status === 304 || status === 205
      ? status
      : this.#method === "HEAD"
      ? 1
      : 0;
    if (parsed.declared > 0 && !isAccepted) {
      if (bodiless === 205) throw refusal("send the response", "a 205 has no content", "9110-15.3.6");
      if (end && bodiless === 0) throw tooShort();
    }
    this.#bodiless = bodiless;
    this.#declared = parsed.declared;
    this.#isTunnel = isAccepted;
    this.#state = end ? "end" : isAccepted ? "tunnel" : "body";
    return parsed.flat;
  }

  /** Counts a piece of content that is about to be sent; `end` says that the message ends with it. */
  sendBody(bytes: number, end: boolean): void {
    const state = this.#state;
    if (state === "connect" || state === "tunnel") {
      this.#sent += bytes;
    } else if (state === "body") {
      if (bytes !== 0 && this.#bodiless !== 0) throw this.#refuseContent();
      const sent = this.#sent + bytes;
      if (this.#declared !== -1 && this.#bodiless === 0) {
        if (sent > this.#declared) {
          throw refusal("send content", "there is more than content-length says", "9113-8.1.1");
        }
        if (end && sent < this.#declared) throw tooShort();
      }
      this.#sent = sent;
    } else if (state === "head") {
      throw refusal("send content", "the head was not sent", "9113-8.1:order");
    } else {
      throw refusal("send content", "the message is complete", "9114-4.1");
    }
    if (end) this.#state = "end";
  }

  /** Makes the section of the trailers, which ends the message. */
  sendTrailers(fields: Fields): readonly string[] {
    switch (this.#state) {
      case "head":
        throw refusal("send trailers", "the head was not sent", "9113-8.1:order");
      case "connect":
      case "tunnel":
        throw refusal("send trailers", "only content follows a CONNECT", "9113-8.5:tunnel");
      case "body":
        break;
      default:
        throw refusal("send trailers", "the message is complete", "9114-4.1");
    }
    if (this.#bodiless === 204 || this.#bodiless === 304) {
      const rule = this.#bodiless === 204 ? "9110-15.3.5" : "9110-15.4.5";
      throw refusal("send trailers", "the response ends with its head", rule);
    }
    if (this.#declared !== -1 && this.#bodiless === 0 && this.#sent !== this.#declared) throw tooShort();
    const flat = fields.flat;
    accept(parseTrailerSection(flat, "sent"), "send trailers");
    this.#state = "end";
    return flat;
  }

  /** Says that the CONNECT was accepted by the peer: from here on there are only bytes (client). */
  startTunnel(): void {
    if (this.#state === "connect") this.#state = "tunnel";
    this.#isTunnel = true;
  }

  #refuseContent(): TypeError {
    switch (this.#bodiless) {
      case 2:
        return refusal("send content", "a TRACE has none", "9110-9.3.8");
      case 205:
        return refusal("send content", "a 205 has none", "9110-15.3.6");
      default:
        return refusal("send content", "the response has none", "9110-6.4.1");
    }
  }
}

/**
 * Measures a section as RFC 9113 section 6.5.2 and RFC 9114 section 4.2.2 count it, in bytes.
 *
 * @example Usage
 * ```ts
 * import { measureSection } from "@tandem/http/semantics";
 * import assert from "node:assert/strict";
 *
 * assert.equal(measureSection([":status", "200"]), 32 + 7 + 3);
 * ```
 */
export function measureSection(flat: readonly string[]): number {
  let bytes = flat.length * 16;
  for (let i = 0; i < flat.length; i++) bytes += flat[i]!.length;
  return bytes;
}

function flattenRequest(head: RequestHead, splitCookies: boolean): string[] {
  const { method, scheme, authority, path, protocol } = head;
  const isConnect = method === "CONNECT" && protocol === undefined;
  let flat: string[];
  if (!isConnect && authority !== "") {
    flat = [":method", method, ":scheme", scheme, ":authority", authority, ":path", path];
  } else {
    flat = [":method", method];
    if (!isConnect || scheme !== "") flat.push(":scheme", scheme);
    if (isConnect) flat.push(":authority", authority);
    if (!isConnect || path !== "") flat.push(":path", path);
  }
  if (protocol !== undefined) flat.push(":protocol", protocol);
  const from = flat.length;
  appendFieldsTo(head.fields, flat);
  return splitCookies && flat.length > from ? withCrumbs(flat, from) : flat;
}

/** Splits each cookie that holds several (RFC 9113 section 8.2.3). */
function withCrumbs(flat: string[], from: number): string[] {
  for (let i = from; i < flat.length; i += 2) {
    if (flat[i] !== "cookie" || !flat[i + 1]!.includes("; ")) continue;
    const split = flat.slice(0, i);
    for (; i < flat.length; i += 2) {
      const name = flat[i]!;
      const value = flat[i + 1]!;
      if (name === "cookie" && value.includes("; ")) {
        for (const crumb of value.split("; ")) split.push(name, crumb);
      } else {
        split.push(name, value);
      }
    }
    return split;
  }
  return flat;
}

/** Kept with a list of fields that was sent once: the next time is worth remembering. */
const SENT_ONCE = Symbol("sent once");

/** Of sections with the same fields that differ otherwise, one in so many is kept: they hardly come again. */
const KEPT_OF = 16;

/** Kept with a list of fields that is sent again and again, as servers like to do, until it changes. */
class SentList {
  /** What the fields told. */
  readonly scan: FieldScan;
  /** A section that was made with them. */
  section: ParsedSection;
  /** How many others were made since it was kept. */
  others = 0;

  constructor(section: ParsedSection) {
    this.scan = lastScan();
    this.section = section;
  }
}

/** Keeps a section with the list that it was made with. */
function remember(fields: Fields, sent: SentList | undefined, section: ParsedSection): void {
  if (sent === undefined) {
    writeMemo(fields, readMemo(fields) === undefined ? SENT_ONCE : new SentList(section));
  } else if (++sent.others === KEPT_OF) {
    sent.others = 0;
    sent.section = section;
  }
}

/** The section of a request. */
function readRequest(head: RequestHead, splitCookies: boolean): ParsedSection {
  const { fields } = head;
  const memo = splitCookies ? readMemo(fields) : undefined;
  const sent = memo instanceof SentList ? memo : undefined;
  if (sent !== undefined && isSectionOf(sent.section, head)) return sent.section;
  const flat = flattenRequest(head, splitCookies);
  const parsed = accept(parseRequestSection(flat, "sent", sent?.scan), "send the request");
  if (splitCookies) remember(fields, sent, parsed);
  return parsed;
}

function isSectionOf(section: ParsedSection, head: RequestHead): boolean {
  return section.path === head.path && section.method === head.method &&
    section.authority === head.authority && section.scheme === head.scheme &&
    section.protocol === head.protocol && section.kind === "request";
}

/** The section of a response. */
function readResponse(head: ResponseHead): ParsedSection {
  const { fields, status } = head;
  const memo = readMemo(fields);
  const sent = memo instanceof SentList ? memo : undefined;
  if (sent !== undefined && sent.section.status === status) return sent.section;
  const flat = [":status", String(status)];
  appendFieldsTo(fields, flat);
  const parsed = accept(parseResponseSection(flat, "sent", sent?.scan), "send the response");
  remember(fields, sent, parsed);
  return parsed;
}

function accept(parsed: ParsedSection | Violation, what: string): ParsedSection {
  if (parsed instanceof Violation) throw refusal(what, parsed.detail, parsed.rule);
  return parsed;
}

function tooShort(): TypeError {
  return refusal("end the message", "there is less content than content-length says", "9113-8.1.1");
}

function refusal(what: string, why: string, rule: RuleId): TypeError {
  return new TypeError(`Cannot ${what}: ${why} [${rule}]`);
}
