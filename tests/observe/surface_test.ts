import assert from "node:assert/strict";
import { Client, serve } from "../../mod.ts";
import { perConnection } from "../../observe/mod.ts";
import { testAuthority, testCertificate } from "../support/certs.ts";
import { checkLog, memoryLog } from "./qlog_kit.ts";

Deno.test("perConnection makes the trace options of the top-level serve and Client", async () => {
  const logs = { client: memoryLog({ role: "client" }), server: memoryLog({ role: "server" }) };
  {
    const { cert, key } = await testCertificate();
    await using server = serve({
      port: 0,
      hostname: "127.0.0.1",
      http: 2,
      cert,
      key,
      onListen() {},
      trace: perConnection("server", logs.server.writer.open),
    }, () => new Response("hi"));
    await using client = new Client({
      http: 2,
      caCerts: [await testAuthority()],
      trace: perConnection("client", logs.client.writer.open),
    });
    for (let i = 0; i < 2; i++) {
      const response = await client.fetch(`https://localhost:${server.addr.port}/`);
      assert.equal(await response.text(), "hi");
    }
  }
  for (const role of ["client", "server"] as const) {
    assert.equal(logs[role].writer.connections, 1);
    const events = checkLog(logs[role].text, "http2");
    assert.equal(events.filter(({ data }) => data.frame?.frame_type === "headers").length, 4);
  }
});
