import type { Core } from "./core.ts";
import { H2ErrorCode } from "./errors.ts";
import type { Stream } from "./stream.ts";

/** What was seen of the connection's output at the last look. */
export interface OutputWatch {
  /** The output that was next. */
  epoch: number;
  /** Since when nothing was taken; -1 when nothing waits. */
  takenSince: number;
  /** Bytes that the last outputs held: they may take their time on the wire. */
  takenBytes: number;
  /** Since when the connection's window holds content back; -1 while it does not. */
  blockedSince: number;
  /** Content sent in all when that was last looked at. */
  blockedBytes: number;
}

/** Nothing seen yet. */
export function newOutputWatch(): OutputWatch {
  return { epoch: 0, takenSince: -1, takenBytes: 0, blockedSince: -1, blockedBytes: 0 };
}

const SLOW = "a body is slower than the lowest rate that is put up with";

/**
 * Ends what is slower than `minDataRate` for longer than `dataRateGraceMs`: bodies that the
 * peer could send and does not, bodies that it does not make room for, and a connection
 * whose output nobody takes. Tunnels may be silent.
 */
export function checkDataRates(core: Core): void {
  const { minDataRate, dataRateGraceMs } = core.limits;
  const now = core.now;
  for (const stream of core.streams.values()) {
    if (isWaitingForPeer(core, stream)) {
      if (stream.receiveSince < 0) {
        stream.receiveSince = now;
        stream.receivedBytes = 0;
      } else if (now - stream.receiveSince >= dataRateGraceMs) {
        if (stream.receivedBytes * 1000 < minDataRate * (now - stream.receiveSince)) {
          endSlow(core, stream);
          continue;
        }
        stream.receiveSince = now;
        stream.receivedBytes = 0;
      }
    } else {
      stream.receiveSince = -1;
    }
    if (stream.queuedBytes > 0 && stream.sendWindow <= 0 && !stream.writer.isTunnel) {
      if (stream.sendSince < 0) {
        stream.sendSince = now;
        stream.sentBytes = 0;
      } else if (now - stream.sendSince >= dataRateGraceMs) {
        if (stream.sentBytes * 1000 < minDataRate * (now - stream.sendSince)) {
          endSlow(core, stream);
          continue;
        }
        stream.sendSince = now;
        stream.sentBytes = 0;
      }
    } else {
      stream.sendSince = -1;
    }
  }
  checkOutput(core);
}

function isWaitingForPeer(core: Core, stream: Stream): boolean {
  return stream.isReadOpen && !stream.isDiscarding && stream.receiveWindow > 0 && core.receiveWindow > 0 &&
    !stream.reader.isTunnel && !stream.isConnect && (core.isServer || stream.isAnswered);
}

function endSlow(core: Core, stream: Stream): void {
  core.counters.dataRate++;
  core.resetForLimit(stream, H2ErrorCode.ENHANCE_YOUR_CALM, "limit:data_rate", SLOW);
}

function checkOutput(core: Core): void {
  if (core.isClosed) return;
  const { minDataRate, dataRateGraceMs } = core.limits;
  const now = core.now;
  const watch = core.outputWatch;
  const isBlocked = core.scheduler.hasContent && core.sendWindow <= 0;
  if (!isBlocked) {
    watch.blockedSince = -1;
  } else if (watch.blockedSince < 0) {
    watch.blockedSince = now;
    watch.blockedBytes = core.contentBytes;
  } else if (now - watch.blockedSince >= dataRateGraceMs) {
    if ((core.contentBytes - watch.blockedBytes) * 1000 < minDataRate * (now - watch.blockedSince)) {
      core.failLimit("limit:data_rate", SLOW);
      return;
    }
    watch.blockedSince = now;
    watch.blockedBytes = core.contentBytes;
  }
  if (!core.hasOutput) {
    watch.takenSince = -1;
  } else if (watch.takenSince < 0 || watch.epoch !== core.epoch) {
    watch.takenSince = now;
    watch.epoch = core.epoch;
    watch.takenBytes = core.lastOutputBytes;
  } else if (now - watch.takenSince > dataRateGraceMs + watch.takenBytes * 1000 / minDataRate) {
    core.failLimit("limit:data_rate", "nobody takes what is to be sent");
  }
}
