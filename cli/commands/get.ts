import { makePlan, parseFields } from "../connect_plan.ts";
import { CliError, ClosedPipe, EXIT, usageError } from "../errors.ts";
import { explainLinkError } from "../explain_link.ts";
import type { ConnectFlags, OutputFlags } from "../flags.ts";
import { openBodySink } from "../get/body_sink.ts";
import { type GetFacts, getJson } from "../get/get_json.ts";
import { printHead, printRace, printSummary, printTrailers } from "../get/get_text.ts";
import { connectFirst, type Raced, type RaceReport } from "../get/race.ts";
import { type Io, openIo } from "../io.ts";
import type { Need } from "../permissions.ts";
import { chooseProtocols } from "../protocols/choose.ts";
import type { ConnectPlan, HttpLink } from "../protocols/mod.ts";
import { bodyNeeds, openRequestBody, type RequestBody } from "../request_body.ts";
import type { CliContext } from "../routes.ts";
import { listenForInterrupt, runCommand } from "../run_command.ts";
import type { ResponseHead } from "../../semantics/head.ts";
import type { TraceHook } from "../../semantics/trace.ts";
import type { ClientRequest } from "../../shell/client_request.ts";
import type { ClientResponse } from "../../shell/client_response.ts";
import { parseTarget } from "../target.ts";
import { frameTrace } from "../ui/frame_trace.ts";
import { jsonTrace } from "../ui/json_trace.ts";
import { openProgress } from "../ui/progress.ts";
import { PROGRAM, VERSION } from "../version.ts";

/** The flags of `get`. */
export interface GetFlags extends ConnectFlags, OutputFlags {
  /** The method. */
  readonly request?: string;
  /** The body: text, `@FILE` or `-`. */
  readonly data?: string;
  /** Send HEAD and print the fields. */
  readonly head?: boolean;
  /** Exit 1 on a status of 400 or more. */
  readonly fail?: boolean;
  /** Write the body to a file. */
  readonly out?: string;
  /** 1: frames, 2: fields as well. */
  readonly verbose?: number;
  /** Show credentials in traces. */
  readonly showSecrets?: boolean;
  /** The trace and the result as JSON, one document a line. */
  readonly jsonLines?: boolean;
}

/** `tandem get URL`: one request. */
export async function get(this: CliContext, flags: GetFlags, url?: string): Promise<void> {
  await runCommand(this, () => runGet(flags, url));
}

const METHOD = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

function methodOf(flags: GetFlags): string {
  if (flags.head === true && flags.request !== undefined) {
    throw usageError("--head and -X say two different methods");
  }
  if (flags.head === true && flags.data !== undefined) throw usageError("--head sends no body, -d does");
  const method = flags.head === true ? "HEAD" : flags.request ?? (flags.data === undefined ? "GET" : "POST");
  if (!METHOD.test(method)) throw usageError(`"${method}" is no method`, "-X GET, -X POST, -X PUT, …");
  if (method === "CONNECT") throw usageError("get opens no tunnels");
  return method;
}

async function runGet(flags: GetFlags, url: string | undefined): Promise<number> {
  if (url === undefined) throw usageError("no URL given", `${PROGRAM} get https://example.com/`);
  const target = parseTarget(url, "get");
  const method = methodOf(flags);
  const given = parseFields(flags.header);
  if (flags.http === "both") {
    throw usageError("get sends one request", "--http auto takes HTTP/3 where there is any, else HTTP/2");
  }
  const choices = chooseProtocols(flags.http, target.scheme === "https");
  const io = openIo(flags);
  using interrupt = listenForInterrupt();
  const needs: Need[] = bodyNeeds(flags.data);
  if (flags.out !== undefined) needs.push({ name: "write", path: flags.out });
  const plan = await makePlan(target, flags, {
    command: "get",
    needs,
    interrupt: interrupt.signal,
    showSecrets: flags.showSecrets ?? false,
  });
  using _log = plan.qlog;
  const body = flags.data === undefined ? undefined : await openRequestBody(flags.data);

  const startedAt = performance.now();
  let raced: Raced;
  try {
    raced = await connectFirst(choices, plan, traceOf(flags, io));
  } catch (error) {
    throw explainLinkError(error, plan, undefined);
  }
  const { link, race } = raced;
  link.ready.catch(() => {}); // the request fails with the same error
  try {
    if (race !== undefined && target.scheme === "https" && !isJson(flags)) printRace(io, race);
    return await exchange(link, { plan, flags, io, method, given, body, startedAt, race });
  } catch (error) {
    throw error instanceof ClosedPipe ? error : explainLinkError(error, plan, link);
  } finally {
    await link.close();
  }
}

/** Whether stdout is for programs. */
function isJson(flags: GetFlags): boolean {
  return flags.json === true || flags.jsonLines === true;
}

function traceOf(flags: GetFlags, io: Io): TraceHook | undefined {
  const showSecrets = flags.showSecrets ?? false;
  if (flags.jsonLines === true) {
    return jsonTrace({ write: (line) => io.out(line + "\n"), showSecrets });
  }
  if ((flags.verbose ?? 0) === 0) return undefined;
  return frameTrace({
    write: (line) => io.err(line + "\n"),
    style: io.errStyle,
    fields: (flags.verbose ?? 0) > 1,
    showSecrets,
  });
}

interface GetRun {
  readonly plan: ConnectPlan;
  readonly flags: GetFlags;
  readonly io: Io;
  readonly method: string;
  readonly given: readonly [string, string][];
  readonly body: RequestBody | undefined;
  readonly startedAt: number;
  readonly race: RaceReport | undefined;
}

function requestOf(run: GetRun, onInterim: (head: ResponseHead) => void): ClientRequest {
  const { plan, method, given, body } = run;
  const fields: [string, string][] = [];
  function byDefault(name: string, value: string): void {
    if (!given.some(([other]) => other === name)) fields.push([name, value]);
  }
  byDefault("user-agent", `${PROGRAM}/${VERSION}`);
  byDefault("accept", "*/*");
  if (body?.bytes !== undefined) byDefault("content-length", String(body.bytes));
  fields.push(...given.filter(([name]) => name !== "host"));
  return {
    method,
    scheme: plan.target.scheme,
    authority: given.find(([name]) => name === "host")?.[1] ?? plan.target.authority,
    path: plan.target.path,
    fields,
    signal: plan.signal,
    onInterim,
    ...(body === undefined ? {} : { body: body.body }),
  };
}

async function exchange(link: HttpLink, run: GetRun): Promise<number> {
  const { flags, io } = run;
  const interim: ResponseHead[] = [];
  const sentAt = performance.now();
  const response = await link.request(requestOf(run, (head) => interim.push(head))).response;
  const headAt = performance.now();
  const isHead = run.method === "HEAD";
  if (isHead && !isJson(flags)) printHead(io, link.protocol, response);

  const received = await takeBody(response, run);
  const trailers = await response.trailers;
  const endAt = performance.now();
  const facts: GetFacts = {
    url: run.plan.target.url.href,
    method: run.method,
    link,
    race: run.race,
    response,
    interim,
    trailers,
    bodyBytes: received.bytes,
    bodyText: received.kept,
    savedTo: flags.out,
    timing: { waitMs: headAt - sentAt, bodyMs: endAt - headAt, totalMs: endAt - run.startedAt },
  };
  // The result comes last.
  if (flags.jsonLines === true || (flags.verbose ?? 0) > 0) await link.close();
  if (isJson(flags)) io.out(JSON.stringify(getJson(facts)) + "\n");
  if ((flags.verbose ?? 0) > 0) {
    printTrailers(io, trailers, flags.showSecrets ?? false);
    printSummary(io, facts);
  } else if (flags.out !== undefined && !isJson(flags)) printSummary(io, facts);
  if (flags.fail === true && response.status >= 400) {
    if (isJson(flags)) return EXIT.FINDINGS;
    throw new CliError(`the server answered ${response.status}`, { code: "status", exit: EXIT.FINDINGS });
  }
  return EXIT.OK;
}

async function takeBody(
  response: ClientResponse,
  run: GetRun,
): Promise<{ bytes: number; kept: Uint8Array | undefined }> {
  const declared = response.fields.get("content-length");
  const total = declared === undefined || run.method === "HEAD" ? undefined : Number(declared);
  const sink = await openBodySink(run.io, { out: run.flags.out, json: isJson(run.flags) });
  const showsBody = run.flags.out === undefined && run.io.outIsTerminal && !isJson(run.flags);
  const progress = openProgress(showsBody ? { ...run.io, errIsTerminal: false } : run.io, total);
  let bytes = 0;
  try {
    if (response.body !== null) {
      for await (const chunk of response.body) {
        bytes += chunk.length;
        await sink.write(chunk);
        progress.update(bytes);
      }
    }
    return { bytes, kept: sink.finish() };
  } catch (error) {
    if (error instanceof ClosedPipe || error instanceof CliError) throw error;
    throw cutOff(explainLinkError(error, run.plan, undefined), bytes, total);
  } finally {
    progress.stop();
    sink.close();
  }
}

/** A body that did not end well must never look whole. */
function cutOff(under: CliError, bytes: number, total: number | undefined): CliError {
  if (under.exit === EXIT.BUG || under.exit === EXIT.INTERRUPTED || under.exit === EXIT.TERMINATED) {
    return under;
  }
  const of = total === undefined ? "" : ` of ${total}`;
  return new CliError(`the answer was cut off after ${bytes}${of} bytes`, {
    code: "truncated",
    exit: under.exit === EXIT.UNREACHABLE ? EXIT.UNREACHABLE : EXIT.PEER,
    evidence: [under.message, ...under.evidence],
    hints: under.hints,
    rule: under.rule,
    cause: under,
  });
}
