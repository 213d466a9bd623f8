import assert from "node:assert/strict";
import { StreamError } from "../../semantics/mod.ts";
import { until } from "../support/ends.ts";
import type { Way } from "./way.ts";

const URL_OF = "https://example.com";

/** Tests of tunnels, over any protocol. */
export function tunnelSuite({ test, makeEnds, ...way }: Way): void {
  test("serve cannot make a native request of CONNECT and answers 501", async () => {
    await using ends = makeEnds(() => new Response("never"));
    await assert.rejects(ends.client.openTunnel({ authority: "example.com:443" }), /501/);
  });

  test("ServerExchange.acceptTunnel gives bytes both ways [9113-8.5]", async () => {
    await using ends = makeEnds({
      exchange(exchange): void {
        assert.equal(exchange.method, "CONNECT");
        assert.equal(exchange.authority, "example.com:443");
        const { readable, writable } = exchange.acceptTunnel({ "x-via": "us" });
        readable.pipeTo(writable).catch(() => {});
      },
    });
    const tunnel = await ends.client.openTunnel({ authority: "example.com:443" });
    const writer = tunnel.writable.getWriter();
    const reader = tunnel.readable.getReader();
    const buffer = new TextEncoder().encode("ping");
    await writer.write(buffer);
    buffer.fill(0);
    assert.equal(new TextDecoder().decode((await reader.read()).value), "ping");
    await writer.write(new Uint8Array(100_000));
    await writer.close();
    let length = 0;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      length += value.length;
    }
    assert.equal(length, 100_000);
    await until(() => ends.server.openExchanges === 0 && ends.client.openExchanges === 0);
    assert.deepEqual(ends.errors, []);
  });

  test("ServerExchange.acceptTunnel answers an extended CONNECT [8441-4]", async () => {
    await using ends = makeEnds({
      exchange(exchange): void {
        if (exchange.connectProtocol !== "websocket") return void exchange.reply(501);
        const writer = exchange.acceptTunnel().writable.getWriter();
        writer.write(new TextEncoder().encode(exchange.path));
        writer.close();
      },
    });
    // Asked for before the peer's SETTINGS are there, and held back until they are.
    const opening = ends.client.openTunnel({ url: `${URL_OF}/chat`, protocol: "websocket" });
    assert.equal(ends.client.isExtendedConnectEnabled, false);
    const tunnel = await opening;
    assert.equal(ends.client.isExtendedConnectEnabled, true);
    assert.equal(await new Response(tunnel.readable).text(), "/chat");
    await tunnel.writable.close();
    await assert.rejects(ends.client.openTunnel({ url: URL_OF, protocol: "other" }), {
      code: "tunnel-refused",
    });
  });

  if (way.isExact) {
    test("a tunnel that one end gives up ends at the other", async () => {
      let far: { readable: ReadableStream<Uint8Array>; writable: WritableStream<Uint8Array> } | undefined;
      await using ends = makeEnds({ exchange: (exchange) => void (far = exchange.acceptTunnel()) });
      const tunnel = await ends.client.openTunnel({ authority: "example.com:443" });
      await tunnel.readable.cancel();
      await assert.rejects(far!.readable.getReader().read(), { code: way.cancelCode });
      await assert.rejects(far!.writable.getWriter().closed, { code: way.cancelCode });
      const other = await ends.client.openTunnel({ authority: "example.com:443" });
      await far!.writable.abort();
      await assert.rejects(other.readable.getReader().read(), StreamError);
      assert.equal(ends.client.openExchanges, 0);
    });
  }

  test("a CONNECT that is refused leaves nothing open", async () => {
    await using ends = makeEnds({ exchange: (exchange) => void exchange.reply(403, {}, "no") });
    const exchange = ends.client.request({ method: "CONNECT", authority: "example.com:443" });
    const response = await exchange.response;
    assert.deepEqual([response.status, await response.text()], [403, "no"]);
    await exchange.closed;
    await until(() => ends.server.openExchanges === 0);
    assert.equal(ends.client.openExchanges, 0);
  });
}
