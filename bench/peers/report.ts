import type { ClientResult } from "./compare_clients.ts";
import type { PairResult } from "./compare_pairs.ts";
import type { ServerResult } from "./compare_servers.ts";
import type { IdleResult } from "./idle.ts";
import { digits, type Summary } from "./statistics.ts";

/** One row of a table. */
interface Row {
  readonly name: string;
  readonly cpuMicros?: Summary;
  readonly rate?: Summary;
  readonly peakBytes?: number;
  readonly failure?: string;
}

/** A number with its range. */
export function range(summary: Summary): string {
  return `${digits(summary.median)} (${digits(summary.least)}–${digits(summary.most)})`;
}

/** One table for each load: processor time, rate, and how many times cheaper ours are. */
export function serverTable(results: readonly ServerResult[]): string {
  let text = "";
  for (const [group, rows] of Map.groupBy(results, (one) => `${one.load}${one.tls ? ", TLS" : ""}`)) {
    text += table(`server: ${group}`, rows.map((row) => ({ ...row, name: row.server })));
  }
  return text;
}

/** The same of clients. */
export function clientTable(results: readonly ClientResult[]): string {
  let text = "";
  for (const [group, rows] of Map.groupBy(results, (one) => one.load)) {
    text += table(`client: ${group}`, rows.map((row) => ({ ...row, name: row.client })));
  }
  return text;
}

function table(title: string, rows: readonly Row[]): string {
  const ours = rows.filter((row) => row.name.startsWith("tandem") && row.cpuMicros !== undefined);
  const heads = ours.map((row) => `${row.name.slice(7)} is`);
  const lines = ["", `### ${title}`, ""];
  lines.push(`| | CPU µs a request | requests a second | peak MiB | ${heads.join(" | ")} |`);
  lines.push(`|---|---|---|---|${heads.map(() => "---|").join("")}`);
  for (const row of rows) lines.push(rowOf(row, ours));
  return `${lines.join("\n")}\n`;
}

function rowOf(row: Row, ours: readonly Row[]): string {
  if (row.cpuMicros === undefined) return `| ${row.name} | no result: ${row.failure} | | |`;
  const ratios = ours.map((own) =>
    own === row ? "–" : `${digits(row.cpuMicros!.median / own.cpuMicros!.median)}x`
  );
  const peak = digits(row.peakBytes! / 1_048_576);
  return `| ${row.name} | ${range(row.cpuMicros)} | ${range(row.rate!)} | ${peak} | ${ratios.join(" | ")} |`;
}

/** Clients and servers in pairs, with the ratios to the bare ones among them: above 1 is better than bare. */
export function pairTable(title: string, results: readonly PairResult[]): string {
  let text = "";
  for (const [load, rows] of Map.groupBy(results, (one) => one.load)) {
    const bare = rows.find((row) => row.server.startsWith("bare"));
    const lines = ["", `### ${title}: ${load}`, ""];
    lines.push(
      "| | server, CPU µs a request | client, CPU µs | requests a second | peak MiB | server to bare | both ends to bare | rate to bare |",
    );
    lines.push("|---|---|---|---|---|---|---|---|");
    for (const row of rows) {
      if (row.serverMicros === undefined) {
        lines.push(`| ${row.server} | no result: ${row.failure} | | | | | | |`);
        continue;
      }
      const peak = digits(row.peakBytes! / 1_048_576);
      const cells = [range(row.serverMicros), range(row.clientMicros!), range(row.rate!), peak];
      lines.push(`| ${row.server} | ${cells.join(" | ")} | ${pairRatios(row, bare).join(" | ")} |`);
    }
    text += `${lines.join("\n")}\n`;
  }
  return text;
}

function pairRatios(row: PairResult, bare: PairResult | undefined): string[] {
  if (bare?.serverMicros === undefined) return ["–", "–", "–"];
  const both = (one: PairResult): number => one.serverMicros!.median + one.clientMicros!.median;
  return [
    bare.serverMicros.median / row.serverMicros!.median,
    both(bare) / both(row),
    row.rate!.median / bare.rate!.median,
  ].map((ratio) => `${digits(ratio)}x`);
}

/** Memory of what idles: all of it, and for one more from each count to the next. */
export function idleTable(results: readonly IdleResult[]): string {
  let text = "";
  for (const [load, rows] of Map.groupBy(results, (one) => one.load)) {
    const counts = Object.keys(rows.find(({ bytes }) => bytes !== undefined)?.bytes ?? {}).map(Number);
    const steps = counts.slice(1).map((count, i) => `KiB for one more, ${counts[i]} to ${count}`);
    const lines = ["", `### Idle: ${load}`, ""];
    lines.push(`| | ${[...counts.map((count) => `MiB with ${count}`), ...steps].join(" | ")} |`);
    lines.push(`|---|${counts.map(() => "---|").join("")}${steps.map(() => "---|").join("")}`);
    for (const { server, bytes, eachBytes, failure } of rows) {
      const cells = bytes === undefined || eachBytes === undefined ? [`no result: ${failure}`] : [
        ...counts.map((count) => digits(bytes[count]!.median / 1_048_576)),
        ...counts.slice(1).map((count) => range(inKib(eachBytes[count]!))),
      ];
      lines.push(`| ${server} | ${cells.join(" | ")} |`);
    }
    text += `${lines.join("\n")}\n`;
  }
  return text;
}

function inKib({ median, least, most }: Summary): Summary {
  return { median: median / 1024, least: least / 1024, most: most / 1024 };
}
