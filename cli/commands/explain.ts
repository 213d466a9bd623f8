import { CliError, EXIT, usageError } from "../errors.ts";
import { type CodeEntry, CODES } from "../explain/codes.ts";
import type { OutputFlags } from "../flags.ts";
import { openIo } from "../io.ts";
import type { CliContext } from "../routes.ts";
import { runCommand } from "../run_command.ts";
import { type Rule, RULES } from "../../semantics/rules/mod.ts";
import type { Style } from "../ui/style.ts";
import { PROGRAM } from "../version.ts";

/** The flags of `explain`. */
export type ExplainFlags = OutputFlags;

/** `tandem explain RULE|CODE`: what a rule or an error code means. */
export async function explain(this: CliContext, flags: ExplainFlags, subject?: string): Promise<void> {
  await runCommand(this, () => Promise.resolve(runExplain(flags, subject)));
}

type RuleEntry = readonly [id: string, rule: Rule];

/** Rules with that id, else those of that section and what lies below it, with or without the RFC's number. */
function findRules(subject: string): RuleEntry[] {
  const all = Object.entries(RULES) as RuleEntry[];
  const wanted = subject.toLowerCase().replace(/^rfc ?(\d+) ?(?:§|section )? ?/, "$1-");
  const exact = all.filter(([id]) => id === wanted);
  if (exact.length > 0) return exact;
  const isSection = /^[\d.]+$/.test(wanted);
  return all.filter(([id]) => {
    if (id === `limit:${wanted}`) return true;
    const tail = isSection ? id.slice(id.indexOf("-") + 1) : id;
    return tail === wanted || tail.startsWith(`${wanted}:`) || tail.startsWith(`${wanted}.`) ||
      (/^\d+$/.test(wanted) && id.startsWith(`${wanted}-`));
  });
}

function findCodes(subject: string): CodeEntry[] {
  const name = subject.toUpperCase().replaceAll("-", "_");
  const number = /^(?:0x[0-9a-f]+|\d+)$/i.test(subject) ? Number(subject) : undefined;
  return CODES.filter((entry) => entry.name === name || entry.name === `H3_${name}` || entry.code === number);
}

/** Where the text of an RFC section is, for a rule's id. */
function sectionUrl(id: string): string | undefined {
  const match = /^(\d{4,5})-(\d+(?:\.\d+)*)/.exec(id);
  return match === null ? undefined : `https://www.rfc-editor.org/rfc/rfc${match[1]}#section-${match[2]}`;
}

function hex(code: number): string {
  return `0x${code.toString(16)}`;
}

function asText(rules: readonly RuleEntry[], codes: readonly CodeEntry[], style: Style): string {
  const lines: string[] = [];
  for (const entry of codes) {
    lines.push(`${style.bold(entry.name)}  ${hex(entry.code)}  ${entry.protocol}`, `  ${entry.text}`);
  }
  for (const [id, rule] of rules) {
    const url = sectionUrl(id);
    lines.push(
      `${style.bold(id)}  ${rule.level === "limit" ? "a bound of our own" : rule.level}`,
      `  ${rule.text}`,
    );
    if (url !== undefined) lines.push(`  ${style.dim(url)}`);
  }
  return lines.join("\n") + "\n";
}

function runExplain(flags: ExplainFlags, subject: string | undefined): number {
  if (subject === undefined || subject === "") {
    throw usageError(
      "no rule or code given",
      `${PROGRAM} explain 9113-8.2.1`,
      `${PROGRAM} explain PROTOCOL_ERROR`,
    );
  }
  const io = openIo(flags);
  const rules = findRules(subject);
  const codes = findCodes(subject);
  if (rules.length === 0 && codes.length === 0) {
    throw new CliError(`there is no rule or code "${subject}"`, {
      code: "unknown-subject",
      exit: EXIT.USAGE,
      hints: [`${PROGRAM} explain 9113 lists the rules of an RFC; codes go by name or number (0x1)`],
    });
  }
  if (flags.json === true) {
    io.out(
      JSON.stringify({
        schema: "tandem.explain/1",
        subject,
        codes: codes.map((entry) => ({
          name: entry.name,
          code: entry.code,
          protocol: entry.protocol,
          text: entry.text,
        })),
        rules: rules.map(([id, rule]) => ({
          id,
          level: rule.level,
          text: rule.text,
          url: sectionUrl(id) ?? null,
        })),
      }) + "\n",
    );
  } else {
    io.out(asText(rules, codes, io.outStyle));
  }
  return EXIT.OK;
}
