/** Servers that run in several workers on one port, and what they are compared with. */
import { freePort, start } from "./process.ts";
import type { PeerServer } from "./servers.ts";

const PROGRAMS = `${import.meta.dirname}/programs`;
const DENO = ["--no-lock", "--unstable-net"];

function tandem(mode: string, workers: number): PeerServer {
  return {
    name: `tandem ${mode}, ${workers} worker${workers > 1 ? "s" : ""}`,
    program: Deno.execPath(),
    takesUploads: true,
    takesJson: mode === "native",
    isSlow: mode === "native",
    async start(lab) {
      const port = freePort();
      const args = ["run", "-A", ...DENO, `${PROGRAMS}/workers_server.ts`, `${port}`, mode, `${workers}`];
      return { port, running: await start(Deno.execPath(), args, { ready: "ready", cpu: lab.cpu }) };
    },
  };
}

function denoServe(name: string, threads: number): PeerServer {
  return {
    name,
    program: Deno.execPath(),
    takesUploads: true,
    takesJson: true,
    isSlow: true,
    async start(lab) {
      const port = freePort();
      const args = ["serve", "-A", ...DENO, "--host", "127.0.0.1", "--port", `${port}`];
      if (threads > 1) args.push("--parallel");
      args.push(`${PROGRAMS}/deno_serve_module.ts`);
      const env = { DENO_JOBS: `${threads}` };
      return { port, running: await start(Deno.execPath(), args, { port, env, cpu: lab.cpu }) };
    },
  };
}

/** Each shape of ours in one worker and in two, and Deno's own server likewise. */
export const WORKER_SERVERS: readonly PeerServer[] = [
  tandem("exchange", 1),
  tandem("exchange", 2),
  tandem("native", 1),
  tandem("native", 2),
  denoServe("Deno.serve", 1),
  denoServe("Deno.serve --parallel, 2 threads", 2),
];
