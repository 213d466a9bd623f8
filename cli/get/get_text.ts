import type { Fields } from "../../semantics/fields.ts";
import type { ClientResponse } from "../../shell/client_response.ts";
import type { Io } from "../io.ts";
import type { ProtocolName } from "../protocols/mod.ts";
import { shownValue } from "../ui/frame_trace.ts";
import { printable } from "../ui/style.ts";
import { formatBytes, formatDuration } from "../ui/units.ts";
import type { GetFacts } from "./get_json.ts";
import type { Loser, RaceReport } from "./race.ts";

function versionOf(protocol: ProtocolName): string {
  return `HTTP/${protocol.slice(1)}`;
}

function loserWords(loser: Loser, tookMs: number): string {
  const name = versionOf(loser.protocol);
  switch (loser.outcome) {
    case "not-tried":
      return `${name} was not needed`;
    case "slower":
      return `${name} had not answered after ${formatDuration(tookMs)}`;
    case "failed":
      return `${name} failed: ${loser.why!.text}`;
    case "skipped":
      return `${name} was skipped: ${loser.why!.text}`;
  }
}

/** Says on stderr which protocol `--http auto` came to, and why the others are not it. */
export function printRace(io: Io, race: RaceReport): void {
  const { cyan } = io.errStyle;
  const others = race.losers.map((loser) => loserWords(loser, race.tookMs)).join("; ");
  const lines = [`${cyan("note:")} over ${versionOf(race.winner)}; ${others}`];
  const hint = race.losers.find(({ outcome }) => outcome === "failed" || outcome === "skipped")?.why?.hint;
  if (hint !== undefined && hint !== null) lines.push(`${cyan("hint:")} ${hint}`);
  io.err(lines.join("\n") + "\n");
}

/** Prints the head of a response to stdout (`--head`). */
export function printHead(io: Io, protocol: ProtocolName, response: ClientResponse): void {
  const { bold, cyan } = io.outStyle;
  const lines = [bold(`${versionOf(protocol)} ${response.status}`)];
  for (const [name, value] of response.fields) lines.push(`${cyan(printable(name))}: ${printable(value)}`);
  io.out(lines.join("\n") + "\n");
}

/** Prints the trailer section to stderr (`-v`). */
export function printTrailers(io: Io, trailers: Fields | undefined, showSecrets: boolean): void {
  if (trailers === undefined) return;
  const { cyan, dim } = io.errStyle;
  for (const [name, value] of trailers) {
    io.err(`${dim("trailer")} ${cyan(printable(name))}: ${shownValue(name, value, showSecrets)}\n`);
  }
}

/** Prints what came back in one line to stderr. */
export function printSummary(io: Io, facts: GetFacts): void {
  const status = facts.response.status;
  const paint = status >= 400 ? io.errStyle.yellow : io.errStyle.green;
  const interim = facts.interim.length === 0
    ? ""
    : `   after ${facts.interim.map((head) => head.status).join(", ")}`;
  const saved = facts.savedTo === undefined ? "" : `   in ${facts.savedTo}`;
  io.err(
    `${versionOf(facts.link.protocol)} ${paint(String(status))}   ${formatBytes(facts.bodyBytes)}   ` +
      `${formatDuration(facts.timing.totalMs)}${interim}${saved}\n`,
  );
}
