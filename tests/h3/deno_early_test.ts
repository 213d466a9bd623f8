import assert from "node:assert/strict";
import { connect, type H3Client, type H3Settings, serve } from "../../h3/mod.ts";
import { connectQuic, type ConnectQuicOptions, listenQuic, QuicSessions } from "../../transport/deno.ts";
import { hasQuic } from "../../transport/deno_quic.ts";
import { testAuthority, testCertificate } from "../support/certs.ts";

const URL_OF = "https://localhost";

/** A server that takes early data and says of each request whether it came as such. */
async function withServer(
  body: (options: ConnectQuicOptions, renew: () => void) => Promise<void>,
): Promise<void> {
  const { cert, key } = await testCertificate();
  const alpn = ["h3"];
  const listener = listenQuic({ hostname: "127.0.0.1", port: 0, cert, key, alpn, early: true });
  const serving = (async () => {
    for await (const transport of listener) {
      serve(transport, {
        exchange: async (exchange) =>
          void exchange.reply(200, {}, `${await exchange.text()} ${exchange.early}`),
      });
    }
  })();
  const caCerts = [await testAuthority()];
  const options = { hostname: "127.0.0.1", port: listener.addr.port, alpn, caCerts };
  try {
    await body(options, () => listener.renew(cert, key));
  } finally {
    listener.closeAll(0x100, "");
    await serving;
  }
}

async function get(client: H3Client): Promise<string> {
  return (await (await client.request({ url: URL_OF }).response).text()).trim();
}

/** Connects once, so that there is a session to resume; gives the server's SETTINGS. */
async function prepare(options: ConnectQuicOptions, sessions: QuicSessions): Promise<H3Settings> {
  await using client = connect(await connectQuic({ ...options, sessions }));
  assert.equal(await get(client), "false");
  return client.peerSettings;
}

function test(title: string, body: () => Promise<void>): void {
  if (hasQuic()) Deno.test(`${title}, over Deno's QUIC`, body);
  else Deno.test.ignore(`${title} (needs Deno.QuicEndpoint: run with --unstable-net)`, () => {});
}

test("H3Client sends a safe request as early data, and the others after [8470-5.2]", async () => {
  await withServer(async (options) => {
    const sessions = new QuicSessions();
    const rememberedSettings = await prepare(options, sessions);
    const transport = await connectQuic({ ...options, sessions, early: true });
    assert.equal(transport.isEarly, true);
    await using client = connect(transport, { rememberedSettings });
    const post = client.request({ method: "POST", url: URL_OF, body: "pay" });
    const early = client.request({ url: URL_OF });
    assert.equal(await (await post.response).text(), "pay false");
    // It comes after one that is held back, and so is held back as well.
    assert.equal((await (await early.response).text()).trim(), "false");
    assert.equal(await transport.earlyData, "accepted");
    client.close();
    await client.closed;
    await using second = connect(await connectQuic({ ...options, sessions, early: true }), {
      rememberedSettings,
    });
    assert.equal(await get(second), "true");
    assert.equal(await get(second), "false");
    sessions.close();
  });
});

test("H3Client ends when its early data was not taken, and what was asked may be asked anew [8470-3]", async () => {
  await withServer(async (options, renew) => {
    const sessions = new QuicSessions();
    await prepare(options, sessions);
    // With the new certificate come new keys for tickets.
    renew();
    const client = connect(await connectQuic({ ...options, sessions, early: true }));
    const requests = [
      client.request({ url: URL_OF }),
      client.request({ method: "POST", url: URL_OF, body: "pay" }),
    ];
    for (const { response } of requests) await assert.rejects(response, { retry: "refused" });
    await client.closed;
    assert.equal(client.endReason, "early-rejected");
    await using again = connect(await connectQuic({ ...options, sessions }));
    assert.equal(await get(again), "false");
    sessions.close();
  });
});
