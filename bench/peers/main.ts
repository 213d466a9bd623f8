/**
 * `deno task bench:peers [WHAT…] [--rounds N] [--servers A,B] [--loads A,B] [--all] [--tls] [--scale F] [--pin]
 * [--out FOLDER]`, where WHAT is `servers` (the default), `clients`, `h3` or `idle`.
 *
 * Takes what is compared in turn, round by round, on one machine in one run, and writes one table as Markdown
 * and as JSON. A round in which anything failed is no result.
 */
import { parseArgs } from "node:util";
import { makeThrowawayCertificate } from "../../transport/throwaway_cert.ts";
import { compareClients } from "./compare_clients.ts";
import { compareH3 } from "./compare_h3.ts";
import { compareServers } from "./compare_servers.ts";
import { measureIdle } from "./idle.ts";
import { LOADS, prepareLoads } from "./loads.ts";
import { BODIES } from "./programs/bodies.ts";
import { clientTable, h3Table, idleTable, serverTable } from "./report.ts";
import { type Lab, SERVERS } from "./servers.ts";

async function makeLab(isPinned: boolean): Promise<Lab> {
  const folder = await Deno.makeTempDir({ prefix: "tandem-bench-" });
  // Servers that give up their rights must be able to read the files.
  Deno.chmodSync(folder, 0o755);
  Deno.mkdirSync(`${folder}/www`);
  for (const [path, body] of BODIES) Deno.writeFileSync(`${folder}/www${path}`, body);
  const { cert, key } = await makeThrowawayCertificate();
  Deno.writeTextFileSync(`${folder}/cert.pem`, cert);
  Deno.writeTextFileSync(`${folder}/key.pem`, key);
  prepareLoads(folder);
  return { folder, cert: `${folder}/cert.pem`, key: `${folder}/key.pem`, cpu: isPinned ? 0 : undefined };
}

const { values, positionals } = parseArgs({
  args: Deno.args,
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "5" },
    servers: { type: "string", default: "" },
    loads: { type: "string", default: "" },
    scale: { type: "string", default: "1" },
    tls: { type: "boolean", default: false },
    all: { type: "boolean", default: false },
    pin: { type: "boolean", default: false },
    out: { type: "string" },
  },
});

function list(text: string): string[] {
  return text.split(",").filter((part) => part !== "");
}

const kinds = positionals.length === 0 ? ["servers"] : positionals;
const lab = await makeLab(values.pin);
const report: Record<string, unknown> = { deno: Deno.version, rounds: Number(values.rounds) };
let markdown = "";
try {
  for (const kind of kinds) {
    if (kind === "servers") {
      const results = await compareServers(lab, {
        from: SERVERS,
        servers: list(values.servers),
        among: LOADS,
        loads: list(values.loads),
        all: values.all,
        rounds: Number(values.rounds),
        scale: Number(values.scale),
        tls: values.tls,
        clientCpu: values.pin ? 1 : undefined,
        onLoad: (done) => console.error(serverTable(done)),
      });
      report.servers = results;
      markdown += serverTable(results);
    } else if (kind === "clients") {
      const results = await compareClients(lab, {
        clients: list(values.servers),
        loads: list(values.loads),
        rounds: Number(values.rounds),
        scale: Number(values.scale),
      });
      report.clients = results;
      markdown += clientTable(results);
    } else if (kind === "h3") {
      const results = await compareH3(lab, {
        servers: list(values.servers),
        loads: list(values.loads),
        rounds: Number(values.rounds),
        scale: Number(values.scale),
      });
      report.h3 = results;
      markdown += h3Table(results);
    } else if (kind === "idle") {
      const results = await measureIdle(lab, { servers: list(values.servers), counts: [1, 100, 1000, 3000] });
      report.idle = results;
      markdown += idleTable(results);
    } else {
      throw new Error(`Cannot compare ${kind}: it is none of servers, clients, h3, idle`);
    }
  }
} finally {
  await Deno.remove(lab.folder, { recursive: true });
}
console.log(markdown);
if (values.out !== undefined) {
  await Deno.mkdir(values.out, { recursive: true });
  await Deno.writeTextFile(`${values.out}/peers.md`, markdown);
  await Deno.writeTextFile(`${values.out}/peers.json`, `${JSON.stringify(report, null, 2)}\n`);
}
