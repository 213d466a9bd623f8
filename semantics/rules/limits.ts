/** Bounds of our own; the word after the colon is the reason string that goes on the wire and into the counters. */
export const LIMIT_RULES = {} as const;
