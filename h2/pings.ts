import { FrameType } from "./constants.ts";
import type { Core } from "./core.ts";
import { H2ErrorCode } from "./errors.ts";
import { writePing } from "./frame_writer.ts";
import { changeSettings } from "./settings_sync.ts";

/** What a PING of ours is for: the first four octets of its payload. */
export const PingKind = { USER: 0x7461_6e64, BANDWIDTH: 0x7461_6e62, SHUTDOWN: 0x7461_6e73 } as const;

/** A PING of the application that waits for its answer. */
export interface PendingPing {
  /** The last four octets of its payload. */
  readonly low: number;
  /** When it was sent. */
  readonly sentAt: number;
}

/** Sends a PING. */
export function sendPing(core: Core, kind: number, low: number): void {
  const start = core.out.position;
  writePing(core.out, kind, low, false);
  core.queued(FrameType.PING, 0, 0, start);
}

/** Takes the acknowledgement of a PING; one that nobody waits for is odd. */
export function receivePong(core: Core, high: number, low: number): void {
  if (high === PingKind.USER) {
    const at = core.pings.findIndex((ping) => ping.low === low);
    if (at >= 0) {
      const sentAt = core.pings[at]!.sentAt;
      core.pings.splice(at, 1);
      core.events.push({ type: "pong", token: low, rttMs: Math.max(0, core.now - sentAt) });
      return;
    }
  } else if (high === PingKind.BANDWIDTH && core.bandwidth !== undefined && core.bandwidth.isSampling) {
    if (core.bandwidth.receivePong(core.now)) growWindows(core, core.bandwidth.windowBytes);
    return;
  } else if (high === PingKind.SHUTDOWN && core.awaitsShutdownPong) {
    core.awaitsShutdownPong = false;
    core.sendGoaway(core.processedStreamId, H2ErrorCode.NO_ERROR, "");
    core.closeWhenDrained();
    return;
  }
  core.glitch();
}

/** The adaptive window grew: streams by SETTINGS, the connection by what is owed to it. */
function growWindows(core: Core, bytes: number): void {
  core.counters.windowGrowths++;
  const more = bytes - core.connectionTarget;
  if (more > 0) {
    core.connectionTarget = bytes;
    core.owed += more;
    core.sendConnectionCredit();
  }
  if (bytes > core.streamTarget) changeSettings(core, { initialWindowBytes: bytes });
}
