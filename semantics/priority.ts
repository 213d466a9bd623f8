/** How urgent a response is (RFC 9218 section 4). */
export interface Priority {
  /** 0 (first) to 7 (last). @default {3} */
  readonly urgency: number;
  /** Whether parts of the response are of use before the rest. @default {false} */
  readonly incremental: boolean;
}
