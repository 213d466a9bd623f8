/**
 * One server on all processors: a worker for each, all of them on one TCP port. Linux spreads the
 * connections among them.
 *
 * ```sh
 * deno run -N -R --unstable-net examples/workers/main.ts --port 8080
 * deno run -N -R --unstable-net examples/workers/main.ts --port 8443 --cert cert.pem --key key.pem
 * ```
 *
 * With a certificate the first worker has HTTP/3 too, since UDP ports cannot be shared, and the others
 * announce it. SIGHUP reads the certificate again; ctrl-c lets open exchanges finish.
 *
 * @module
 */
import type { ServedCertificate, ServeOptions } from "@tandem/http";
import { parseArgs } from "node:util";
import type { Done, Order } from "./worker.ts";

const { values: flags } = parseArgs({
  options: {
    port: { type: "string", default: "8080" },
    workers: { type: "string", default: String(navigator.hardwareConcurrency) },
    cert: { type: "string" },
    key: { type: "string" },
  },
});

function newWorker(): Worker {
  return new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
}

/** Tells a worker what to do, and waits until it has. */
function tell(worker: Worker, order: Order): Promise<Done> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<Done>) =>
      data.problem === undefined ? resolve(data) : reject(new Error(data.problem));
    worker.postMessage(order);
  });
}

async function readCertificate(): Promise<ServedCertificate | undefined> {
  if (flags.cert === undefined || flags.key === undefined) return undefined;
  return { cert: await Deno.readTextFile(flags.cert), key: await Deno.readTextFile(flags.key) };
}

const certificate = await readCertificate();
const common: ServeOptions = {
  hostname: "127.0.0.1",
  reusePort: true,
  ...(certificate ?? { plain: true }),
};
const workers = Array.from({ length: Number(flags.workers) }, newWorker);
const [first, ...others] = workers;
const { port, altSvc } = await tell(first!, {
  type: "serve",
  worker: 1,
  options: { ...common, port: Number(flags.port) },
});
const options: ServeOptions = { ...common, port, http: 2, ...(altSvc === undefined ? {} : { altSvc }) };
await Promise.all(others.map((worker, at) => tell(worker, { type: "serve", worker: at + 2, options })));
const scheme = certificate === undefined ? "http" : "https";
console.log(`${scheme}://127.0.0.1:${port}/ in ${workers.length} workers`);

async function roll(): Promise<void> {
  const certificate = await readCertificate();
  if (certificate === undefined) return;
  await Promise.all(workers.map((worker) => tell(worker, { type: "certificate", certificate })));
  console.log("the certificate is changed");
}

async function shutdown(): Promise<void> {
  await Promise.all(workers.map((worker) => tell(worker, { type: "shutdown" })));
  console.log("all workers have ended");
  Deno.exit();
}

Deno.addSignalListener("SIGHUP", () => void roll().catch(console.error));
for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, () => void shutdown());
