import assert from "node:assert/strict";
import { settle } from "../support/virtual_clock.ts";
import { makeEnds } from "./ends.ts";

const URL_OF = "https://example.com";

Deno.test("serve writes all responses of a turn at once", async () => {
  for (const isNative of [false, true]) {
    await using ends = makeEnds(
      isNative
        ? (() => new Response("hello"))
        : { exchange: (exchange) => void exchange.reply(200, {}, "hello") },
    );
    await ends.client.ready;
    await settle();
    const before = ends.serverWrites.calls;
    const all = Array.from({ length: 100 }, () => ends.client.request({ url: URL_OF }));
    for (const { response } of all) assert.equal(await (await response).text(), "hello");
    const writes = ends.serverWrites.calls - before;
    assert(writes <= 2, `${writes} writes for 100 responses`);
  }
});
