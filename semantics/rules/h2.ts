/** Rules of HTTP/2 frames, streams and connections (RFC 9113 but section 8, RFC 8441, RFC 8336, RFC 7838). */
export const H2_RULES = {} as const;
