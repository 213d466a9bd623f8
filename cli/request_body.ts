import { unreadable } from "./connect_plan.ts";
import { usageError } from "./errors.ts";
import type { Need } from "./permissions.ts";

/** The body of a request as the user named it. */
export interface RequestBody {
  /** The bytes, or where they come from. */
  readonly body: Uint8Array | ReadableStream<Uint8Array>;
  /** How many there are, where that is known. */
  readonly bytes: number | undefined;
}

/** The permission that `-d` needs. */
export function bodyNeeds(data: string | undefined): Need[] {
  return data !== undefined && data.startsWith("@") && data !== "@-"
    ? [{ name: "read", path: data.slice(1) }]
    : [];
}

/** Opens the body that `-d` names: text, `@FILE`, or `-` for standard input. Files and input are streamed. */
export async function openRequestBody(data: string): Promise<RequestBody> {
  if (data === "-" || data === "@-") return { body: Deno.stdin.readable, bytes: undefined };
  if (!data.startsWith("@")) {
    const body = new TextEncoder().encode(data);
    return { body, bytes: body.length };
  }
  const path = data.slice(1);
  if (path === "") throw usageError("-d @ names no file", "-d @FILE sends a file, -d @- standard input");
  try {
    const file = await Deno.open(path, { read: true });
    const info = await file.stat();
    if (info.isDirectory) {
      file.close();
      throw new Deno.errors.IsADirectory("is a directory");
    }
    return { body: file.readable, bytes: info.isFile ? info.size : undefined };
  } catch (error) {
    throw unreadable(path, "body file", error);
  }
}
