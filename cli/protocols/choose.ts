import { CliError, EXIT } from "../errors.ts";
import type { HttpChoice } from "../flags.ts";
import { type Protocol, PROTOCOLS } from "./mod.ts";

/** The protocols that `--http` asks for. Throws when what it names alone cannot be used. */
export function chooseProtocols(choice: HttpChoice): readonly Protocol[] {
  if (choice === "auto" || choice === "both") return PROTOCOLS;
  const chosen = PROTOCOLS.filter((protocol) => protocol.name === `h${choice}`);
  const why = chosen[0]?.unavailable;
  if (why !== undefined) {
    throw new CliError(why.text, { code: why.code, exit: EXIT.USAGE, hints: ["--http 2 uses HTTP/2"] });
  }
  return chosen;
}

/** The one protocol that a command uses which sends a single request. */
export function chooseProtocol(choice: HttpChoice): Protocol {
  return chooseProtocols(choice).find((protocol) => protocol.unavailable === undefined)!;
}
