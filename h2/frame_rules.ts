import type { RuleId } from "../semantics/rules/mod.ts";
import { Flag, FrameType } from "./constants.ts";
import type { Core } from "./core.ts";
import { H2ErrorCode } from "./errors.ts";
import { FrameAction } from "./frame_reader.ts";

const { FRAME_SIZE_ERROR, PROTOCOL_ERROR } = H2ErrorCode;

/** Checks type, flags, stream and length of a frame, before its payload (RFC 9113 sections 4 and 6). */
export function checkFrameHeader(
  core: Core,
  type: number,
  flags: number,
  id: number,
  length: number,
): FrameAction {
  if (length > core.maxFrameBytes) {
    return fail(core, FRAME_SIZE_ERROR, "9113-4.2:size", "a frame is longer than we allow");
  }
  switch (type) {
    case FrameType.DATA:
      if (id === 0) return fail(core, PROTOCOL_ERROR, "9113-6.1:stream", "DATA has no stream");
      if ((flags & Flag.PADDED) !== 0 && length === 0) return tooShort(core, "DATA");
      if (core.find(id) === undefined && core.isIdle(id)) return idle(core, "DATA");
      return FrameAction.PIECES;
    case FrameType.HEADERS: {
      if (id === 0) return fail(core, PROTOCOL_ERROR, "9113-6.2:stream", "HEADERS has no stream");
      const least = ((flags & Flag.PADDED) !== 0 ? 1 : 0) + ((flags & Flag.PRIORITY) !== 0 ? 5 : 0);
      return length < least ? tooShort(core, "HEADERS") : FrameAction.GATHER;
    }
    case FrameType.PRIORITY:
      return checkPriority(core, id, length);
    case FrameType.RST_STREAM:
      if (id === 0) return fail(core, PROTOCOL_ERROR, "9113-6.4:stream", "RST_STREAM has no stream");
      if (length !== 4) {
        return fail(core, FRAME_SIZE_ERROR, "9113-6.4:length", "RST_STREAM is not 4 octets long");
      }
      if (core.find(id) === undefined && core.isIdle(id)) return idle(core, "RST_STREAM");
      return FrameAction.GATHER;
    case FrameType.SETTINGS:
      return checkSettings(core, flags, id, length);
    case FrameType.PUSH_PROMISE:
      return fail(core, PROTOCOL_ERROR, "9113-6.6", "PUSH_PROMISE is not allowed");
    case FrameType.PING:
      if (id !== 0) return fail(core, PROTOCOL_ERROR, "9113-6.7:stream", "PING has a stream");
      if (length !== 8) return fail(core, FRAME_SIZE_ERROR, "9113-6.7:length", "PING is not 8 octets long");
      return FrameAction.GATHER;
    case FrameType.GOAWAY:
      if (id !== 0) return fail(core, PROTOCOL_ERROR, "9113-6.8:stream", "GOAWAY has a stream");
      return length < 8 ? tooShort(core, "GOAWAY") : FrameAction.GATHER;
    case FrameType.WINDOW_UPDATE:
      if (length !== 4) {
        return fail(core, FRAME_SIZE_ERROR, "9113-6.9:length", "WINDOW_UPDATE is not 4 octets long");
      }
      if (id !== 0 && core.find(id) === undefined && core.isIdle(id)) return idle(core, "WINDOW_UPDATE");
      return FrameAction.GATHER;
    case FrameType.CONTINUATION:
      return FrameAction.GATHER;
    case FrameType.PRIORITY_UPDATE:
      return checkPriorityUpdate(core, id, length);
    case FrameType.ALTSVC:
    case FrameType.ORIGIN:
      // A server does not take them; on the wrong stream they are ignored (RFC 8336 section 2.1).
      if (core.isServer || length < 2 || (type === FrameType.ORIGIN && id !== 0)) return ignore(core);
      return FrameAction.GATHER;
    default:
      core.counters.unknownFrames++;
      return ignore(core);
  }
}

function checkPriority(core: Core, id: number, length: number): FrameAction {
  if (id === 0) return fail(core, PROTOCOL_ERROR, "9113-6.3:stream", "PRIORITY has no stream");
  if (length === 5) return FrameAction.GATHER;
  const detail = "PRIORITY is not 5 octets long";
  const stream = core.find(id);
  if (stream !== undefined) core.resetForError(stream, FRAME_SIZE_ERROR, "9113-6.3:length", detail);
  else if (core.isIdle(id)) return fail(core, FRAME_SIZE_ERROR, "9113-6.3:length", detail);
  else core.resetUnknown(id, FRAME_SIZE_ERROR, "9113-6.3:length");
  return FrameAction.SKIP;
}

function checkSettings(core: Core, flags: number, id: number, length: number): FrameAction {
  if (id !== 0) return fail(core, PROTOCOL_ERROR, "9113-6.5:stream", "SETTINGS has a stream");
  if ((flags & Flag.ACK) !== 0) {
    if (length === 0) return FrameAction.GATHER;
    return fail(core, FRAME_SIZE_ERROR, "9113-6.5:ack", "an acknowledgement of SETTINGS has a payload");
  }
  if (length % 6 !== 0) {
    return fail(core, FRAME_SIZE_ERROR, "9113-6.5:length", "SETTINGS is not made of entries of 6 octets");
  }
  if (length > core.limits.maxSettingsEntries * 6) {
    core.failLimit("limit:settings_entries", "SETTINGS has too many entries");
    return FrameAction.STOP;
  }
  return FrameAction.GATHER;
}

function checkPriorityUpdate(core: Core, id: number, length: number): FrameAction {
  if (!core.isServer) {
    return fail(core, PROTOCOL_ERROR, "9218-7.1:sender", "a server sent PRIORITY_UPDATE");
  }
  if (id !== 0) return fail(core, PROTOCOL_ERROR, "9218-7.1:stream", "PRIORITY_UPDATE has a stream");
  if (length < 4) return tooShort(core, "PRIORITY_UPDATE");
  if (length <= core.limits.maxPriorityUpdateBytes) return FrameAction.GATHER;
  core.failLimit("limit:priority_update_bytes", "PRIORITY_UPDATE is too long");
  return FrameAction.STOP;
}

function fail(core: Core, code: H2ErrorCode, rule: RuleId, detail: string): FrameAction {
  core.fail(code, rule, detail);
  return FrameAction.STOP;
}

function tooShort(core: Core, name: string): FrameAction {
  return fail(core, FRAME_SIZE_ERROR, "9113-4.2:length", `${name} is too short`);
}

function idle(core: Core, name: string): FrameAction {
  return fail(core, PROTOCOL_ERROR, "9113-5.1:idle", `${name} came for an idle stream`);
}

function ignore(core: Core): FrameAction {
  core.glitch();
  return FrameAction.SKIP;
}
