import assert from "node:assert/strict";
import fc from "fast-check";
import { FrameAction, FrameReader, type FrameSink } from "../../h2/frame_reader.ts";
import { writeFrameHeader } from "../../h2/frame_writer.ts";
import { ByteWriter } from "../../wire/byte_writer.ts";
import { corpusTest, fromHex, readCorpus } from "../support/corpora.ts";
import {
  Flag,
  frame,
  FrameType,
  join,
  latin1,
  octets,
  type ParsedFrame,
  uint32,
} from "../support/h2_frames.ts";
import { RawPeer } from "../support/h2_peer.ts";

/** Takes everything down that a reader says; content of DATA without its padding. */
class Recorder implements FrameSink {
  isStopped = false;
  readonly frames: { type: number; flags: number; stream: number; payload: Uint8Array }[] = [];
  receiveFrameHeader(type: number): FrameAction {
    return type === FrameType.DATA ? FrameAction.PIECES : FrameAction.GATHER;
  }
  receiveFrame(
    type: number,
    flags: number,
    stream: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    this.frames.push({ type, flags, stream, payload: bytes.slice(start, end) });
  }
  receiveDataStart(stream: number, flags: number): void {
    this.frames.push({ type: FrameType.DATA, flags, stream, payload: new Uint8Array(0) });
  }
  receiveDataPiece(bytes: Uint8Array, start: number, end: number): void {
    const last = this.frames.at(-1)!;
    last.payload = join(last.payload, bytes.subarray(start, end));
  }
  receiveBadPadding(): void {
    this.isStopped = true;
  }
}

function read(bytes: Uint8Array, cuts: readonly number[]): Recorder["frames"] {
  const recorder = new Recorder();
  const reader = new FrameReader(recorder);
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  let from = 0;
  for (const end of ends) {
    const piece = bytes.slice(from, end);
    reader.receive(piece, 0);
    piece.fill(0xee);
    from = end;
  }
  assert.equal(reader.isMidFrame, false);
  return recorder.frames;
}

const frameArbitrary = fc.record({
  type: fc.constantFrom(0, 1, 2, 4, 8, 0x10, 0xfa),
  flags: fc.integer({ min: 0, max: 255 }),
  stream: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
  payload: fc.uint8Array({ maxLength: 700 }),
}, { noNullPrototype: true }).map((parts) =>
  parts.type === FrameType.DATA ? { ...parts, flags: parts.flags & ~Flag.PADDED } : parts
);

Deno.test("FrameReader reads what the writer wrote, however it is cut [9113-4.2:size]", () => {
  fc.assert(
    fc.property(
      fc.array(frameArbitrary, { maxLength: 8 }),
      fc.array(fc.nat(6000), { maxLength: 30 }),
      (frames, cuts) => {
        const writer = new ByteWriter();
        for (const { type, flags, stream, payload } of frames) {
          writeFrameHeader(writer, payload.length, type, flags, stream);
          writer.bytes(payload);
        }
        assert.deepEqual(read(writer.take(), cuts), frames);
      },
    ),
  );
});

Deno.test("FrameReader leaves padding out, however it is cut [9113-6.1:padding]", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 300 }),
      fc.integer({ min: 0, max: 255 }),
      fc.array(fc.nat(600), { maxLength: 20 }),
      (content, padding, cuts) => {
        const bytes = frame(0, Flag.PADDED, 1, join(octets(padding, 1), content, new Uint8Array(padding)));
        const next = frame(FrameType.PING, 0, 0, latin1("12345678"));
        const [first, second] = read(join(bytes, next), cuts);
        assert.deepEqual(first!.payload, content);
        assert.equal(second!.type, FrameType.PING);
      },
    ),
  );
});

Deno.test("FrameReader keeps no more of a frame than came", () => {
  const reader = new FrameReader(new Recorder());
  reader.receive(frame(FrameType.HEADERS, 0, 1, new Uint8Array(10), 0xff_ffff), 0);
  assert.equal(reader.isMidControl, true);
});

interface FrameCase {
  readonly wire: string;
  readonly frame: {
    readonly type: number;
    readonly flags: number;
    readonly stream_identifier: number;
    readonly length: number;
    readonly frame_payload: Record<string, unknown>;
  } | null;
  readonly error: number[] | null;
}

/** Takes a payload apart, as the vectors name its parts. */
function describe({ type, flags, payload }: ParsedFrame): Record<string, unknown> {
  const padding = (flags & Flag.PADDED) !== 0 && type !== FrameType.PING ? payload[0]! : undefined;
  const end = payload.length - (padding ?? 0);
  const text = (from: number, to = end) => String.fromCharCode(...payload.subarray(from, to));
  const from = padding === undefined ? 0 : 1;
  const pad = {
    padding_length: padding ?? null,
    padding: padding === undefined ? null : text(end, payload.length),
  };
  switch (type) {
    case FrameType.DATA:
      return { data: text(from), ...pad };
    case FrameType.HEADERS: {
      const has = (flags & Flag.PRIORITY) !== 0;
      const dependency = has ? uint32(payload, from) : 0;
      return {
        stream_dependency: has ? dependency & 0x7fff_ffff : null,
        exclusive: has ? dependency >>> 31 === 1 : null,
        weight: has ? payload[from + 4]! + 1 : null,
        header_block_fragment: text(from + (has ? 5 : 0)),
        ...pad,
      };
    }
    case FrameType.PRIORITY:
      return {
        stream_dependency: uint32(payload) & 0x7fff_ffff,
        exclusive: uint32(payload) >>> 31 === 1,
        weight: payload[4]! + 1,
        ...pad,
      };
    case FrameType.RST_STREAM:
      return { error_code: uint32(payload) };
    case FrameType.SETTINGS:
      return {
        settings: Array.from(
          { length: payload.length / 6 },
          (_, i) => [payload[i * 6]! * 256 + payload[i * 6 + 1]!, uint32(payload, i * 6 + 2)],
        ),
      };
    case FrameType.PUSH_PROMISE:
      return { promised_stream_id: uint32(payload, from), header_block_fragment: text(from + 4), ...pad };
    case FrameType.PING:
      return { opaque_data: text(0) };
    case FrameType.GOAWAY:
      return {
        last_stream_id: uint32(payload),
        error_code: uint32(payload, 4),
        additional_debug_data: text(8),
      };
    case FrameType.WINDOW_UPDATE:
      return { window_size_increment: uint32(payload) };
    default:
      return { header_block_fragment: text(0) };
  }
}

/** A reader that takes whole payloads of all frames, also of DATA. */
class RawRecorder extends Recorder {
  override receiveFrameHeader(): FrameAction {
    return FrameAction.GATHER;
  }
}

corpusTest("FrameReader and writer agree with the public frame cases", async () => {
  const { cases } = await readCorpus<{ cases: Record<string, FrameCase> }>("h2-frames/frame-test-case.json");
  let valid = 0;
  let wrong = 0;
  for (const [name, { wire, frame: expected, error }] of Object.entries(cases)) {
    const bytes = fromHex(wire);
    if (expected !== null) {
      const recorder = new RawRecorder();
      new FrameReader(recorder).receive(bytes, 0);
      const [seen] = recorder.frames;
      assert(seen !== undefined, name);
      assert.equal(seen.type, expected.type, name);
      assert.equal(seen.flags, expected.flags, name);
      assert.equal(seen.stream, expected.stream_identifier, name);
      assert.equal(seen.payload.length, expected.length, name);
      const parts = describe({ ...seen, name });
      for (const [key, value] of Object.entries(expected.frame_payload)) {
        assert.deepEqual(parts[key], value, name);
      }
      const writer = new ByteWriter();
      writeFrameHeader(writer, seen.payload.length, seen.type, seen.flags, seen.stream);
      writer.bytes(seen.payload);
      assert.deepEqual(writer.take().slice(), bytes, name);
      valid++;
    } else {
      const peer = new RawPeer({}, "whole");
      peer.sends(bytes);
      const goaway = peer.frames().find(({ type }) => type === FrameType.GOAWAY);
      assert(goaway !== undefined && error!.includes(uint32(goaway.payload, 4)), name);
      wrong++;
    }
  }
  assert.deepEqual([valid, wrong], [12, 22]);
});
