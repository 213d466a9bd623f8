/** Rules of HPACK (RFC 7541). */
export const HPACK_RULES = {} as const;
