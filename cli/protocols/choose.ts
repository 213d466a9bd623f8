import { CliError, EXIT } from "../errors.ts";
import type { HttpChoice } from "../flags.ts";
import { type Obstacle, type Protocol, PROTOCOLS } from "./mod.ts";

/** A protocol that was asked for, and what keeps it from being used. */
export interface Choice {
  /** The protocol. */
  readonly protocol: Protocol;
  /** What is in its way; `undefined` where it can be used. */
  readonly obstacle: Obstacle | undefined;
}

function refusal(obstacle: Obstacle): CliError {
  return new CliError(obstacle.text, { code: obstacle.code, exit: obstacle.exit, hints: [obstacle.hint] });
}

/**
 * The protocols that `--http` asks for, in the order of columns. Throws when what it insists on cannot be
 * used: a number names one that must work, `both` names all; `auto` takes what there is.
 */
export function chooseProtocols(choice: HttpChoice, isTls: boolean): readonly Choice[] {
  const asked = choice === "auto" || choice === "both"
    ? PROTOCOLS
    : PROTOCOLS.filter(({ name }) => name === `h${choice}`);
  const choices = asked.map((protocol) => ({ protocol, obstacle: protocol.obstacle(isTls) }));
  const blocked = choices.find(({ obstacle }) => obstacle !== undefined);
  if (blocked?.obstacle !== undefined && choice !== "auto") throw refusal(blocked.obstacle);
  if (choices.every(({ obstacle }) => obstacle !== undefined)) {
    throw new CliError("no protocol can be used", { code: "usage", exit: EXIT.USAGE });
  }
  return choices;
}
