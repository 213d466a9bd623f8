import { MAX_31_BITS } from "./constants.ts";
import type { Core } from "./core.ts";
import { H2ErrorCode } from "./errors.ts";

/** Takes WINDOW_UPDATE (RFC 9113 section 6.9). */
export function receiveWindowUpdate(core: Core, id: number, increment: number): void {
  if (id === 0) {
    if (increment === 0) {
      core.fail(H2ErrorCode.PROTOCOL_ERROR, "9113-6.9:zero", "the connection's window grows by 0");
      return;
    }
    if (core.sendWindow + increment > MAX_31_BITS) {
      const detail = "the connection's window grows too large";
      core.fail(H2ErrorCode.FLOW_CONTROL_ERROR, "9113-6.9.1:overflow", detail);
      return;
    }
    core.sendWindow += increment;
    return;
  }
  const stream = core.find(id);
  if (stream === undefined) {
    // It may cross our END_STREAM or our reset on the way, and does no harm.
    core.counters.lateFrames++;
    if (increment === 0) core.resetUnknown(id, H2ErrorCode.PROTOCOL_ERROR, "9113-6.9:zero");
    return;
  }
  if (increment === 0) {
    core.resetForError(stream, H2ErrorCode.PROTOCOL_ERROR, "9113-6.9:zero", "the stream's window grows by 0");
    return;
  }
  if (stream.sendWindow + increment > MAX_31_BITS) {
    const detail = "the stream's window grows too large";
    core.resetForError(stream, H2ErrorCode.FLOW_CONTROL_ERROR, "9113-6.9.1:overflow", detail);
    return;
  }
  stream.sendWindow += increment;
  if (stream.queuedBytes > 0) core.scheduler.update(stream);
}

/** Takes RST_STREAM (RFC 9113 section 6.4). */
export function receiveReset(core: Core, id: number, code: number): void {
  core.counters.resetsIn++;
  const stream = core.find(id);
  if (stream === undefined) {
    // A reset that crosses our own, or the end of our message, is nobody's fault.
    core.late(id);
    return;
  }
  const wasAnswered = stream.isAnswered;
  core.resetByPeer(stream, code, code === H2ErrorCode.REFUSED_STREAM ? "refused" : "unknown");
  if (!core.isServer || wasAnswered) return;
  core.counters.peerResets++;
  if (core.peerResetBudget.spend(core.now)) return;
  core.failLimit("limit:peer_resets", "the peer resets exchanges too fast");
}
