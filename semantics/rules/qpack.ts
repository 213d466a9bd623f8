/** Rules of QPACK (RFC 9204). */
export const QPACK_RULES = {} as const;
