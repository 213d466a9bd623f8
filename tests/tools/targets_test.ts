import assert from "node:assert/strict";
import { judge, targetTable } from "../../bench/targets/judge.ts";
import { RUNS } from "../../bench/targets/runs.ts";
import { type Target, TARGETS } from "../../bench/targets/targets.ts";

const TARGET: Target = {
  what: "small requests",
  run: "small",
  ours: "ours",
  peer: "theirs",
  loads: ["hello", "1 KiB", "not measured"],
  by: "cpu",
  target: 2,
};

Deno.test("targets are judged by how many times cheaper ours is", () => {
  const all = [
    { who: "ours", load: "hello", cpuMicros: 2 },
    { who: "theirs", load: "hello", cpuMicros: 5 },
    { who: "ours", load: "1 KiB", cpuMicros: 4 },
    { who: "theirs", load: "1 KiB", cpuMicros: 6 },
    { who: "ours", load: "not measured" },
  ];
  assert.deepEqual(judge(TARGET, all), [
    { load: "hello", ratio: 2.5, isReached: true },
    { load: "1 KiB", ratio: 1.5, isReached: false },
  ]);
  const table = targetTable([TARGET, { ...TARGET, run: "tls" }], { small: all });
  assert.deepEqual(table.split("\n").slice(2), [
    "| small requests | cpu | theirs | 2 | hello 2.50; 1 KiB **1.50** |  | 1 of 2 |",
    "",
  ]);
});

Deno.test("targets by rate want more, those of memory less, and a bare program stands beside", () => {
  const all = [
    { who: "ours", load: "hello", rate: 90, bytes: 110 },
    { who: "theirs", load: "hello", rate: 100, bytes: 100 },
    { who: "bare", load: "hello", rate: 120, bytes: 105 },
  ];
  const target = { ...TARGET, target: 0.9, bare: "bare" };
  assert.deepEqual(judge({ ...target, by: "rate" }, all), [
    { load: "hello", ratio: 0.9, isReached: true, bare: 1.2 },
  ]);
  assert.deepEqual(judge({ ...target, by: "memory" }, all), [
    { load: "hello", ratio: 1.1, isReached: false, bare: 1.05 },
  ]);
});

Deno.test("targets have loads with short names in their table", () => {
  const loads = ["hello-c1m100", "k1-c8m10", "m64-c1m1", "echo1m", "echo1m-c8m1", "64 MiB, one at a time"];
  const all = [...loads, "encode fresh request static"].flatMap((load) => [
    { who: "ours", load, cpuMicros: 1 },
    { who: "theirs", load, cpuMicros: 3 },
  ]);
  const table = targetTable(
    [{ ...TARGET, loads: all.filter((_, i) => i % 2 === 0).map(({ load }) => load) }],
    {
      small: all,
    },
  );
  const names =
    "hello 3.00; 1 KiB on 8 3.00; 64 MiB 3.00; 1 MiB 3.00; 1 MiB on 8 3.00; 64 MiB 3.00; request fresh static 3.00";
  assert.ok(table.includes(`| ${names} |`), table);
});

Deno.test("targets without any result are not called reached", () => {
  assert.deepEqual(judge(TARGET, []), []);
  assert.match(targetTable([TARGET], { small: [] }), /\| no result \|/);
});

Deno.test("targets name runs that there are", () => {
  for (const { run } of TARGETS) assert.ok(run in RUNS, run);
  for (const run of Object.keys(RUNS)) assert.ok(TARGETS.some((one) => one.run === run), run);
});
