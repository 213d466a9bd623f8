import assert from "node:assert/strict";
import { HpackEncoder, isSensitiveField } from "../../hpack/mod.ts";
import { ByteWriter } from "../../wire/byte_writer.ts";
import { corpora } from "../support/corpora.ts";
import { casesOf, readStories } from "../support/hpack_stories.ts";

/** Our output is decoded here by the Python package hpack, which is not ours. */
const script = new URL("peers/hpack_decode.py", import.meta.url).pathname;

type Field = [name: string, value: string, never: boolean];

interface Context {
  readonly tableBytes: number;
  readonly blocks: readonly string[];
}

/** The first Python that has the package; the one of the system may not be the first on the path. */
async function findPython(): Promise<string | undefined> {
  for (const program of ["python3", "/usr/bin/python3"]) {
    try {
      const probe = new Deno.Command(program, {
        args: ["-c", "from hpack import Decoder"],
        cwd: new URL("peers", import.meta.url),
        stderr: "null",
      });
      if ((await probe.output()).success) return program;
    } catch {
      // Not there: try the next.
    }
  }
  return undefined;
}

const python = await findPython();

async function decodeElsewhere(contexts: Context[]): Promise<Field[][][]> {
  const process = new Deno.Command(python!, {
    args: [script],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const input = process.stdin.getWriter();
  const written = input.write(new TextEncoder().encode(JSON.stringify(contexts))).then(() => input.close());
  const [output] = await Promise.all([process.output(), written.catch(() => {})]);
  assert(output.success, "the foreign decoder failed");
  return JSON.parse(new TextDecoder().decode(output.stdout));
}

function encodeStory(lists: readonly string[][], tableBytes: number): Context {
  const encoder = new HpackEncoder({ maxTableBytes: tableBytes });
  encoder.setMaxTableBytes(tableBytes);
  const writer = new ByteWriter();
  const blocks = lists.map((flat) => {
    encoder.encode(writer, flat);
    const block = writer.take();
    const hex = block.toHex();
    writer.give(block);
    return hex;
  });
  return { tableBytes, blocks };
}

const missing = !corpora.available
  ? "the corpora are not at ../shared/corpora"
  : python === undefined
  ? "no python3 with the package hpack is installed"
  : undefined;

for (const size of [0, 256, 4096, 65_536]) {
  const name = `python hpack decodes what HpackEncoder wrote of every raw-data story, table ${size}`;
  const test = async () => {
    const stories = (await readStories("raw-data")).map((story) => casesOf(story).map((entry) => entry.flat));
    const decoded = await decodeElsewhere(stories.map((lists) => encodeStory(lists, size)));
    let lists = 0;
    stories.forEach((story, i) =>
      story.forEach((flat, j) => {
        const fields = decoded[i]![j]!;
        assert.deepEqual(fields.flatMap(([name, value]) => [name, value]), flat);
        for (const [name, value, never] of fields) assert.equal(never, isSensitiveField(name, value), name);
        lists++;
      })
    );
    assert.equal(lists, 2540);
  };
  if (missing === undefined) Deno.test(name, test);
  else Deno.test.ignore(`${name} (${missing})`, test);
}
