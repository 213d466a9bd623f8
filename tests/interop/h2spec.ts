import assert from "node:assert/strict";
import { join } from "node:path";
import { program, run } from "./support.ts";
import type { InteropCase } from "./support.ts";
import { startEcho } from "./our_server.ts";

/** Cases that rest on the priority tree of RFC 7540, which RFC 9113 section 5.3 took out. */
const WAIVED: ReadonlySet<string> = new Set(["http2/5.3.1"]);

/** All of h2spec against `serve --echo`. */
export const h2specCases: readonly InteropCase[] = [{
  peer: "h2spec",
  role: "checker",
  what: "h2: every case, strict",
  needs: [program("h2spec")],
  async run(lab) {
    const { port, running } = await startEcho(lab);
    const report = join(lab.dir, "h2spec.xml");
    try {
      await run("h2spec", ["-h", "127.0.0.1", "-p", `${port}`, "-t", "-k", "-S", "-j", report], {
        timeoutMs: 170_000,
      });
    } finally {
      await running.stop("SIGINT");
    }
    const failed: string[] = [];
    let total = 0;
    let waived = 0;
    const xml = await Deno.readTextFile(report);
    for (
      const [, attributes, body] of xml.matchAll(
        /<testcase\b((?:"[^"]*"|[^>"])*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g,
      )
    ) {
      total++;
      if (!/<(?:failure|error)\b/.test(body ?? "")) continue;
      const section = /package="([^"]*)"/.exec(attributes!)?.[1] ?? "";
      if (WAIVED.has(section)) waived++;
      else failed.push(`${section} ${/classname="([^"]*)"/.exec(attributes!)?.[1]}`);
    }
    assert.deepEqual(failed, []);
    assert(total >= 146, `only ${total} cases ran`);
    return `${total - waived} of ${total} passed, ${waived} waived`;
  },
}];
