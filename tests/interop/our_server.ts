import { join } from "node:path";
import { start } from "./support.ts";
import type { Lab, Running } from "./support.ts";

const MAIN = join(import.meta.dirname!, "..", "..", "cli", "main.ts");

/** Arguments that run our command line in a process of its own. */
export function cli(...args: string[]): string[] {
  return ["run", "-A", "--unstable-net", "--quiet", MAIN, ...args];
}

/** Starts `tandem serve` with these arguments, and says on which port it listens. */
export async function startServe(...args: string[]): Promise<{ port: number; running: Running }> {
  const ready = /"schema":\s*"tandem\.serve\/1".*\n/;
  const running = await start(Deno.execPath(), cli("serve", "--json", ...args), { ready });
  const line = running.output().split("\n").find((text) => text.includes("tandem.serve/1"))!;
  return { port: JSON.parse(line).h2.port, running };
}

/** Starts `tandem serve --echo` on a free port, with the certificates of the lab or in plain text. */
export function startEcho(lab: Lab, ...more: string[]): Promise<{ port: number; running: Running }> {
  const pem = more.includes("--plain") ? [] : ["--cert", lab.pem.chain, "--key", lab.pem.key];
  return startServe("--echo", "--hostname", "127.0.0.1", "--port", "0", ...pem, ...more);
}
