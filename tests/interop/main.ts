/**
 * Runs every interop case against the peers that are installed and prints one table. Arguments are words: only
 * cases whose peer, role or text holds one of them run.
 */
import type { InteropCase } from "./support.ts";
import { makeLab } from "./support.ts";
import { bulkCases } from "./bulk.ts";
import { growthCases } from "./growth.ts";
import { grpcCases } from "./grpc.ts";
import { h2ClientCases } from "./h2_clients.ts";
import { h2ServerCases } from "./h2_servers.ts";
import { h2specCases } from "./h2spec.ts";
import { h3AbortCases } from "./h3_aborts.ts";
import { h3ClientCases } from "./h3_clients.ts";
import { h3ServerCases } from "./h3_servers.ts";
import { h3ShutdownCases } from "./h3_shutdown.ts";
import { oneHandlerCases } from "./one_handler.ts";
import { probeCases } from "./probe_facts.ts";

interface Row {
  readonly row: InteropCase;
  readonly verdict: "passed" | "failed" | "skipped";
  readonly remark: string;
  readonly ms: number;
}

const cases: readonly InteropCase[] = [
  ...h2ServerCases,
  ...probeCases,
  ...h2ClientCases,
  ...h2specCases,
  ...h3ServerCases,
  ...h3ClientCases,
  ...h3AbortCases,
  ...h3ShutdownCases,
  ...oneHandlerCases,
  ...grpcCases,
  ...growthCases,
  ...bulkCases,
];

async function whyNot(row: InteropCase): Promise<string | undefined> {
  for (const need of row.needs) {
    const reason = await need();
    if (reason !== undefined) return reason;
  }
  return undefined;
}

function withDeadline<T>(promise: Promise<T>, ms: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no end within ${ms / 1000} s`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

async function main(words: readonly string[]): Promise<number> {
  const { lab, close } = await makeLab();
  const rows: Row[] = [];
  try {
    for (const row of cases) {
      const name = `${row.peer} ${row.role} ${row.what}`;
      if (words.length > 0 && !words.some((word) => name.includes(word))) continue;
      const reason = await whyNot(row);
      const began = performance.now();
      const done = (verdict: Row["verdict"], remark: string) => {
        rows.push({ row, verdict, remark, ms: performance.now() - began });
        console.log(line(rows.at(-1)!));
      };
      if (reason !== undefined) {
        done("skipped", reason);
        continue;
      }
      try {
        done("passed", await withDeadline(row.run(lab), 180_000));
      } catch (error) {
        done(
          "failed",
          String(error instanceof Error ? error.message : error).replaceAll("\n", " ").slice(0, 1500),
        );
      }
    }
  } finally {
    await close();
  }
  const count = (verdict: Row["verdict"]) => rows.filter((row) => row.verdict === verdict).length;
  console.log(
    `interop: ${count("passed")} passed, ${count("failed")} failed, ${count("skipped")} skipped`,
  );
  return count("failed") === 0 && rows.length > 0 ? 0 : 1;
}

function line({ row, verdict, remark, ms }: Row): string {
  const cells = [
    verdict.padEnd(7),
    row.peer.padEnd(13),
    row.role.padEnd(7),
    row.what.padEnd(44),
    `${(ms / 1000).toFixed(1).padStart(5)} s`,
  ];
  return `${cells.join("  ")}  ${remark}`;
}

Deno.exit(await main(Deno.args));
