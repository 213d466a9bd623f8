import type { AbortCause, Side } from "../semantics/events.ts";
import type { Fields } from "../semantics/fields.ts";
import type { ResponseHead } from "../semantics/head.ts";
import { overridePriority, type Priority } from "../semantics/priority.ts";
import type { Core } from "./core.ts";
import { CAUSES, H3ErrorCode, type H3ErrorName } from "./errors.ts";
import type { Exchange } from "./exchange.ts";
import { writePriorityUpdate } from "./priority_update.ts";
import { giveUpReceiving, pushOrder } from "./receiver.ts";
import {
  abortSending,
  checkSectionSize,
  dropQueue,
  endQueue,
  finishSending,
  queueBody,
  respondBare,
  writeSection,
} from "./sender.ts";

/** Size of `:status` in a section, in bytes. */
const STATUS_BYTES = 7 + 3 + 32;

/** The exchange with a sending half that still takes something. */
function senderOf(core: Core, id: number): Exchange | undefined {
  const exchange = core.exchanges.get(id);
  return exchange === undefined || exchange.writer === undefined || !exchange.isSending
    ? undefined
    : exchange;
}

/** Sends a response head. */
export function sendResponse(core: Core, id: number, head: ResponseHead, end: boolean): void {
  const exchange = senderOf(core, id);
  if (exchange === undefined) return;
  const writer = exchange.writer!;
  checkSectionSize(core.peer, STATUS_BYTES, head.fields);
  const flat = writer.sendResponse(head, end);
  const isFinal = head.status >= 200;
  if (isFinal) {
    // 9218 section 8: what the server's own field does not say stays as the client asked.
    const value = exchange.isPrioritySet ? undefined : head.fields.get("priority");
    if (value !== undefined) exchange.priority = overridePriority(exchange.priority, value);
    if (writer.isTunnel) exchange.reader.startTunnel();
    pushOrder(core, exchange);
  }
  writeSection(core, exchange, flat, head.fields.sensitive);
  if (isFinal) exchange.hasSentHead = true;
  if (end) finishSending(core, exchange);
}

/** Queues bytes of a body. */
export function sendBody(core: Core, id: number, data: Uint8Array, end: boolean): boolean {
  const exchange = senderOf(core, id);
  if (exchange === undefined) return true;
  exchange.writer!.sendBody(data.length, end);
  return queueBody(core, exchange, data, end);
}

/** Ends a message with a trailer section. */
export function sendTrailers(core: Core, id: number, fields: Fields): void {
  const exchange = senderOf(core, id);
  if (exchange === undefined) return;
  checkSectionSize(core.peer, 0, fields);
  exchange.pendingTrailers = exchange.writer!.sendTrailers(fields);
  exchange.pendingSensitive = fields.sensitive;
  endQueue(exchange);
  if (exchange.sending === "ending" && exchange.queuedBytes === 0) finishSending(core, exchange);
}

/** Gives up one or both halves of an exchange. */
export function abortExchange(core: Core, id: number, side: Side, cause: AbortCause): void {
  const exchange = core.exchanges.get(id);
  if (exchange === undefined) return;
  const isReading = side !== "write" && exchange.isReceiving;
  const isWriting = side !== "read" && exchange.isSending;
  if (!isReading && !isWriting) return;
  const code = CAUSES[cause];
  const error = core.streamError(exchange, code, `it was given up with ${code}`, "user");
  const isWaiting = !exchange.isOpened && exchange.sending !== "held";
  if (isWaiting && side === "both") withdraw(core, exchange, code);
  if (isReading) giveUpReceiving(core, exchange, code);
  // Without exact codes a refusal can only be said by a status.
  const saysStatus = core.isServer && cause === "refused" && !exchange.hasSentHead &&
    !core.options.exactStreamErrors;
  if (isWriting && saysStatus) respondBare(core, exchange, 503);
  else if (isWriting) abortSending(core, exchange, code);
  core.emitAborted(exchange, isReading && isWriting ? "both" : isReading ? "read" : "write", error);
  core.settle(exchange, false);
}

/** Gives up a request whose stream is not there yet: nothing of it will be sent. */
function withdraw(core: Core, exchange: Exchange, code: H3ErrorName): void {
  dropQueue(core, exchange);
  core.counters.resetsOut++;
  core.out.push({ type: "reset", stream: exchange.id, code: H3ErrorCode[code] });
  exchange.sending = "aborted";
}

/** Changes a priority: a client tells the server, a server goes by it at once. */
export function setPriority(core: Core, id: number, priority: Priority): void {
  const exchange = core.exchanges.get(id);
  if (exchange === undefined) return;
  exchange.priority = priority;
  exchange.isPrioritySet = true;
  if (!core.isServer) writePriorityUpdate(core, id, priority);
  if (exchange.sending !== "held") pushOrder(core, exchange);
}

/** Puts up with any data rate on an exchange. */
export function allowSlow(core: Core, id: number): void {
  const exchange = core.exchanges.get(id);
  if (exchange === undefined) return;
  exchange.isSlowAllowed = true;
  core.receiveRates.clear(id);
  core.sendRates.clear(id);
}
