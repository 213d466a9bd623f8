import { StreamError } from "../semantics/errors.ts";
import { MessageReader, type MessageReaderOptions } from "../semantics/message_reader.ts";
import type { Core } from "./core.ts";
import { failConnection, H3ErrorCode, h3ErrorName } from "./errors.ts";
import { Exchange } from "./exchange.ts";
import { endReceiving, faultStream, giveUpReceiving } from "./receiver.ts";
import { abortSending, respondBare, stopSending } from "./sender.ts";
import { checkGap } from "./uni_streams.ts";

/** How the requests of a connection are read. */
export function requestReaderOptions(core: Core): MessageReaderOptions {
  return {
    role: "request",
    limits: core.limits,
    extendedConnect: core.options.extendedConnect,
    endComesAlone: true,
  };
}

/** The exchange of a request stream: a new one for an id that is new (server), none for one that is over. */
export function exchangeOf(
  core: Core,
  id: number,
  readerOptions: MessageReaderOptions,
): Exchange | undefined {
  const known = core.exchanges.get(id);
  if (known !== undefined) return known;
  if (id % 4 === 1) {
    if (!core.isServer) {
      failConnection("H3_STREAM_CREATION_ERROR", "9114-6.1", "a server opens a bidirectional stream");
    }
    return undefined;
  }
  if (!core.isServer) return undefined;
  checkGap(core, core.seen, id);
  if (!core.seen.see(id)) return undefined;
  return accept(core, id, readerOptions);
}

function accept(core: Core, id: number, readerOptions: MessageReaderOptions): Exchange | undefined {
  const exchange = new Exchange(id, new MessageReader(readerOptions), undefined);
  if (id >= core.goawayLimit || core.exchanges.size >= core.limits.maxConcurrentStreams) {
    refuse(core, exchange, id >= core.goawayLimit);
    return undefined;
  }
  core.counters.exchangesAccepted++;
  exchange.isEarly = core.isEarly;
  if (core.earlyPriorities.size > 0) {
    const priority = core.earlyPriorities.get(id);
    if (priority !== undefined) {
      core.earlyPriorities.delete(id);
      exchange.priority = priority;
      exchange.isPrioritySet = true;
    }
  }
  core.exchanges.add(exchange);
  return exchange;
}

/** Refuses a request unseen: with proof that no work was done on it, where that can be said. */
function refuse(core: Core, exchange: Exchange, isBeyondGoaway: boolean): void {
  core.counters.concurrentStreams++;
  const rule = isBeyondGoaway ? "9114-5.2:refused" : "limit:concurrent_streams";
  if (core.trace !== undefined) core.traceState("stream", "refused", exchange.id, { rule });
  giveUpReceiving(core, exchange, "H3_REQUEST_REJECTED");
  // Without exact codes a GOAWAY is proof enough; else a status has to say it.
  if (!core.options.exactStreamErrors && !isBeyondGoaway) respondBare(core, exchange, 503);
  else abortSending(core, exchange, "H3_REQUEST_REJECTED");
  exchange.isOver = true;
  if (exchange.inFlight > 0) core.leaving.set(exchange.id, exchange);
}

/** Takes the peer's reset of a request stream. */
export function receiveStreamReset(core: Core, exchange: Exchange, code: number | undefined): void {
  countPeerReset(core, exchange);
  if (!exchange.isReceiving) return;
  const isRefused = code === H3ErrorCode.H3_REQUEST_REJECTED;
  const error = peerError(core, exchange, "reset it", code, isRefused);
  endReceiving(core, exchange);
  // A client has no use for half an answer, and a server none for a request without a head.
  const isWhole = !core.isServer || !exchange.hasHead;
  const side = isWhole && exchange.isSending ? "both" : "read";
  if (isWhole) abortSending(core, exchange, "H3_REQUEST_CANCELLED");
  core.emitAborted(exchange, side, error);
  core.settle(exchange, false);
  spendPeerReset(core, exchange);
}

/** Takes the peer's stop of a request stream. */
export function receiveStreamStop(core: Core, exchange: Exchange, code: number | undefined): void {
  countPeerReset(core, exchange);
  const isRefused = code === H3ErrorCode.H3_REQUEST_REJECTED;
  const error = peerError(core, exchange, "stopped it", code, isRefused);
  if (!stopSending(core, exchange, code ?? H3ErrorCode.H3_NO_ERROR)) return;
  core.emitAborted(exchange, "write", error);
  // Nobody waits for an answer to a request that has not even come.
  if (core.isServer && !exchange.hasHead) giveUpReceiving(core, exchange, "H3_REQUEST_CANCELLED");
  core.settle(exchange, false);
  spendPeerReset(core, exchange);
}

function countPeerReset(core: Core, exchange: Exchange): void {
  core.counters.resetsIn++;
  if (!core.isServer || exchange.hasSentHead || exchange.isPeerReset) return;
  exchange.isPeerReset = true;
  core.counters.peerResets++;
}

/** Pays for a reset of an unanswered request; too many in a short time end the connection. */
function spendPeerReset(core: Core, exchange: Exchange): void {
  if (!exchange.isPeerReset || exchange.isPeerResetPaid) return;
  exchange.isPeerResetPaid = true;
  if (core.peerResets.spend(core.now)) return;
  failConnection("H3_EXCESSIVE_LOAD", "limit:peer_resets", "the peer resets requests too fast");
}

function peerError(
  core: Core,
  exchange: Exchange,
  did: string,
  code: number | undefined,
  isRefused: boolean,
): StreamError {
  const name = h3ErrorName(code);
  const details = {
    initiator: "remote" as const,
    retry: isRefused ? "refused" as const : core.verdict(exchange),
  };
  return new StreamError(
    name,
    `Cannot finish the exchange: the peer ${did} with ${name}`,
    code === undefined ? details : { ...details, wireCode: code },
  );
}

/** Lets the deadlines of exchanges that are due act. */
export function tickExchanges(core: Core, now: number): void {
  const heads = core.heads.takeDue(now);
  for (let i = 0; i < heads.length; i++) {
    const exchange = core.exchanges.get(heads[i]!);
    if (exchange === undefined || !exchange.isReceiving) continue;
    const code = core.isServer ? "H3_REQUEST_REJECTED" : "H3_REQUEST_CANCELLED";
    faultStream(core, exchange, code, "limit:head_timeout", "a field section did not come in time", 408);
  }
  const enough = core.limits.minDataRate * core.limits.dataRateGraceMs / 1000;
  const receiving = core.receiveRates.takeDue(now);
  for (let i = 0; i < receiving.length; i++) {
    const exchange = core.exchanges.get(receiving[i]!);
    if (exchange === undefined || exchange.receiving !== "open") continue;
    if (exchange.receivedSince >= enough) {
      exchange.receivedSince = 0;
      core.receiveRates.set(exchange.id, now);
      continue;
    }
    faultStream(core, exchange, "H3_EXCESSIVE_LOAD", "limit:data_rate", "the body comes too slowly", 408);
  }
  const sending = core.sendRates.takeDue(now);
  for (let i = 0; i < sending.length; i++) checkSendRate(core, sending[i]!, now);
  const aborts = core.aborts.takeDue(now);
  for (let i = 0; i < aborts.length; i++) {
    const id = aborts[i]!;
    const exchange = core.exchanges.get(id) ?? core.leaving.get(id);
    const name = h3ErrorName(exchange?.abortCode) as keyof typeof H3ErrorCode;
    const code = name in H3ErrorCode ? name : "H3_INTERNAL_ERROR";
    failConnection(
      code,
      "limit:abort_timeout",
      "the peer does not read the end of a message that was given up",
    );
  }
}

function checkSendRate(core: Core, id: number, now: number): void {
  const exchange = core.exchanges.get(id) ?? core.leaving.get(id);
  if (exchange === undefined || exchange.inFlight === 0) return;
  if (now < exchange.sendDue) {
    core.sendRates.set(id, now);
    return;
  }
  const detail = "the body is read too slowly";
  if (!core.options.exactStreamErrors) failConnection("H3_EXCESSIVE_LOAD", "limit:data_rate", detail);
  if (exchange.isOver) {
    core.counters.dataRate++;
    core.counters.resetsOut++;
    // The driver reports what it drops, and with that the exchange is forgotten.
    core.out.push({ type: "reset", stream: id, code: H3ErrorCode.H3_EXCESSIVE_LOAD });
    return;
  }
  faultStream(core, exchange, "H3_EXCESSIVE_LOAD", "limit:data_rate", detail, 408);
}
