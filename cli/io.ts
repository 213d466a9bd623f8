import { ClosedPipe } from "./errors.ts";
import { chooseStyle, type ColorMode, type Style } from "./ui/style.ts";

/** What the shared flags say about the output. */
export interface OutputChoice {
  /** When colour is used. @default {"auto"} */
  readonly color?: ColorMode;
  /** Whether only ASCII is written. @default {false} */
  readonly ascii?: boolean;
}

/** Where a command writes: results to stdout, everything else to stderr. */
export interface Io {
  /** The look of stdout. */
  readonly outStyle: Style;
  /** The look of stderr. */
  readonly errStyle: Style;
  /** Whether stdout is a terminal. */
  readonly outIsTerminal: boolean;
  /** Whether stderr is a terminal. */
  readonly errIsTerminal: boolean;
  /** Writes text to stdout at once. */
  out(text: string): void;
  /** Writes text to stderr at once. */
  err(text: string): void;
  /** Writes bytes to stdout; resolves when they are taken. */
  write(bytes: Uint8Array): Promise<void>;
}

const encoder = new TextEncoder();

function columns(): number {
  try {
    const width = Deno.consoleSize().columns;
    return width > 0 ? width : 80;
  } catch {
    return 80;
  }
}

/** Whether the locale says that the terminal does not take UTF-8; asked only where that needs no prompt. */
function isAsciiLocale(): boolean {
  if (Deno.build.os === "windows") return false;
  const names = ["LC_ALL", "LC_CTYPE", "LANG"];
  for (const variable of names) {
    if (Deno.permissions.querySync({ name: "env", variable }).state !== "granted") return false;
  }
  const value = names.map((name) => Deno.env.get(name)).find((text) => text !== undefined && text !== "");
  return value !== undefined && !/utf-?8/i.test(value);
}

function writeAll(file: typeof Deno.stdout | typeof Deno.stderr, bytes: Uint8Array): void {
  let at = 0;
  while (at < bytes.length) at += file.writeSync(bytes.subarray(at));
}

function isClosedPipe(error: unknown): boolean {
  return error instanceof Deno.errors.BrokenPipe;
}

/** Opens the outputs of this process. A closed stdout throws `ClosedPipe`; a closed stderr is ignored. */
export function openIo(choice: OutputChoice = {}): Io {
  const outIsTerminal = Deno.stdout.isTerminal();
  const errIsTerminal = Deno.stderr.isTerminal();
  const shared = {
    color: choice.color ?? "auto",
    noColor: Deno.noColor,
    ascii: choice.ascii === true || isAsciiLocale(),
    columns: outIsTerminal || errIsTerminal ? columns() : 80,
  };
  return {
    outStyle: chooseStyle({ ...shared, terminal: outIsTerminal }),
    errStyle: chooseStyle({ ...shared, terminal: errIsTerminal }),
    outIsTerminal,
    errIsTerminal,
    out(text: string): void {
      try {
        writeAll(Deno.stdout, encoder.encode(text));
      } catch (error) {
        throw isClosedPipe(error) ? new ClosedPipe() : error;
      }
    },
    err(text: string): void {
      try {
        writeAll(Deno.stderr, encoder.encode(text));
      } catch (error) {
        if (!isClosedPipe(error)) throw error;
      }
    },
    async write(bytes: Uint8Array): Promise<void> {
      try {
        for (let at = 0; at < bytes.length;) at += await Deno.stdout.write(bytes.subarray(at));
      } catch (error) {
        throw isClosedPipe(error) ? new ClosedPipe() : error;
      }
    },
  };
}
