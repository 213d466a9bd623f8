import type { Rule } from "./mod.ts";

/** Rules of HTTP/3 frames, streams and connections (RFC 9114 but section 4, RFC 9220, RFC 9297, RFC 9412). */
export const H3_RULES = {
  // RFC 9114: streams.
  "9114-4.1:incomplete": { level: "MUST", text: "A request stream that ends carries a whole request." },
  "9114-4.1.1:cancelled": {
    level: "SHOULD",
    text: "A side that wants no more of an exchange resets and stops its stream.",
  },
  "9114-4.2.2": {
    level: "SHOULD",
    text: "No field section is sent that is larger than the peer said it takes.",
  },
  "9114-4.4": { level: "MUST", text: "In a tunnel no frame of a known type is sent but DATA." },
  "9114-4.6": {
    level: "MUST",
    text: "A server promises no push beyond what the client allowed; we allow none.",
  },
  "9114-5.2:id": {
    level: "MUST",
    text: "A GOAWAY of a server names a request stream of the client, or none that can exist yet.",
  },
  "9114-5.2:growing": {
    level: "MUST",
    text: "The id of a GOAWAY is not larger than that of the one before.",
  },
  "9114-5.2:refused": { level: "MUST", text: "Requests from the id of a GOAWAY on are not worked on." },
  "9114-6.1": { level: "MUST", text: "A server opens no bidirectional streams." },
  "9114-6.2": { level: "MUST", text: "A stream of an unknown type may be stopped, and ends nothing else." },
  "9114-6.2.1:one": { level: "MUST", text: "Each end opens one control stream." },
  "9114-6.2.1:closed": {
    level: "MUST",
    text: "Control, encoder and decoder streams stay open as long as the connection.",
  },
  "9114-6.2.1:settings": { level: "MUST", text: "The first frame of a control stream is SETTINGS." },
  "9114-6.2.2:client": { level: "MUST", text: "A client opens no push streams." },
  "9114-6.2.2:push": {
    level: "MUST",
    text: "A push stream belongs to a push that the client allowed; we allow none.",
  },

  // RFC 9114: frames.
  "9114-7.1": {
    level: "MUST",
    text: "A frame is exactly as long as it says, and a stream does not end within one.",
  },
  "9114-7.2.1": { level: "MUST", text: "DATA frames stand on request streams only." },
  "9114-7.2.2": { level: "MUST", text: "HEADERS frames stand on request streams only." },
  "9114-7.2.3:stream": { level: "MUST", text: "CANCEL_PUSH frames stand on the control stream only." },
  "9114-7.2.3:id": { level: "MUST", text: "CANCEL_PUSH names a push that was promised or allowed." },
  "9114-7.2.4": { level: "MUST", text: "SETTINGS come once, as the first frame of the control stream." },
  "9114-7.2.4:duplicate": { level: "MUST", text: "No setting occurs twice." },
  "9114-7.2.4.1": { level: "MUST", text: "The settings that HTTP/2 has and HTTP/3 has not do not occur." },
  "9114-7.2.4.2": {
    level: "MUST",
    text: "After accepted early data a server allows no less than the client remembered.",
  },
  "9114-7.2.5": { level: "MUST", text: "PUSH_PROMISE frames come from servers, on request streams." },
  "9114-7.2.6": { level: "MUST", text: "GOAWAY frames stand on the control stream only." },
  "9114-7.2.7": { level: "MUST", text: "MAX_PUSH_ID frames come from clients, on the control stream." },
  "9114-7.2.7:shrinking": {
    level: "MUST",
    text: "The id of a MAX_PUSH_ID is not smaller than that of the one before.",
  },
  "9114-7.2.8": { level: "MUST", text: "The frame types that HTTP/2 has and HTTP/3 has not do not occur." },
  "9114-8": { level: "MUST", text: "An engine that fails says so with H3_INTERNAL_ERROR." },

  // RFC 9204: the streams of QPACK.
  "9204-4.2": { level: "MUST", text: "Each end opens at most one encoder and one decoder stream." },

  // RFC 9218: priorities.
  "9218-7.2:stream": {
    level: "MUST",
    text: "PRIORITY_UPDATE frames come from clients, on the control stream.",
  },
  "9218-7.2:id": {
    level: "MUST",
    text: "A PRIORITY_UPDATE names a request stream, or a push that was promised.",
  },

  // Extensions.
  "8470-5.2": {
    level: "MUST",
    text: "A request that may not be repeated is answered with 425 while it is early data.",
  },
  "9220-3": { level: "MUST", text: "A setting that is a switch is 0 or 1." },
  "9297-2.1": { level: "MUST", text: "A datagram begins with the id of a request stream, divided by four." },
  "9297-2.1.1": { level: "MUST", text: "Datagrams are sent only when both ends announced them." },
  "9297-3.3": { level: "MUST", text: "A stream of capsules does not end within a capsule." },
  "9412-2:stream": { level: "MUST", text: "ORIGIN frames stand on the control stream only." },
  "9412-2:syntax": { level: "MUST", text: "An ORIGIN frame is a list of entries that fill it exactly." },
} as const satisfies Record<string, Rule>;
