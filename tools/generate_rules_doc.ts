/**
 * Writes `docs/rules.md`: every rule that is enforced, by the list that holds it.
 *
 *     deno run -RW tools/generate_rules_doc.ts
 *
 * @module
 */
import {
  H2_RULES,
  H3_RULES,
  HPACK_RULES,
  HTTP_RULES,
  LIMIT_RULES,
  QPACK_RULES,
  type Rule,
} from "../semantics/mod.ts";

type RuleList = Readonly<Record<string, Rule>>;

const PARTS: readonly { readonly title: string; readonly about: string; readonly rules: RuleList }[] = [
  {
    title: "Messages",
    about:
      "What HTTP/2 and HTTP/3 share: RFC 9110, RFC 9113 section 8, RFC 9114 section 4, RFC 8441, RFC 9220.",
    rules: HTTP_RULES,
  },
  {
    title: "HTTP/2",
    about: "Frames, streams and connections: RFC 9113, RFC 8441, RFC 8336, RFC 7838, RFC 9218.",
    rules: H2_RULES,
  },
  {
    title: "HTTP/3",
    about: "Frames, streams and connections: RFC 9114, RFC 9220, RFC 9297, RFC 9412, RFC 9218.",
    rules: H3_RULES,
  },
  { title: "HPACK", about: "Field compression of HTTP/2: RFC 7541.", rules: HPACK_RULES },
  { title: "QPACK", about: "Field compression of HTTP/3: RFC 9204.", rules: QPACK_RULES },
  {
    title: "Limits",
    about:
      "Bounds of our own. The word after the colon is the reason that goes on the wire and names the counter.",
    rules: LIMIT_RULES,
  },
];

const INTRODUCTION = [
  "Every rule that is enforced has an id: the number of the RFC, the section and, where a section has " +
  "several rules, a word. Errors, test titles and the command line cite it; `tandem explain ID` tells " +
  "about one. The sentences are ours, not those of the RFCs.",
  "This page is made by `deno run -RW tools/generate_rules_doc.ts` from `semantics/rules/`.",
];
const LINE_WIDTH = 110;

/** The page as it should be, in the form that `deno fmt` gives it. */
export function renderRules(): string {
  const blocks = ["# Rules", ...INTRODUCTION.map(wrap)];
  for (const { title, about, rules } of PARTS) {
    const ids = Object.keys(rules).sort(compareIds);
    const rows = ids.map((id) => [link(id), rules[id]!.level, rules[id]!.text.replaceAll("|", "\\|")]);
    blocks.push(`## ${title}`, wrap(about), renderTable(["Rule", "Level", "What it asks for"], rows));
  }
  return blocks.join("\n\n") + "\n";
}

function renderTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((text, i) => Math.max(text.length, ...rows.map((row) => row[i]!.length)));
  const render = (cells: readonly string[]) =>
    `| ${cells.map((text, i) => text.padEnd(widths[i]!)).join(" | ")} |`;
  return [render(head), render(widths.map((width) => "-".repeat(width))), ...rows.map(render)].join("\n");
}

function wrap(text: string): string {
  let lines = "";
  let length = 0;
  for (const word of text.split(" ")) {
    const fits = length + 1 + word.length <= LINE_WIDTH;
    lines += length === 0 ? word : fits ? ` ${word}` : `\n${word}`;
    length = length === 0 || !fits ? word.length : length + 1 + word.length;
  }
  return lines;
}

/** By RFC, then by section as numbers, then by word. */
function compareIds(one: string, other: string): number {
  const a = one.split(/[-.:]/);
  const b = other.split(/[-.:]/);
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const difference = Number(a[i]) - Number(b[i]);
    if (difference !== 0 && !Number.isNaN(difference)) return difference;
    if (a[i] !== b[i]) return a[i]! < b[i]! ? -1 : 1;
  }
  return a.length - b.length;
}

function link(id: string): string {
  const found = /^(\d+)-([A-Z0-9.]+)(:.*)?$/.exec(id);
  if (found === null) return `\`${id}\``;
  const [, rfc, section] = found;
  const anchor = /^[A-Z]/.test(section!) ? `appendix-${section}` : `section-${section}`;
  return `[\`${id}\`](https://www.rfc-editor.org/rfc/rfc${rfc}.html#${anchor})`;
}

if (import.meta.main) {
  await Deno.writeTextFile(new URL("../docs/rules.md", import.meta.url), renderRules());
}
