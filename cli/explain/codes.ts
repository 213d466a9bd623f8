/** An error code of a protocol, in our words. */
export interface CodeEntry {
  /** The name as in the RFC. */
  readonly name: string;
  /** The number on the wire. */
  readonly code: number;
  /** The protocol that it belongs to. */
  readonly protocol: "h2" | "h3" | "qpack";
  /** One sentence that says what it means. */
  readonly text: string;
}

function entries(
  protocol: CodeEntry["protocol"],
  rows: readonly (readonly [number, string, string])[],
): CodeEntry[] {
  return rows.map(([code, name, text]) => ({ name, code, protocol, text }));
}

/** Every error code of RFC 9113 section 7, RFC 9114 section 8.1 and RFC 9204 section 6. */
export const CODES: readonly CodeEntry[] = [
  ...entries("h2", [
    [0x0, "NO_ERROR", "All is well; the stream or connection simply ends."],
    [0x1, "PROTOCOL_ERROR", "The other end broke a rule for which there is no code of its own."],
    [0x2, "INTERNAL_ERROR", "The sender failed in a way that has nothing to do with the other end."],
    [0x3, "FLOW_CONTROL_ERROR", "More was sent than the window allowed, or a window became too large."],
    [0x4, "SETTINGS_TIMEOUT", "The settings were not acknowledged in time."],
    [0x5, "STREAM_CLOSED", "A frame came on a stream whose half was already closed."],
    [0x6, "FRAME_SIZE_ERROR", "A frame was longer than allowed or not as long as its type asks for."],
    [0x7, "REFUSED_STREAM", "Nothing was done about the request: it can be sent again safely."],
    [0x8, "CANCEL", "The sender does not want the rest of the stream."],
    [0x9, "COMPRESSION_ERROR", "A header block could not be decoded; the tables are out of step."],
    [0xa, "CONNECT_ERROR", "The connection behind a CONNECT was reset or lost."],
    [0xb, "ENHANCE_YOUR_CALM", "The other end causes too much work."],
    [0xc, "INADEQUATE_SECURITY", "The TLS version or cipher is too weak for HTTP/2."],
    [0xd, "HTTP_1_1_REQUIRED", "The request has to be made over HTTP/1.1."],
  ]),
  ...entries("h3", [
    [0x100, "H3_NO_ERROR", "All is well; the stream or connection simply ends."],
    [0x101, "H3_GENERAL_PROTOCOL_ERROR", "The other end broke a rule for which there is no code of its own."],
    [0x102, "H3_INTERNAL_ERROR", "The sender failed in a way that has nothing to do with the other end."],
    [0x103, "H3_STREAM_CREATION_ERROR", "The other end opened a stream that it may not open."],
    [0x104, "H3_CLOSED_CRITICAL_STREAM", "A stream without which the connection cannot go on was closed."],
    [0x105, "H3_FRAME_UNEXPECTED", "A frame came where its type is not allowed."],
    [0x106, "H3_FRAME_ERROR", "A frame has a wrong length or layout."],
    [0x107, "H3_EXCESSIVE_LOAD", "The other end causes too much work."],
    [0x108, "H3_ID_ERROR", "An id was used that is out of order or out of bounds."],
    [0x109, "H3_SETTINGS_ERROR", "A setting is not allowed or has a bad value."],
    [0x10a, "H3_MISSING_SETTINGS", "The control stream did not begin with SETTINGS."],
    [0x10b, "H3_REQUEST_REJECTED", "Nothing was done about the request: it can be sent again safely."],
    [0x10c, "H3_REQUEST_CANCELLED", "The sender does not want the rest of the request or response."],
    [0x10d, "H3_REQUEST_INCOMPLETE", "The request stream ended before the request was whole."],
    [0x10e, "H3_MESSAGE_ERROR", "A message broke a rule of HTTP."],
    [0x10f, "H3_CONNECT_ERROR", "The connection behind a CONNECT was reset or lost."],
    [0x110, "H3_VERSION_FALLBACK", "The request has to be made over another version of HTTP."],
  ]),
  ...entries("qpack", [
    [0x200, "QPACK_DECOMPRESSION_FAILED", "A field section could not be decoded."],
    [0x201, "QPACK_ENCODER_STREAM_ERROR", "An instruction on the encoder stream made no sense."],
    [0x202, "QPACK_DECODER_STREAM_ERROR", "An instruction on the decoder stream made no sense."],
  ]),
];
