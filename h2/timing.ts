import type { Core } from "./core.ts";
import { checkDataRates } from "./data_rates.ts";
import { H2ErrorCode } from "./errors.ts";

/** Lets all deadlines that are due act. */
export function tickDeadlines(core: Core): void {
  const { deadlines, now } = core;
  if (deadlines.isArmed) deadlines.start(core);
  if (now >= deadlines.handshake) {
    const detail = "the preface and the first SETTINGS did not come in time";
    core.failLimit("limit:handshake_timeout", detail, H2ErrorCode.SETTINGS_TIMEOUT);
  } else if (now >= deadlines.settingsAck) {
    const detail = "SETTINGS was not acknowledged in time";
    core.failLimit("limit:settings_ack_timeout", detail, H2ErrorCode.SETTINGS_TIMEOUT);
  } else if (now >= deadlines.head) {
    core.failLimit("limit:head_timeout", "a field section or control frame is not whole in time");
  } else if (now >= deadlines.drain) {
    const detail = "exchanges did not finish in time after the shutdown";
    core.failLimit("limit:drain_timeout", detail, H2ErrorCode.NO_ERROR);
  } else {
    if (now >= deadlines.leftOver) {
      deadlines.leftOver = Infinity;
      for (const stream of core.streams.values()) {
        if (stream.isDiscarding && !stream.isWriteOpen) core.resetLeftOver(stream);
      }
    }
    if (now >= deadlines.idle) endIdle(core);
    if (!core.isClosed && now >= deadlines.rate) {
      checkDataRates(core);
      if (!core.isClosed) deadlines.rate = core.streams.size > 0 ? now + core.rateCheckMs : Infinity;
    }
  }
}

function endIdle(core: Core): void {
  const { deadlines } = core;
  if (!deadlines.isIdleSure) {
    core.watchIdle();
    deadlines.isIdleSure = true;
    return;
  }
  const isExpected = core.goawayReceived >= 0;
  if (!isExpected) core.counters.idleTimeout++;
  core.sendGoaway(core.processedStreamId, H2ErrorCode.NO_ERROR, isExpected ? "" : "idle_timeout");
  core.close(undefined);
}
