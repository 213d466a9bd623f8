import { CliError, EXIT } from "../errors.ts";
import type { HttpLink, Listening, Protocol } from "./mod.ts";

const NOT_YET = { code: "not-yet", text: "HTTP/3 is not in this version yet" } as const;

function refuse(): CliError {
  return new CliError(NOT_YET.text, {
    code: NOT_YET.code,
    exit: EXIT.USAGE,
    hints: ["--http 2 uses HTTP/2"],
  });
}

/** HTTP/3: named, so that reports have its column; not usable yet. */
export const h3Protocol: Protocol = {
  name: "h3",
  title: "HTTP/3",
  unavailable: NOT_YET,
  warmUp(): Promise<void> {
    return Promise.resolve();
  },
  connect(): Promise<HttpLink> {
    return Promise.reject(refuse());
  },
  listen(): Promise<Listening> {
    return Promise.reject(refuse());
  },
};
