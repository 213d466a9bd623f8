/** Rules of HTTP/3 frames, streams and connections (RFC 9114 but section 4, RFC 9220, RFC 9297, RFC 9412). */
export const H3_RULES = {} as const;
