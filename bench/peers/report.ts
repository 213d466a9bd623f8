import type { ClientResult } from "./compare_clients.ts";
import type { ServerResult } from "./compare_servers.ts";
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
