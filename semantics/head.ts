import type { Fields } from "./fields.ts";

/**
 * The start of a request, with the pseudo-fields taken apart (RFC 9113 section
 * 8.3.1, RFC 9114 section 4.3.1). For a plain CONNECT `scheme` and `path` are empty.
 */
export interface RequestHead {
  /** The method, case-sensitive. */
  readonly method: string;
  /** `https` or `http`, mostly; empty for a plain CONNECT. */
  readonly scheme: string;
  /** Host and port; empty when the request has neither `:authority` nor `host`. */
  readonly authority: string;
  /** Path and query, from the first slash on, or `*`; empty for a plain CONNECT. */
  readonly path: string;
  /** The `:protocol` of an extended CONNECT (RFC 8441, RFC 9220). */
  readonly protocol?: string | undefined;
  /** The regular fields, in order, names in lower case. */
  readonly fields: Fields;
}

/** The start of a response, interim or final (RFC 9113 section 8.3.2, RFC 9114 section 4.3.2). */
export interface ResponseHead {
  /** 100 to 999. */
  readonly status: number;
  /** The regular fields, in order, names in lower case. */
  readonly fields: Fields;
}
