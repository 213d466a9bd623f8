import assert from "node:assert/strict";
import type { H2Client } from "../../h2/mod.ts";
import { patternBytes, sha256 } from "./support.ts";
import type { InteropCase, Lab, Need, Running } from "./support.ts";

/** What both clients can do. */
export type AnyClient = Pick<H2Client, "ready" | "fetch" | "request" | "shutdown" | "close" | "closed">;

/** A server to test our clients against, over either protocol. */
export interface PeerUnderTest {
  readonly name: string;
  readonly needs: readonly Need[];
  readonly can: ReadonlySet<string>;
  /** The path of the 12-byte text. */
  readonly small: string;
  start(lab: Lab): Promise<{ readonly port: number; readonly running: Running }>;
}

/** How the cases of one protocol reach a server. */
export interface Way {
  readonly protocol: "h2" | "h3";
  connect(lab: Lab, port: number): Promise<AnyClient>;
  /** The sizes of the bodies that go both ways, in bytes. */
  readonly sizes: readonly number[];
}

/** Starts the peer, connects, works, and ends both in order. */
export async function withClient(
  way: Way,
  peer: PeerUnderTest,
  lab: Lab,
  work: (client: AnyClient, origin: string, running: Running) => Promise<string>,
): Promise<string> {
  const { port, running } = await peer.start(lab);
  try {
    const client = await way.connect(lab, port);
    try {
      await client.ready;
      const remark = await work(client, `https://localhost:${port}`, running);
      await client.shutdown();
      return remark;
    } finally {
      client.close();
      await client.closed;
    }
  } finally {
    await running.stop();
  }
}

async function down(client: AnyClient, url: string, size: number): Promise<void> {
  const response = await client.fetch(url);
  assert.equal(response.status, 200);
  let seen = 0;
  if (response.body !== null) { for await (const chunk of response.body) seen += chunk.length; }
  assert.equal(seen, size);
}

async function echo(client: AnyClient, origin: string, size: number): Promise<void> {
  const body = patternBytes(size);
  const response = await client.fetch(`${origin}/up`, { method: "POST", body });
  assert.equal(response.status, 200);
  const back = await response.bytes();
  assert.equal(back.length, size);
  assert.equal(await sha256(back as Uint8Array<ArrayBuffer>), await sha256(body));
}

/** The cases that every server must pass, as far as it can. */
export function clientCases(way: Way, peer: PeerUnderTest): InteropCase[] {
  const row = (
    what: string,
    work: (client: AnyClient, origin: string, running: Running) => Promise<string>,
  ): InteropCase => ({
    peer: peer.name,
    role: "server",
    what: `${way.protocol}: ${what}`,
    needs: peer.needs,
    run: (lab) => withClient(way, peer, lab, work),
  });
  const sizes = way.sizes.map((size) => size >= 1 << 20 ? `${size >> 20} MiB` : `${size}`).join(", ");

  const cases = [
    row("get 12 bytes", async (client, origin) => {
      const response = await client.fetch(origin + peer.small);
      assert.equal(response.status, 200);
      assert.equal(await response.text(), "Hello world\n");
      return "200";
    }),
    row("500 requests, 100 at once", async (client, origin) => {
      let next = 0;
      let good = 0;
      const work = async () => {
        while (next++ < 500) {
          const response = await client.fetch(origin + peer.small);
          if (response.status === 200 && await response.text() === "Hello world\n") good++;
        }
      };
      await Promise.all(Array.from({ length: 100 }, work));
      assert.equal(good, 500);
      return "500 of 500";
    }),
  ];
  const pathOf = (size: number) => peer.can.has("bytes") ? `/bytes/${size}` : `/size-${size}.bin`;
  cases.push(row(`get ${sizes}`, async (client, origin) => {
    for (const size of way.sizes) {
      if (size > 0 || peer.name !== "gtlsserver") await down(client, origin + pathOf(size), size);
    }
    return peer.name === "gtlsserver" ? "lengths equal; it has no empty files" : "lengths equal";
  }));
  if (!peer.can.has("bytes")) {
    cases.push(row("get a file of 1 MiB", async (client, origin) => {
      const bytes = await (await client.fetch(`${origin}/large.bin`)).bytes();
      assert.equal(await sha256(bytes as Uint8Array<ArrayBuffer>), await sha256(patternBytes(1 << 20)));
      return "digest equal";
    }));
  }
  if (peer.can.has("post")) {
    cases.push(row(`post ${sizes}, get the file`, async (client, origin) => {
      for (const size of way.sizes) {
        const response = await client.fetch(origin + peer.small, {
          method: "POST",
          body: patternBytes(size),
        });
        assert.equal(response.status, 200);
        assert.equal(await response.text(), "Hello world\n");
      }
      return "200 each";
    }));
  }
  if (peer.can.has("echo")) {
    cases.push(row(`post ${sizes}, get it back`, async (client, origin) => {
      for (const size of way.sizes) await echo(client, origin, size);
      return "digests equal";
    }));
  }
  if (peer.can.has("trailers")) {
    cases.push(row("trailers, 103 before the head", async (client, origin) => {
      const interim: number[] = [];
      const early = await client.request({
        url: `${origin}/early`,
        onInterim: (head) => void interim.push(head.status),
      }).response;
      assert.equal(early.status, 200);
      assert.equal(await early.text(), "Hello world\n");
      assert.deepEqual(interim, [103]);
      const trailing = await client.request({ url: `${origin}/trailers` }).response;
      assert.equal(await trailing.text(), "body");
      assert.equal((await trailing.trailers)?.get("x-sum"), "42");
      return "103 and x-sum seen";
    }));
  }
  if (peer.can.has("abort")) {
    cases.push(row("a body that the peer breaks off is an error", async (client, origin) => {
      let failure: unknown;
      try {
        await client.request({ url: `${origin}/abort` }).response.then((response) => response.bytes());
      } catch (error) {
        failure = error;
      }
      assert(failure instanceof Error, "a broken body was taken for a whole one");
      return failure.message.slice(0, 60);
    }));
  }
  return cases;
}
