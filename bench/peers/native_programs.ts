/** The programs in C of the comparison in memory, compiled where a compiler and the library are there. */
import { findProgram } from "./process.ts";

/** A program, or why there is none. */
export type Compiled = { readonly program: string } | { readonly missing: string };

/** Compiles one of `native/` against a library, with the optimization that its own packages are built with. */
export async function compileNative(folder: string, name: string, library: string): Promise<Compiled> {
  const compiler = findProgram("cc");
  if (compiler === undefined) return { missing: "there is no C compiler (cc)" };
  const program = `${folder}/${name}`;
  const source = `${import.meta.dirname}/native/${name}.c`;
  const args = ["-O2", "-o", program, source, `-l${library}`];
  const { success, stderr } = await new Deno.Command(compiler, { args, stdout: "null", stderr: "piped" })
    .output();
  if (success) return { program };
  const [why] = new TextDecoder().decode(stderr).split("\n").filter((line) => line.includes("error"));
  return { missing: `lib${library} cannot be compiled against: ${why ?? "the compiler failed"}` };
}
