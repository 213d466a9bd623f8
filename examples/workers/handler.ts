import type { ServerExchange } from "@tandem/http";

function countPrimes(below: number): number {
  const isComposite = new Uint8Array(below);
  let count = 0;
  for (let at = 2; at < below; at++) {
    if (isComposite[at] === 1) continue;
    count++;
    for (let multiple = at * at; multiple < below; multiple += at) isComposite[multiple] = 1;
  }
  return count;
}

/** Makes a handler that works a processor: a POST of a number gets how many primes there are below it. */
export function primes(worker: number): (request: Request, exchange: ServerExchange) => Promise<Response> {
  return async (request, exchange) => {
    const who = `worker ${worker} over ${exchange.protocol}`;
    if (request.method !== "POST") return new Response(`${who}\n`);
    const below = Number(await request.text());
    if (!Number.isInteger(below) || below < 0 || below > 10_000_000) {
      return new Response("POST a whole number up to 10000000\n", { status: 400 });
    }
    return new Response(`${who}: ${countPrimes(below)} primes below ${below}\n`);
  };
}
