import { parsePriority } from "../semantics/priority.ts";
import { latin1ToString } from "../wire/latin1.ts";
import { Flag, FrameType, Setting } from "./constants.ts";
import type { Core } from "./core.ts";
import { H2ErrorCode } from "./errors.ts";
import { writeFrameHeader, writePing } from "./frame_writer.ts";
import { readUint31, readUint32 } from "./octets.ts";
import { receivePong } from "./pings.ts";
import { receiveSetting } from "./settings.ts";
import { acknowledgeSettings, applyPeerWindow } from "./settings_sync.ts";

/** Takes SETTINGS (RFC 9113 section 6.5). */
export function receiveSettings(
  core: Core,
  flags: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  if ((flags & Flag.ACK) !== 0) {
    acknowledgeSettings(core);
    return;
  }
  const isFirst = core.state === "handshake" || !core.hasPeerSettings;
  const settings = core.peerSettings;
  const windowBefore = settings.initialWindowBytes;
  const wasFull = !core.isServer && !core.canOpen;
  const context = { fromServer: !core.isServer, first: isFirst };
  for (let at = start; at < end; at += 6) {
    const id = bytes[at]! << 8 | bytes[at + 1]!;
    const fault = receiveSetting(settings, id, readUint32(bytes, at + 2), context);
    if (fault === undefined) {
      // Each value counts in turn: a table that shrinks and grows again was emptied between.
      if (id === Setting.HEADER_TABLE_SIZE) core.encoder.setMaxTableBytes(settings.headerTableBytes);
    } else if (fault !== true) {
      core.fail(fault.code, fault.rule, "SETTINGS has a value that is not allowed");
      return;
    }
  }
  if (settings.initialWindowBytes !== windowBefore) {
    if (!applyPeerWindow(core, settings.initialWindowBytes - windowBefore)) return;
  }
  const at = core.out.position;
  writeFrameHeader(core.out, 0, FrameType.SETTINGS, Flag.ACK, 0);
  core.queued(FrameType.SETTINGS, Flag.ACK, 0, at);
  if (isFirst) {
    core.hasPeerSettings = true;
    if (core.state === "handshake") core.state = "open";
    core.deadlines.stop("handshake");
    if (core.streams.size === 0) core.watchIdle();
  } else {
    core.glitch();
    if (core.isClosed) return;
  }
  if (++core.unsentAcks > core.limits.maxUnsentAcks) {
    core.failLimit("limit:unsent_acks", "too many acknowledgements wait for the peer to read");
    return;
  }
  core.events.push({ type: "settings", first: isFirst });
  if (wasFull && core.canOpen) core.events.push({ type: "capacity" });
}

/** Takes PING (RFC 9113 section 6.7). */
export function receivePing(core: Core, flags: number, high: number, low: number): void {
  if ((flags & Flag.ACK) !== 0) {
    receivePong(core, high, low);
    return;
  }
  core.counters.pingsIn++;
  if (++core.unsentAcks > core.limits.maxUnsentAcks) {
    core.failLimit("limit:unsent_acks", "too many acknowledgements wait for the peer to read");
    return;
  }
  const start = core.out.position;
  writePing(core.out, high, low, true);
  core.queued(FrameType.PING, Flag.ACK, 0, start);
}

/** Takes GOAWAY (RFC 9113 section 6.8). */
export function receiveGoaway(core: Core, lastStream: number, code: number): void {
  if (core.goawayReceived >= 0 && lastStream > core.goawayReceived) {
    core.fail(H2ErrorCode.PROTOCOL_ERROR, "9113-6.8:growth", "the id of a later GOAWAY is larger");
    return;
  }
  if (core.goawayReceived >= 0) core.glitch();
  if (core.isClosed) return;
  core.goawayReceived = lastStream;
  if (core.state === "open" || core.state === "handshake") core.state = "draining";
  const unprocessed: number[] = [];
  if (!core.isServer) {
    for (const stream of core.streams.values()) if (stream.id > lastStream) unprocessed.push(stream.id);
  }
  core.events.push({ type: "goingAway", unprocessed, wireCode: code });
  for (const id of unprocessed) core.endUnprocessed(core.find(id)!, code);
  if (core.streams.size === 0) core.watchIdle();
  core.closeWhenDrained();
}

/** Takes PRIORITY_UPDATE (RFC 9218 section 7.1). */
export function receivePriorityUpdate(core: Core, bytes: Uint8Array, start: number, end: number): void {
  const id = readUint31(bytes, start);
  if (id === 0 || (id & 1) === 0) {
    const detail = "PRIORITY_UPDATE names no request stream";
    core.fail(H2ErrorCode.PROTOCOL_ERROR, "9218-7.1:target", detail);
    return;
  }
  core.glitch();
  if (core.isClosed) return;
  const priority = parsePriority(latin1ToString(bytes, start + 4, end));
  const stream = core.find(id);
  if (stream !== undefined) {
    core.scheduler.setPriority(stream, priority.urgency, priority.incremental);
    if (stream.isAnnounced) core.events.push({ type: "priority", id, priority });
  } else if (core.isIdle(id)) {
    const early = core.earlyPriorities ??= new Map();
    if (early.has(id) || early.size < core.limits.maxConcurrentStreams) early.set(id, priority);
  }
}

/** Takes ORIGIN (RFC 8336 section 2); what is broken off at the end is ignored. */
export function receiveOrigins(core: Core, bytes: Uint8Array, start: number, end: number): void {
  core.glitch();
  if (core.isClosed) return;
  const origins: string[] = [];
  for (let at = start; at + 2 <= end;) {
    const length = bytes[at]! << 8 | bytes[at + 1]!;
    at += 2;
    if (at + length > end) break;
    if (length > 0) origins.push(latin1ToString(bytes, at, at + length));
    at += length;
  }
  core.events.push({ type: "origins", origins });
}

/** Takes ALTSVC (RFC 7838 section 4); one with an origin where none belongs, or without, is ignored. */
export function receiveAltSvc(core: Core, id: number, bytes: Uint8Array, start: number, end: number): void {
  core.glitch();
  if (core.isClosed) return;
  const length = bytes[start]! << 8 | bytes[start + 1]!;
  const from = start + 2 + length;
  if (from > end || (id === 0) !== (length > 0)) return;
  if (id !== 0 && core.find(id) === undefined) return;
  const origin = latin1ToString(bytes, start + 2, from);
  core.events.push({ type: "altSvc", id, origin, value: latin1ToString(bytes, from, end) });
}
