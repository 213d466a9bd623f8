import { latin1ToString } from "../wire/latin1.ts";
import { readVarintBig, varintLength } from "../wire/varint.ts";
import { FrameType, settingName } from "./frame_types.ts";

/** What the payload of a short control frame that this end wrote says, by the RFC's names. */
export function describePayload(
  type: number,
  bytes: Uint8Array,
  from: number,
  to: number,
): Record<string, unknown> | undefined {
  switch (type) {
    case FrameType.SETTINGS: {
      const settings: Record<string, number> = {};
      for (let at = from; at < to;) {
        const id = varintAt(bytes, at);
        at += varintLength(bytes[at]!);
        if (at >= to) break;
        settings[settingName(id)] = varintAt(bytes, at);
        at += varintLength(bytes[at]!);
      }
      return settings;
    }
    case FrameType.GOAWAY:
      return { id: varintAt(bytes, from) };
    case FrameType.PRIORITY_UPDATE_REQUEST:
    case FrameType.PRIORITY_UPDATE_PUSH:
      return {
        id: varintAt(bytes, from),
        value: latin1ToString(bytes, from + varintLength(bytes[from]!), to),
      };
    case FrameType.ORIGIN: {
      const origins: string[] = [];
      for (let at = from; at + 2 <= to;) {
        const end = at + 2 + (bytes[at]! << 8 | bytes[at + 1]!);
        if (end > to) break;
        origins.push(latin1ToString(bytes, at + 2, end));
        at = end;
      }
      return { origins };
    }
    default:
      return undefined;
  }
}

/** The integer at `at`; beyond 2^53 the nearest double, as in traces of what is received. */
function varintAt(bytes: Uint8Array, at: number): number {
  return Number(readVarintBig(bytes, at));
}
