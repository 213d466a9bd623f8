import type { FlagParametersForType, TypedFlagParameter } from "@stricli/core";
import { parseDuration } from "./ui/units.ts";
import type { ColorMode } from "./ui/style.ts";

/** Which protocols a command uses. */
export type HttpChoice = "auto" | "2" | "3" | "both";

/** The flags that shape the output of every command. */
export interface OutputFlags {
  /** The result as one JSON document. */
  readonly json?: boolean;
  /** When colour is used. */
  readonly color: ColorMode;
  /** Only ASCII. */
  readonly ascii?: boolean;
}

/** The flag of every command that has connections. */
export interface QlogFlags {
  /** A file for the log of frames. */
  readonly qlog?: string;
}

/** The flags of every command that connects. */
export interface ConnectFlags extends QlogFlags {
  /** Which protocols are used. */
  readonly http: HttpChoice;
  /** Limit for the whole run, in milliseconds. */
  readonly timeout?: number;
  /** Connect to this host and port instead. */
  readonly connect?: string;
  /** The server name to ask for instead. */
  readonly sni?: string;
  /** A file with more certificate authorities. */
  readonly ca?: string;
  /** Accept any certificate. */
  readonly insecure?: boolean;
  /** More request fields. */
  readonly header?: readonly string[];
}

/** Reads a duration flag; the error is shown as it is. */
export function durationFlag(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined || ms === 0) {
    throw new SyntaxError(`"${text}" is no duration; 300ms, 10s and 1.5m are`);
  }
  return ms;
}

/** Makes the reader of a whole number between two bounds. */
export function wholeNumberFlag(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most) {
      throw new SyntaxError(`"${text}" is no whole number from ${least} to ${most}`);
    }
    return value;
  };
}

const MAX_WORKERS = 256;

const threads = wholeNumberFlag(1, MAX_WORKERS);

/** Reads the number of threads of a server; `auto` is one for each processor. */
export function workersFlag(text: string): number {
  return text === "auto" ? Math.min(navigator.hardwareConcurrency, MAX_WORKERS) : threads(text);
}

/** Takes a value as it is. */
export function textFlag(text: string): string {
  return text;
}

const COLOR: TypedFlagParameter<ColorMode> = {
  kind: "enum",
  values: ["auto", "always", "never"],
  default: "auto",
  brief: "When to use colour; auto: on a terminal, unless NO_COLOR is set",
};

/** Definitions of `OutputFlags`. */
export const OUTPUT_FLAGS: FlagParametersForType<OutputFlags> = {
  json: { kind: "boolean", optional: true, withNegated: false, brief: "Print the same facts as JSON" },
  color: COLOR,
  ascii: { kind: "boolean", optional: true, withNegated: false, brief: "Draw with ASCII characters only" },
};

/** Definitions of `QlogFlags`. */
export const QLOG_FLAGS: FlagParametersForType<QlogFlags> = {
  qlog: {
    kind: "parsed",
    parse: textFlag,
    optional: true,
    placeholder: "file",
    brief: "Log frames and fields to this file as qlog (.sqlog), without credentials",
  },
};

/** Definitions of `ConnectFlags`. */
export const CONNECT_FLAGS: FlagParametersForType<ConnectFlags> = {
  http: {
    kind: "enum",
    values: ["auto", "2", "3", "both"],
    default: "auto",
    brief: "HTTP versions; auto: h3 raced against h2 (get), whatever there is (probe)",
  },
  timeout: {
    kind: "parsed",
    parse: durationFlag,
    optional: true,
    placeholder: "time",
    brief: "Give up after this long, such as 500ms, 10s or 2m",
  },
  connect: {
    kind: "parsed",
    parse: textFlag,
    optional: true,
    placeholder: "host[:port]",
    brief: "Connect there instead of to the host of the URL",
  },
  sni: {
    kind: "parsed",
    parse: textFlag,
    optional: true,
    placeholder: "name",
    brief: "Server name to ask for and to hold the certificate against",
  },
  ca: {
    kind: "parsed",
    parse: textFlag,
    optional: true,
    placeholder: "file",
    brief: "PEM file with certificates to trust as well",
  },
  insecure: {
    kind: "boolean",
    optional: true,
    withNegated: false,
    brief: "Accept any certificate, for this run",
  },
  header: {
    kind: "parsed",
    parse: textFlag,
    optional: true,
    variadic: true,
    placeholder: "name: value",
    brief: "Send this field as well (repeatable)",
  },
  ...QLOG_FLAGS,
};
