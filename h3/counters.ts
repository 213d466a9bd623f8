/** Counts of what happened on a connection; one entry for each limit, by its reason word in camel case, and more. */
export interface H3Counters {
  /** Bytes received on streams. */
  bytesIn: number;
  /** Bytes handed over in write commands. */
  bytesOut: number;
  /** Frames received. */
  framesIn: number;
  /** Frames written. */
  framesOut: number;
  /** Exchanges opened by this end. */
  exchangesOpened: number;
  /** Exchanges opened by the peer. */
  exchangesAccepted: number;
  /** Exchanges that ended well. */
  exchangesDone: number;
  /** Resets and stops received on requests. */
  resetsIn: number;
  /** Requests reset, stopped or ended by the ladder. */
  resetsOut: number;
  /** Resets received before the answer began (spends the budget `peerResetBurst`). */
  peerResets: number;
  /** Resets sent because of an error of the peer (spends `errorResetBurst`). */
  errorResets: number;
  /** Odd or ignored frames and streams (spends `glitchBurst`). */
  glitches: number;
  /** Exchanges refused because the peer had too many open, or came after the end was announced. */
  concurrentStreams: number;
  /** Messages over the limit on bytes. */
  headerListBytes: number;
  /** Messages over the limit on the number of fields. */
  headerFields: number;
  /** Connections ended by `maxSettingsEntries`. */
  settingsEntries: number;
  /** Connections ended by `maxSettingsBytes`. */
  settingsBytes: number;
  /** Connections ended by `maxPriorityUpdateBytes`. */
  priorityUpdateBytes: number;
  /** Connections ended by `maxEmptyDataFrames`. */
  emptyData: number;
  /** Exchanges ended by `smallDataBudgetBytes`. */
  smallData: number;
  /** Messages over `maxInterimResponses`. */
  interimResponses: number;
  /** Connections ended by `maxQueuedFrames`. */
  queuedFrames: number;
  /** Connections ended because a kept part of an encoder instruction grew too long. */
  encoderStreamBytes: number;
  /** Connections ended by `maxDecoderStreamBytes`. */
  decoderStreamBytes: number;
  /** Exchanges ended because too much arrived behind a section that waits for QPACK inserts. */
  blockedBytes: number;
  /** Connections ended by `maxUnidentifiedStreams`. */
  unidentifiedStreams: number;
  /** Connections ended because the peer skipped too many stream ids. */
  skippedStreams: number;
  /** Connections ended by `handshakeTimeoutMs`. */
  handshakeTimeout: number;
  /** Exchanges ended by `headTimeoutMs`. */
  headTimeout: number;
  /** Streams stopped by `streamTypeTimeoutMs`. */
  streamTypeTimeout: number;
  /** Bodies ended by `minDataRate`, either direction. */
  dataRate: number;
  /** Connections ended because the peer did not read the end of an aborted message. */
  abortTimeout: number;
  /** Connections ended by `idleTimeoutMs`. */
  idleTimeout: number;
  /** Connections ended by `drainTimeoutMs`. */
  drainTimeout: number;
  /** Field sections that had to wait for QPACK inserts. */
  blockedSections: number;
  /** Requests that were answered with 425. */
  tooEarly: number;
  /** Unfinished messages that were ended by a malformed trailer section. */
  poisoned: number;
  /** Frames of unknown types. */
  unknownFrames: number;
  /** Unidirectional streams of unknown types. */
  unknownStreams: number;
  /** Datagrams received for an exchange that is open. */
  datagramsIn: number;
  /** Datagrams received for no exchange, dropped. */
  datagramsDropped: number;
  /** Datagrams sent. */
  datagramsOut: number;
  /** Faults of this library that were caught; 0, we hope. */
  internalErrors: number;
}

/** All counts at 0. */
export function newCounters(): H3Counters {
  return {
    bytesIn: 0,
    bytesOut: 0,
    framesIn: 0,
    framesOut: 0,
    exchangesOpened: 0,
    exchangesAccepted: 0,
    exchangesDone: 0,
    resetsIn: 0,
    resetsOut: 0,
    peerResets: 0,
    errorResets: 0,
    glitches: 0,
    concurrentStreams: 0,
    headerListBytes: 0,
    headerFields: 0,
    settingsEntries: 0,
    settingsBytes: 0,
    priorityUpdateBytes: 0,
    emptyData: 0,
    smallData: 0,
    interimResponses: 0,
    queuedFrames: 0,
    encoderStreamBytes: 0,
    decoderStreamBytes: 0,
    blockedBytes: 0,
    unidentifiedStreams: 0,
    skippedStreams: 0,
    handshakeTimeout: 0,
    headTimeout: 0,
    streamTypeTimeout: 0,
    dataRate: 0,
    abortTimeout: 0,
    idleTimeout: 0,
    drainTimeout: 0,
    blockedSections: 0,
    tooEarly: 0,
    poisoned: 0,
    unknownFrames: 0,
    unknownStreams: 0,
    datagramsIn: 0,
    datagramsDropped: 0,
    datagramsOut: 0,
    internalErrors: 0,
  };
}

/** Counters that count what spends their budget, not the ends that this causes. */
const BUDGETS: ReadonlySet<string> = new Set(["peerResets", "errorResets", "glitches"]);

/** Counts a limit that fired, by its `limit:` rule. */
export function countLimit(counters: H3Counters, rule: string): void {
  if (!rule.startsWith("limit:")) return;
  const name = rule.slice(6).replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  if (BUDGETS.has(name) || !Object.hasOwn(counters, name)) return;
  counters[name as keyof H3Counters]++;
}
