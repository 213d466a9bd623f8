import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type BareItem,
  type Member,
  type Parameters,
  parseDictionary,
  parseItem,
  parseList,
} from "../../semantics/structured_fields.ts";
import { corpusTest, readCorpus } from "../support/corpora.ts";

interface Vector {
  readonly name: string;
  readonly raw: readonly string[];
  readonly header_type: "dictionary" | "list" | "item";
  readonly expected?: unknown;
  readonly must_fail?: boolean;
  readonly can_fail?: boolean;
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

function base32(bytes: Uint8Array): string {
  let bits = "";
  for (const byte of bytes) bits += byte.toString(2).padStart(8, "0");
  let text = "";
  for (let i = 0; i < bits.length; i += 5) text += ALPHABET[parseInt(bits.slice(i, i + 5).padEnd(5, "0"), 2)];
  return text.padEnd(Math.ceil(text.length / 8) * 8, "=");
}

function showBare(bare: BareItem): unknown {
  switch (bare.type) {
    case "bytes":
      return { __type: "binary", value: base32(bare.value) };
    case "token":
      return { __type: "token", value: bare.value };
    case "date":
      return { __type: "date", value: bare.value };
    case "display":
      return { __type: "displaystring", value: bare.value };
    default:
      return bare.value;
  }
}

const showParameters = (parameters: Parameters): unknown =>
  [...parameters].map(([key, bare]) => [key, showBare(bare)]);

function showMember(member: Member): unknown {
  if ("bare" in member) return [showBare(member.bare), showParameters(member.parameters)];
  return [member.items.map(showMember), showParameters(member.parameters)];
}

function show({ raw, header_type: type }: Vector): unknown {
  const text = raw.join(", ");
  if (type === "dictionary") {
    const members = parseDictionary(text);
    return members && [...members].map(([key, member]) => [key, showMember(member)]);
  }
  if (type === "list") return parseList(text)?.map(showMember);
  const item = parseItem(text);
  return item && showMember(item);
}

corpusTest(
  "parseDictionary, parseList and parseItem agree with the vectors of the working group",
  async () => {
    const files = await readCorpus<Record<string, readonly Vector[]>>("structured-fields/parse.json.gz");
    const wrong: string[] = [];
    let count = 0;
    for (const [file, vectors] of Object.entries(files)) {
      for (const vector of vectors) {
        count++;
        const got = show(vector);
        if (vector.must_fail === true) {
          if (got !== undefined) wrong.push(`${file}: ${vector.name}: taken`);
          continue;
        }
        if (got === undefined && vector.can_fail === true) continue;
        try {
          assert.deepEqual(got, vector.expected);
        } catch {
          wrong.push(
            `${file}: ${vector.name}: ${JSON.stringify(got)} and not ${JSON.stringify(vector.expected)}`,
          );
        }
      }
    }
    assert.deepEqual(wrong, []);
    assert(count >= 135, `only ${count} vectors`);
  },
);

Deno.test("parseDictionary reads all kinds of members (RFC 9651 section 3.2)", () => {
  const members = parseDictionary(
    'a, b=1;x, c=(1 "t");y=2, d=?0, e=tok/en, f=:AQI=:, g=@5, h=%"%c3%bc", i=-1.5',
  )!;
  assert.deepEqual([...members].map(([key, member]) => [key, showMember(member)]), [
    ["a", [true, []]],
    ["b", [1, [["x", true]]]],
    ["c", [[[1, []], ["t", []]], [["y", 2]]]],
    ["d", [false, []]],
    ["e", [{ __type: "token", value: "tok/en" }, []]],
    ["f", [{ __type: "binary", value: base32(new Uint8Array([1, 2])) }, []]],
    ["g", [{ __type: "date", value: 5 }, []]],
    ["h", [{ __type: "displaystring", value: "ü" }, []]],
    ["i", [-1.5, []]],
  ]);
});

Deno.test("parseDictionary, parseList and parseItem never throw", () => {
  const text = fc.oneof(fc.string({ unit: "binary" }), fc.stringMatching(/^[a-c*=,; ()?01.\-:@%"\\]{0,16}$/));
  fc.assert(
    fc.property(text, (text) => {
      parseDictionary(text);
      parseList(text);
      parseItem(text);
    }),
    { numRuns: 2000 },
  );
});
