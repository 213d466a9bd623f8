/** Counts of what happened on a connection; one entry for each limit, by its reason word in camel case, and more. */
export interface H2Counters {
  /** Bytes received. */
  bytesIn: number;
  /** Bytes handed to `output()`'s callers. */
  bytesOut: number;
  /** Frames received. */
  framesIn: number;
  /** Exchanges opened by this end. */
  exchangesOpened: number;
  /** Exchanges opened by the peer. */
  exchangesAccepted: number;
  /** Exchanges that ended well. */
  exchangesDone: number;
  /** Resets received. */
  resetsIn: number;
  /** Resets sent. */
  resetsOut: number;
  /** Resets received before the answer began (spends the budget `peerResetBurst`). */
  peerResets: number;
  /** Resets sent because of an error of the peer (spends `errorResetBurst`). */
  errorResets: number;
  /** Odd or ignored frames (spends `glitchBurst`). */
  glitches: number;
  /** Exchanges refused because the peer had too many open, or came after the end was announced. */
  concurrentStreams: number;
  /** Messages over the limit on bytes. */
  headerListBytes: number;
  /** Messages over the limit on the number of fields. */
  headerFields: number;
  /** Connections ended by `maxContinuationFrames`. */
  continuationFrames: number;
  /** Connections ended by `maxUnsentAcks`. */
  unsentAcks: number;
  /** Connections ended by `maxQueuedFrames`. */
  queuedFrames: number;
  /** Connections ended by `maxSettingsEntries`. */
  settingsEntries: number;
  /** Connections ended by `maxPriorityUpdateBytes`. */
  priorityUpdateBytes: number;
  /** Connections ended by `maxEmptyDataFrames`. */
  emptyData: number;
  /** Connections ended by `smallDataBudgetBytes`. */
  smallData: number;
  /** Messages over `maxInterimResponses`. */
  interimResponses: number;
  /** Connections ended by `handshakeTimeoutMs`. */
  handshakeTimeout: number;
  /** Connections ended by `settingsAckTimeoutMs`. */
  settingsAckTimeout: number;
  /** Connections ended by `headTimeoutMs`. */
  headTimeout: number;
  /** Bodies and connections ended by `minDataRate`, either direction. */
  dataRate: number;
  /** Connections ended by `idleTimeoutMs`. */
  idleTimeout: number;
  /** Connections ended by `drainTimeoutMs`. */
  drainTimeout: number;
  /** Frames that arrived late on closed streams and were ignored. */
  lateFrames: number;
  /** Frames of unknown types. */
  unknownFrames: number;
  /** PINGs received. */
  pingsIn: number;
  /** Times the adaptive window grew. */
  windowGrowths: number;
  /** Faults of this library that were caught; 0, we hope. */
  internalErrors: number;
}

/** All counts at 0. */
export function newCounters(): H2Counters {
  return {
    bytesIn: 0,
    bytesOut: 0,
    framesIn: 0,
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
    continuationFrames: 0,
    unsentAcks: 0,
    queuedFrames: 0,
    settingsEntries: 0,
    priorityUpdateBytes: 0,
    emptyData: 0,
    smallData: 0,
    interimResponses: 0,
    handshakeTimeout: 0,
    settingsAckTimeout: 0,
    headTimeout: 0,
    dataRate: 0,
    idleTimeout: 0,
    drainTimeout: 0,
    lateFrames: 0,
    unknownFrames: 0,
    pingsIn: 0,
    windowGrowths: 0,
    internalErrors: 0,
  };
}

/** The counter that belongs to a `limit:` rule, by its reason word. */
export function limitCounter(word: string): string {
  return word.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}
