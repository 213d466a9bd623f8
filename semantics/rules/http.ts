/** Rules of messages that both protocols share (RFC 9110, RFC 9113 section 8, RFC 9114 section 4, RFC 9218). */
export const HTTP_RULES = {} as const;
