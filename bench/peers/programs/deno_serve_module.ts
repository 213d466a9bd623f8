/** Deno's own server, for `deno serve`, which can run it in several threads. */
import { handle } from "./native_handler.ts";

export default { fetch: handle } satisfies Deno.ServeDefaultExport;
