import {
  type Application,
  ArgumentScannerError,
  buildApplication,
  buildCommand,
  buildRouteMap,
  type CommandContext,
  FlagNotFoundError,
  formatMessageForArgumentScannerError,
  help,
  text_en,
  version,
} from "@stricli/core";
import type { ExplainFlags } from "./commands/explain.ts";
import type { GetFlags } from "./commands/get.ts";
import type { ProbeFlags } from "./commands/probe.ts";
import type { ServeFlags } from "./commands/serve.ts";
import {
  CONNECT_FLAGS,
  durationFlag,
  OUTPUT_FLAGS,
  QLOG_FLAGS,
  textFlag,
  wholeNumberFlag,
  workersFlag,
} from "./flags.ts";
import { PROGRAM, VERSION } from "./version.ts";

/** What a command gets as `this`. */
export interface CliContext extends CommandContext {
  /** Keeps the exit code of a command. */
  finish(exitCode: number): void;
  /** Keeps an error for the end of the run. */
  fail(error: unknown): void;
}

/** How stricli tells that the command line is wrong. */
export interface UsageReport {
  /** The sentence. */
  readonly message: string;
  /** What to try. */
  readonly hints: readonly string[];
}

const FORMATTING = {
  caseStyle: "convert-camel-to-kebab",
  useAliasInUsageLine: false,
  onlyRequiredInUsageLine: true,
} as const;

const DATA_HELP = "Body: text, @FILE, or - for standard input";

const probe = buildCommand<ProbeFlags, [string?], CliContext>({
  loader: async () => (await import("./commands/probe.ts")).probe,
  parameters: {
    positional: {
      kind: "tuple",
      parameters: [{
        brief: "Where to; without one a server of our own on loopback",
        parse: textFlag,
        placeholder: "url",
        optional: true,
      }],
    },
    flags: {
      ...CONNECT_FLAGS,
      repeat: {
        kind: "parsed",
        parse: wholeNumberFlag(1, 100),
        default: "1",
        placeholder: "n",
        brief: "Connect n times; timings are medians",
      },
      slo: {
        kind: "parsed",
        parse: textFlag,
        optional: true,
        placeholder: "name=ms,…",
        brief: "Limits on dns, tcp, tls, quic, wait, ttfb, total, next, ping; exit 8 when one is missed",
      },
      failOn: {
        kind: "enum",
        values: ["warn", "fail", "never"],
        default: "fail",
        brief: "The least finding that makes the exit code 1",
      },
      ...OUTPUT_FLAGS,
    },
    aliases: { H: "header", k: "insecure" },
  },
  docs: {
    brief: "What a server speaks, how well and how fast",
    customUsage: ["[options] [url]"],
    fullDescription:
      "Connects by HTTP/2 and by HTTP/3, reads the SETTINGS, sends a PING and two requests, and reports findings with the rule that each is about.",
  },
});

const get = buildCommand<GetFlags, [string?], CliContext>({
  loader: async () => (await import("./commands/get.ts")).get,
  parameters: {
    positional: {
      kind: "tuple",
      parameters: [{
        brief: "What to fetch: a URL, host, host:port or :port, with a path",
        parse: textFlag,
        placeholder: "url",
        optional: true,
      }],
    },
    flags: {
      ...CONNECT_FLAGS,
      request: {
        kind: "parsed",
        parse: textFlag,
        optional: true,
        placeholder: "method",
        brief: "The method; GET, or POST with -d",
      },
      data: { kind: "parsed", parse: textFlag, optional: true, placeholder: "data", brief: DATA_HELP },
      head: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        brief: "Send HEAD and print the response fields",
      },
      fail: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        brief: "Exit 1 on a status of 400 or more",
      },
      out: {
        kind: "parsed",
        parse: textFlag,
        optional: true,
        placeholder: "file",
        brief: "Write the body to a file",
      },
      verbose: { kind: "counter", optional: true, brief: "Frames on stderr; -vv: with fields" },
      showSecrets: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        brief: "Show authorization and cookies in -vv and --qlog",
      },
      jsonLines: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        brief: "Print the trace and the result as JSON, one document a line (also: --json=lines)",
      },
      ...OUTPUT_FLAGS,
    },
    aliases: { X: "request", H: "header", d: "data", k: "insecure", v: "verbose", o: "out" },
  },
  docs: {
    brief: "One request; the body goes to stdout, -v shows the frames",
    customUsage: ["[options] url"],
    fullDescription:
      "Sends one request over HTTP/2 and writes the body to stdout as it comes. A body that was cut off is an error.",
  },
});

const serve = buildCommand<ServeFlags, [string?], CliContext>({
  loader: async () => (await import("./commands/serve.ts")).serve,
  parameters: {
    positional: {
      kind: "tuple",
      parameters: [{
        brief: "The directory to serve, read only; the working directory without one",
        parse: textFlag,
        placeholder: "dir",
        optional: true,
      }],
    },
    flags: {
      echo: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        brief: "Answer with test responses instead of files",
      },
      plain: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        brief: "HTTP/2 without TLS (prior knowledge)",
      },
      http: {
        kind: "enum",
        values: ["auto", "2", "3", "both"],
        default: "auto",
        brief: "HTTP versions: 2 on TCP, 3 on the same UDP port; auto: what Deno can",
      },
      port: {
        kind: "parsed",
        parse: wholeNumberFlag(0, 65_535),
        default: "8443",
        placeholder: "n",
        brief: "The port; 0 picks a free one",
      },
      hostname: {
        kind: "parsed",
        parse: textFlag,
        default: "127.0.0.1",
        placeholder: "h",
        brief: "The address to listen on",
      },
      cert: {
        kind: "parsed",
        parse: textFlag,
        optional: true,
        placeholder: "file",
        brief: "Certificate chain, PEM; one is made where none is given",
      },
      key: {
        kind: "parsed",
        parse: textFlag,
        optional: true,
        placeholder: "file",
        brief: "Private key, PEM",
      },
      certOut: {
        kind: "parsed",
        parse: textFlag,
        optional: true,
        placeholder: "dir",
        brief: "Keep the certificate that is made: cert.pem, key.pem",
      },
      workers: {
        kind: "parsed",
        parse: workersFlag,
        default: "1",
        placeholder: "n",
        brief: "Threads that share the TCP port; auto: one a processor; h3 is in one of them",
      },
      drain: {
        kind: "parsed",
        parse: durationFlag,
        default: "10s",
        placeholder: "time",
        brief: "How long open requests may take after ctrl-c",
      },
      quiet: { kind: "boolean", optional: true, withNegated: false, brief: "No line for each request" },
      ...QLOG_FLAGS,
      ...OUTPUT_FLAGS,
    },
    aliases: { p: "port", q: "quiet" },
  },
  docs: {
    brief: "A server of static files, or an echo for tests",
    customUsage: ["[options] [dir]", "[options] --echo"],
    fullDescription:
      `With --echo: any POST or PUT gets its body back; / 12 bytes of text; /bytes/N N bytes; /headers the request's fields as JSON; /trailers a trailer section; /early a 103 first; /status/N that status; /delay/MS an answer after MS milliseconds.`,
  },
});

const explain = buildCommand<ExplainFlags, [string?], CliContext>({
  loader: async () => (await import("./commands/explain.ts")).explain,
  parameters: {
    positional: {
      kind: "tuple",
      parameters: [{
        brief: "9113-8.2.1, 8.2.1, PROTOCOL_ERROR, 0x1, limit:peer_resets, …",
        parse: textFlag,
        placeholder: "rule|code",
        optional: true,
      }],
    },
    flags: { ...OUTPUT_FLAGS },
  },
  docs: { brief: "What a rule or an error code means", customUsage: ["[options] rule|code"] },
});

function usageOf(error: unknown): UsageReport {
  if (error instanceof FlagNotFoundError) {
    const close = error.corrections[0];
    const better = close === undefined
      ? ""
      : `, did you mean ${close.startsWith("-") ? close : `--${close}`}?`;
    return { message: `unknown option --${error.input}${better}`, hints: [] };
  }
  const message = error instanceof ArgumentScannerError
    ? formatMessageForArgumentScannerError(error, {
      AliasNotFoundError: (e) => `unknown option -${e.input}`,
      ArgumentParseError: (e) =>
        `cannot use --${e.externalFlagNameOrPlaceholder}: ${
          e.exception instanceof Error ? e.exception.message : e.exception
        }`,
      EnumValidationError: (e) =>
        `--${e.externalFlagName} is one of ${e.values.join(", ")}, not "${e.input}"`,
      UnexpectedPositionalError: (e) => `"${e.input}" is one argument too many`,
      UnsatisfiedFlagError: (e) => `--${e.externalFlagName} needs a value`,
      UnexpectedFlagError: (e) => `--${e.externalFlagName} is given twice`,
    })
    : String(error);
  return { message, hints: [] };
}

/** Builds the application; `onUsage` is told what is wrong with a command line. */
export function buildRoutes(
  onUsage: (report: UsageReport) => void,
  onBug: (error: unknown) => void,
): Application<CliContext> {
  const routes = buildRouteMap({
    routes: { probe, get, serve, explain },
    docs: { brief: "HTTP/2 and HTTP/3 from the command line: probe, fetch, serve" },
  });
  function bug(error: unknown): string {
    onBug(error);
    return "";
  }
  return buildApplication(routes, {
    name: PROGRAM,
    scanner: { caseStyle: "allow-kebab-for-camel", allowArgumentEscapeSequence: true },
    documentation: { ...FORMATTING, disableAnsiColor: true },
    localization: {
      text: {
        ...text_en,
        exceptionWhileParsingArguments(error): string {
          onUsage(usageOf(error));
          return "";
        },
        noCommandRegisteredForInput({ input, corrections }): string {
          const close = corrections.length === 0
            ? ""
            : `, did you mean ${corrections.join(" or ").replaceAll("`", "")}?`;
          onUsage({ message: `unknown command "${input}"${close}`, hints: [] });
          return "";
        },
        exceptionWhileLoadingCommandFunction: bug,
        exceptionWhileLoadingCommandContext: bug,
        exceptionWhileRunningCommand: bug,
        commandErrorResult: bug,
      },
    },
  }, {
    help: help({ brief: "Print help", alias: "h", defaultForRouteMap: true, formatting: FORMATTING }),
    version: version({ brief: "Print the version", alias: "V", info: { currentVersion: VERSION } }),
  });
}
