import { join } from "node:path";
import { findProgram, freePort, program, start } from "./support.ts";
import type { Lab, Need, Running } from "./support.ts";

/** A real HTTP/2 server over TLS that the run can start on loopback. */
export interface PeerServer {
  readonly name: string;
  readonly needs: readonly Need[];
  /** What it can do beyond files. */
  readonly can: ReadonlySet<"echo" | "bytes" | "trailers" | "early">;
  /** The path of the 12-byte text. */
  readonly small: string;
  start(lab: Lab): Promise<{ readonly port: number; readonly running: Running }>;
}

const PEERS = join(import.meta.dirname!, "peers");
/** Debian's interpreter first: its packages are not those of another Python on the PATH. */
export const PYTHON = "/usr/bin/python3";

/** Needs a module of Debian's Python. */
export function pythonModule(name: string): Need {
  return async () => {
    if (await findProgram(PYTHON) === undefined) return `${PYTHON} is not installed`;
    const { success } = await new Deno.Command(PYTHON, {
      args: ["-c", `import ${name}`],
      stdout: "null",
      stderr: "null",
    }).output();
    return success ? undefined : `Python has no module ${name}`;
  };
}

const nghttpd: PeerServer = {
  name: "nghttpd",
  needs: [program("nghttpd")],
  can: new Set(["echo"]),
  small: "/small.txt",
  async start(lab) {
    const port = freePort();
    const args = [
      "-d",
      lab.www,
      "--echo-upload",
      "--address=127.0.0.1",
      `${port}`,
      lab.pem.key,
      lab.pem.chain,
    ];
    return { port, running: await start("nghttpd", args, { port }) };
  },
};

const nginx: PeerServer = {
  name: "nginx",
  needs: [program("/usr/sbin/nginx")],
  can: new Set(),
  small: "/small.txt",
  async start(lab) {
    const port = freePort();
    const home = await Deno.makeTempDir({ dir: lab.dir, prefix: "nginx-" });
    await Deno.writeTextFile(
      join(home, "nginx.conf"),
      `daemon off; pid ${home}/pid; error_log ${home}/error.log; worker_processes 1;
events { worker_connections 1024; }
http {
  access_log off; client_body_temp_path ${home}/body; proxy_temp_path ${home}/proxy;
  fastcgi_temp_path ${home}/fastcgi; uwsgi_temp_path ${home}/uwsgi; scgi_temp_path ${home}/scgi;
  server {
    listen 127.0.0.1:${port} ssl http2; server_name localhost; root ${lab.www};
    ssl_certificate ${lab.pem.chain}; ssl_certificate_key ${lab.pem.key};
  }
}
`,
    );
    const args = ["-p", home, "-c", join(home, "nginx.conf")];
    return { port, running: await start("/usr/sbin/nginx", args, { port }) };
  },
};

const caddy: PeerServer = {
  name: "caddy",
  needs: [program("caddy")],
  can: new Set(["echo"]),
  small: "/small.txt",
  async start(lab) {
    const port = freePort();
    const home = await Deno.makeTempDir({ dir: lab.dir, prefix: "caddy-" });
    await Deno.writeTextFile(
      join(home, "Caddyfile"),
      `{
  admin off
  auto_https off
  servers {
    protocols h1 h2 h3
  }
}
https://localhost:${port} {
  bind 127.0.0.1
  tls ${lab.pem.chain} ${lab.pem.key}
  root * ${lab.www}
  respond /up "{http.request.body}"
  file_server
}
`,
    );
    const args = ["run", "--config", join(home, "Caddyfile"), "--adapter", "caddyfile"];
    const env = { XDG_DATA_HOME: home, XDG_CONFIG_HOME: home };
    return { port, running: await start("caddy", args, { port, env }) };
  },
};

const node: PeerServer = {
  name: "node:http2",
  needs: [program("node")],
  can: new Set(["echo", "bytes", "trailers", "early"]),
  small: "/",
  async start(lab) {
    const port = freePort();
    const args = [join(PEERS, "node_server.mjs"), `${port}`, lab.pem.chain, lab.pem.key];
    return { port, running: await start("node", args, { ready: /ready/ }) };
  },
};

const denoServe: PeerServer = {
  name: "Deno.serve",
  needs: [],
  can: new Set(["echo", "bytes"]),
  small: "/",
  async start(lab) {
    const port = freePort();
    const args = [
      "run",
      "-A",
      "--no-config",
      join(PEERS, "deno_serve.ts"),
      `${port}`,
      lab.pem.chain,
      lab.pem.key,
    ];
    return { port, running: await start(Deno.execPath(), args, { ready: /ready/ }) };
  },
};

const hypercorn: PeerServer = {
  name: "hypercorn",
  needs: [pythonModule("hypercorn")],
  can: new Set(["echo", "bytes"]),
  small: "/",
  async start(lab) {
    const port = freePort();
    const args = [
      "-m",
      "hypercorn",
      "-b",
      `127.0.0.1:${port}`,
      "--certfile",
      lab.pem.chain,
      "--keyfile",
      lab.pem.key,
      "asgi_app:app",
    ];
    return { port, running: await start(PYTHON, args, { port, cwd: PEERS }) };
  },
};

/** Every HTTP/2 server that our client must get along with. */
export const peerServers: readonly PeerServer[] = [nghttpd, nginx, caddy, node, denoServe, hypercorn];
