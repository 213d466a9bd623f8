import type { MemoryResult } from "./compare_memory.ts";
import { range } from "./report.ts";
import { digits } from "./statistics.ts";

/** Codecs and engines in memory: one table for each group, a row for each case, and how many times as quick ours are. */
export function memoryTable(results: readonly MemoryResult[]): string {
  let text = "";
  for (const [group, rows] of Map.groupBy(results, (one) => one.group)) {
    const isCodec = group !== "engines";
    const programs = [...new Set(rows.map((row) => row.program))];
    const peers = programs.filter((name) => name !== "tandem");
    const unit = isCodec ? "MB of fields for a second of CPU, octets coded" : "CPU µs a request, both ends";
    const lines = ["", `### In memory, ${group}: ${unit}`, ""];
    lines.push(`| | ${programs.join(" | ")} | ${peers.map((name) => `tandem to ${name}`).join(" | ")} |`);
    lines.push(`|---|${programs.map(() => "---|").join("")}${peers.map(() => "---|").join("")}`);
    for (const [name, one] of Map.groupBy(rows, (row) => row.case)) {
      const cells = programs.map((program) =>
        memoryCell(one.find((row) => row.program === program), isCodec)
      );
      const own = one.find((row) => row.program === "tandem");
      const ratios = peers.map((peer) => memoryRatio(own, one.find((row) => row.program === peer)));
      lines.push(`| ${[name, ...cells, ...ratios].join(" | ")} |`);
    }
    text += `${lines.join("\n")}\n`;
  }
  return text;
}

function memoryCell(row: MemoryResult | undefined, isCodec: boolean): string {
  if (row === undefined) return "–";
  if (row.failure !== undefined) return `no result: ${row.failure}`;
  return isCodec ? `${range(row.rate!)}, ${digits(row.codedBytes!)}` : range(row.cpuMicros!);
}

function memoryRatio(own: MemoryResult | undefined, peer: MemoryResult | undefined): string {
  if (own?.cpuMicros === undefined || peer?.cpuMicros === undefined) return "–";
  return `${digits(peer.cpuMicros.median / own.cpuMicros.median)}x`;
}
