import type { ExchangeHandler, Handler } from "../../h2/mod.ts";
import { CliError, EXIT, usageError } from "../errors.ts";

/** Makes what answers: the files of a directory, or the echo. Throws a `CliError` for a directory that is none. */
export async function openHandler(directory: string | undefined): Promise<Handler | ExchangeHandler> {
  if (directory === undefined) return (await import("./echo.ts")).echoHandler;
  const { staticFiles } = await import("./static_files.ts");
  try {
    if (!(await Deno.stat(directory)).isDirectory) throw usageError(`${directory} is no directory`);
    return await staticFiles(directory);
  } catch (error) {
    if (error instanceof CliError) throw error;
    const why = error instanceof Deno.errors.NotFound ? "there is no such directory" : String(error);
    throw new CliError(`cannot serve ${directory}: ${why}`, { code: "file", exit: EXIT.USAGE, cause: error });
  }
}
