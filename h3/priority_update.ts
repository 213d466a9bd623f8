import { type Priority, serializePriority } from "../semantics/priority.ts";
import { ByteWriter } from "../wire/byte_writer.ts";
import { writeVarint } from "../wire/varint.ts";
import type { Core } from "./core.ts";
import { failConnection } from "./errors.ts";
import { FrameType } from "./frame_types.ts";
import { pushOrder } from "./receiver.ts";

/** Takes the client's new priority for a request, which may still be on its way (RFC 9218 section 7.2). */
export function reprioritize(core: Core, id: number, priority: Priority): void {
  if (id % 4 !== 0) {
    failConnection("H3_ID_ERROR", "9218-7.2:id", "a PRIORITY_UPDATE names what is no request stream");
  }
  const exchange = core.exchanges.get(id);
  if (exchange !== undefined) {
    exchange.priority = priority;
    exchange.isPrioritySet = true;
    if (exchange.isAnnounced) core.events.push({ type: "priority", id, priority });
    pushOrder(core, exchange);
    return;
  }
  if (core.seen.has(id)) return;
  const { earlyPriorities } = core;
  earlyPriorities.delete(id);
  earlyPriorities.set(id, priority);
  if (earlyPriorities.size <= core.limits.maxConcurrentStreams) return;
  for (const oldest of earlyPriorities.keys()) {
    earlyPriorities.delete(oldest);
    return;
  }
}

/** Tells the server a new priority of a request (RFC 9218 section 7.2). */
export function writePriorityUpdate(core: Core, id: number, priority: Priority): void {
  const payload = new ByteWriter();
  writeVarint(payload, id);
  payload.latin1(serializePriority(priority));
  core.controlFrame(FrameType.PRIORITY_UPDATE_REQUEST, payload);
}
