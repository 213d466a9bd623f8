import { findProgram } from "./process.ts";

/** Bun: where the environment says it is, else as npm put it beside the portability tests, else on the `PATH`. */
export const BUN: string = Deno.env.get("TANDEM_BENCH_BUN") ??
  findProgram(`${import.meta.dirname}/../../tests/portability/npm/node_modules/bun/bin/bun.exe`) ?? "bun";
