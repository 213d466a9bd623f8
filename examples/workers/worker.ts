/**
 * One worker: serves where it is told to, rolls its certificate and ends when it is told to.
 *
 * @module
 */
import { type HttpServer, serve, type ServedCertificate, type ServeOptions } from "@tandem/http";
import { primes } from "./handler.ts";

/** What a worker is told. */
export type Order =
  | { readonly type: "serve"; readonly worker: number; readonly options: ServeOptions }
  | { readonly type: "certificate"; readonly certificate: ServedCertificate }
  | { readonly type: "shutdown" };

/** What it says once it has done so; the first answer says where it listens. */
export interface Done {
  /** The port. */
  readonly port: number;
  /** What it announces by `alt-svc`. */
  readonly altSvc: string | undefined;
  /** Why it could not. */
  readonly problem?: string;
}

const scope = globalThis as unknown as {
  postMessage(done: Done): void;
  onmessage: (event: MessageEvent<Order>) => void;
};
let server: HttpServer | undefined;

async function follow(order: Order): Promise<void> {
  if (order.type === "serve") server = serve(order.options, primes(order.worker));
  else if (order.type === "certificate") await server?.setCertificate(order.certificate);
  else await server?.shutdown();
}

scope.onmessage = async ({ data }) => {
  const problem = await follow(data).then(() => undefined, (error) => String(error));
  scope.postMessage({
    port: server?.addr.port ?? 0,
    altSvc: server?.altSvc,
    ...(problem === undefined ? {} : { problem }),
  });
};
