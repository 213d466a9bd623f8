import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { ByteWriter, QpackDecoder, QpackEncoder, type QpackPolicy } from "../../qpack/mod.ts";
import { QIFS, readQif } from "../qpack/corpus_files.ts";
import { corpora } from "../support/corpora.ts";

const SCRIPT = new URL("peers/qpack_decode.py", import.meta.url).pathname;

/** A Python that has pylsqpack: the one of the peers that are installed, or the system's. */
function findPython(): string | undefined {
  const own = new URL("peers/bin/venv/bin/python", import.meta.url).pathname;
  for (const program of [own, "python3"]) {
    try {
      const args = ["-c", "import pylsqpack"];
      const { success } = new Deno.Command(program, { args, stderr: "null" }).outputSync();
      if (success) return program;
    } catch {
      // It is not there.
    }
  }
  return undefined;
}

const python = findPython();

function missing(): string | undefined {
  if (!corpora.available) return "the corpora are not at ../shared/corpora";
  return python === undefined ? "no python3 with the package pylsqpack is installed" : undefined;
}

interface Case {
  readonly qif: string;
  readonly policy: QpackPolicy;
  readonly capacity: number;
  readonly blocked: number;
  /** Whether all is acknowledged at once. */
  readonly ack: boolean;
}

interface Encoded extends Case {
  readonly encoder: QpackEncoder;
  readonly bytes: Uint8Array;
  readonly mayBlock: boolean;
}

interface Answer {
  readonly error?: string;
  readonly lists: number;
  readonly sha256: string;
  readonly blocked: number;
  readonly control: string;
}

const CASES: Case[] = [];
for (const qif of QIFS) {
  for (const policy of ["safe", "eager"] as const) {
    for (const capacity of [0, 256, 4096]) {
      for (const blocked of [0, 100]) {
        for (const ack of [false, true]) CASES.push({ qif, policy, capacity, blocked, ack });
      }
    }
  }
}

function encode(lists: readonly string[][], options: Case): Encoded {
  const { policy, capacity, blocked, ack } = options;
  const peer = { maxTableBytes: capacity, maxBlockedStreams: blocked };
  const encoder = new QpackEncoder({ policy });
  encoder.setPeer(peer);
  const decoder = new QpackDecoder({ ...peer, maxListBytes: 1 << 20, maxFields: 1000 });
  const file = new ByteWriter();
  const writer = new ByteWriter();
  function block(streamId: number, bytes: Uint8Array): void {
    file.uint32(0);
    file.uint32(streamId);
    file.uint32(bytes.length);
    file.bytes(bytes);
  }
  // Sections come before the inserts they need where that is allowed.
  const mayBlock = policy === "eager" && blocked > 0 && capacity > 0;
  for (const [i, flat] of lists.entries()) {
    encoder.encode(i + 1, flat, writer);
    const section = writer.take();
    const instructions = encoder.takeInstructions();
    if (mayBlock) block(i + 1, section);
    if (instructions.length > 0) block(0, instructions);
    if (!mayBlock) block(i + 1, section);
    if (!ack) continue;
    decoder.receiveEncoder(instructions);
    decoder.decode(i + 1, section);
    encoder.receiveDecoder(decoder.takeInstructions());
  }
  return { ...options, encoder, bytes: file.take().slice(), mayBlock };
}

function digestOf(lists: readonly string[][]): string {
  const digest = createHash("sha256");
  for (const flat of lists) {
    let text = "";
    for (let i = 0; i < flat.length; i += 2) text += `${flat[i]}\t${flat[i + 1]}\n`;
    digest.update(text + "\n", "latin1");
  }
  return digest.digest("hex");
}

async function decodeElsewhere(files: readonly Encoded[]): Promise<Answer[]> {
  const child = new Deno.Command(python!, { args: [SCRIPT], stdin: "piped", stdout: "piped" }).spawn();
  const output = child.output();
  const writer = child.stdin.getWriter();
  for (const { capacity, blocked, bytes } of files) {
    await writer.write(
      new TextEncoder().encode(JSON.stringify({ capacity, blocked, bytes: bytes.length }) + "\n"),
    );
    await writer.write(bytes);
  }
  await writer.close();
  const { stdout } = await output;
  return new TextDecoder().decode(stdout).trim().split("\n").map((line) => JSON.parse(line) as Answer);
}

const reason = missing();
const title = "QpackEncoder writes what ls-qpack decodes exactly, and understands its answers";
Deno.test({
  name: reason === undefined ? title : `${title} (${reason})`,
  ignore: reason !== undefined,
  fn: async () => {
    const lists = new Map<string, string[][]>();
    for (const qif of QIFS) lists.set(qif, await readQif(qif));
    const files = CASES.map((options) => encode(lists.get(options.qif)!, options));
    const answers = await decodeElsewhere(files);
    assert.equal(answers.length, CASES.length);
    let blocked = 0;
    for (const [i, { encoder, bytes: _, mayBlock, ...options }] of files.entries()) {
      const answer = answers[i]!;
      const name = JSON.stringify(options);
      assert.equal(answer.error, undefined, name);
      assert.equal(answer.lists, lists.get(options.qif)!.length, name);
      assert.equal(answer.sha256, digestOf(lists.get(options.qif)!), name);
      if (!mayBlock) assert.equal(answer.blocked, 0, name);
      blocked += answer.blocked;
      if (options.ack) continue;
      encoder.receiveDecoder(Uint8Array.fromHex(answer.control));
      assert.equal(encoder.outstandingSections, 0, name);
      assert.equal(encoder.riskyStreams, 0, name);
    }
    assert(blocked > 0);
  },
});
