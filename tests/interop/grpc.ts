import assert from "node:assert/strict";
import { join } from "node:path";
import { GrpcClient } from "../../examples/grpc/client.ts";
import { grpcHandler } from "../../examples/grpc/server.ts";
import { testCases } from "../../examples/grpc/test_client.ts";
import { testService } from "../../examples/grpc/test_service.ts";
import * as h2 from "../../h2/mod.ts";
import { listenTls } from "../../transport/deno.ts";
import { streamsTransport } from "../../transport/mod.ts";
import { freePort, program, run, start } from "./support.ts";
import type { InteropCase } from "./support.ts";

const BIN = join(import.meta.dirname!, "peers", "bin");
const GO_CLIENT = join(BIN, "grpc_client");
const GO_SERVER = join(BIN, "grpc_server");
const NAMES = Object.keys(testCases);

/** Our client, over `Deno.connectTls` alone as on Deno Deploy, against grpc-go's test server. */
const ourClient: InteropCase = {
  peer: "grpc-go",
  role: "server",
  what: `h2: gRPC, ${NAMES.length} interop cases`,
  needs: [program(GO_SERVER)],
  async run(lab) {
    const port = freePort();
    const args = [
      "-port",
      `${port}`,
      "-use_tls",
      "-tls_cert_file",
      lab.pem.chain,
      "-tls_key_file",
      lab.pem.key,
    ];
    const running = await start(GO_SERVER, args, { port });
    try {
      const conn = await Deno.connectTls({
        hostname: "localhost",
        port,
        caCerts: [lab.ca],
        alpnProtocols: ["h2"],
      });
      await using client = h2.connect(streamsTransport(conn));
      const grpc = new GrpcClient(client, `localhost:${port}`);
      for (const [name, test] of Object.entries(testCases)) {
        await test(grpc).catch((error) => {
          throw new Error(`${name}: ${error}`);
        });
      }
      return NAMES.join(", ");
    } finally {
      await running.stop();
    }
  },
};

/** grpc-go's test client against our server. */
const ourServer: InteropCase = {
  peer: "grpc-go",
  role: "client",
  what: `h2: gRPC, ${NAMES.length} interop cases`,
  needs: [program(GO_CLIENT)],
  async run(lab) {
    const listener = listenTls({
      hostname: "127.0.0.1",
      port: 0,
      cert: await Deno.readTextFile(lab.pem.chain),
      key: await Deno.readTextFile(lab.pem.key),
      alpn: ["h2"],
    });
    const accepting = (async () => {
      for await (const transport of listener) h2.serve(transport, grpcHandler(testService));
    })();
    try {
      const { port } = listener.addr;
      for (const name of NAMES) {
        const where = ["-server_host", "localhost", "-server_port", `${port}`, "-use_tls", "-use_test_ca"];
        const { code, stderr } = await run(GO_CLIENT, [...where, "-ca_file", lab.pem.ca, "-test_case", name]);
        assert.equal(code, 0, `${name}: ${stderr.slice(-300)}`);
      }
      return NAMES.join(", ");
    } finally {
      listener.close();
      await accepting;
    }
  },
};

/** gRPC's own interop cases, in both roles. */
export const grpcCases: readonly InteropCase[] = [ourClient, ourServer];
