import { CliError, EXIT } from "./errors.ts";
import { PROGRAM } from "./version.ts";

/** One permission that a command is about to use. */
export type Need =
  | { readonly name: "net"; readonly host: string }
  | { readonly name: "read"; readonly path: string }
  | { readonly name: "write"; readonly path: string };

function describe(need: Need): string {
  if (need.name === "net") return `use the network for ${need.host}`;
  return need.name === "read" ? `read ${need.path}` : `write ${need.path}`;
}

/** The flags of Deno that grant `needs`, one for each kind. */
export function permissionFlags(needs: readonly Need[]): string {
  const byName = new Map<string, string[]>();
  for (const need of needs) {
    const value = need.name === "net" ? need.host : need.path;
    const list = byName.get(need.name) ?? [];
    if (!list.includes(value)) list.push(value);
    byName.set(need.name, list);
  }
  const flags: string[] = [];
  for (const [name, values] of byName) {
    const text = values.map((value) => value.replaceAll(",", ",,")).join(",");
    flags.push(/[^\w./:,@[\]-]/.test(text) ? `--allow-${name}='${text}'` : `--allow-${name}=${text}`);
  }
  return flags.join(" ");
}

/**
 * Makes sure that everything a command needs is granted, before it does anything. Nothing is
 * prompted for flag by flag: what is not granted ends the run with one line that has all the flags.
 */
export async function requirePermissions(needs: readonly Need[], command: string): Promise<void> {
  const missing: Need[] = [];
  for (const need of needs) {
    if ((await Deno.permissions.query(need)).state !== "granted") missing.push(need);
  }
  if (missing.length === 0) return;
  throw new CliError(`this run may not ${missing.map(describe).join(", nor ")}`, {
    code: "permission",
    exit: EXIT.PERMISSION,
    hints: [
      `deno run --unstable-net ${permissionFlags(needs)} cli/main.ts ${command}`,
      `or install it with what it needs: deno install -g -f --unstable-net -N -R -W -n ${PROGRAM} jsr:@tandem/http/cli`,
    ],
  });
}
