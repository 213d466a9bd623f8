import { connect, type H2Client } from "../../h2/mod.ts";
import { connectTcp } from "../../transport/deno.ts";
import { memoryBytes } from "./process.ts";
import { type Lab, SERVERS } from "./servers.ts";

/** What idle connections cost one server. */
export interface IdleResult {
  readonly server: string;
  /** Resident memory by number of connections that each made one request, in bytes. */
  readonly bytes: Readonly<Record<number, number>>;
  /** Memory of one more connection, from the first count to the last, in bytes. */
  readonly perConnection: number;
}

/** Opens more and more connections to each server, one request each, and watches its memory. */
export async function measureIdle(
  lab: Lab,
  options: { readonly servers: readonly string[]; readonly counts: readonly number[] },
): Promise<IdleResult[]> {
  const results: IdleResult[] = [];
  for (const server of SERVERS) {
    const { servers, counts } = options;
    const isWanted = servers.length === 0 || servers.some((part) => server.name.includes(part));
    if (!isWanted || server.program === undefined) continue;
    const { port, running } = await server.start(lab, false);
    const clients: H2Client[] = [];
    const bytes: Record<number, number> = {};
    try {
      for (const count of counts) {
        while (clients.length < count) clients.push(await openOne(port));
        await new Promise((resolve) => setTimeout(resolve, 1500));
        bytes[count] = memoryBytes(running.pid, "VmRSS");
      }
    } finally {
      for (const client of clients) client.close();
      await Promise.all(clients.map((client) => client.closed));
      await running.stop();
    }
    const [first, last] = [counts[0]!, counts.at(-1)!];
    results.push({
      server: server.name,
      bytes,
      perConnection: (bytes[last]! - bytes[first]!) / (last - first),
    });
  }
  return results;
}

async function openOne(port: number): Promise<H2Client> {
  const client = connect(await connectTcp({ hostname: "127.0.0.1", port }));
  const authority = `127.0.0.1:${port}`;
  const response = await client.request({ scheme: "http", authority, path: "/hello" }).response;
  await response.bytes();
  return client;
}
