/** Fields that several sections have in common: the same object each time. */
export interface SharedFields {
  /** The fields in order, as in a section. Read-only. */
  readonly flat: readonly string[];
  /** What the reader of messages found out about them; nobody else touches it. */
  validated?: unknown;
}

/**
 * A decoded field section: what both header codecs hand to the message rules.
 *
 * The same object may come back for an equal section later (the codecs cache), so
 * readers treat it and its lists as read-only.
 */
export interface DecodedSection {
  /** The fields in order: name, value, name, value, …; each character is one octet. */
  readonly flat: string[];
  /** Names whose fields came as never to be indexed (RFC 7541 section 7.1.3), if any did. */
  readonly sensitive: string[] | undefined;
  /** Size of all fields, also of those cut away, as RFC 9113 section 6.5.2 counts it, in bytes. */
  readonly bytes: number;
  /** How many fields there were, also those cut away. */
  readonly count: number;
  /** Whether a limit on size or number was passed; `flat` is cut there, the codec's table is not. */
  readonly tooLarge: boolean;
  /**
   * What the reader of messages found out about this very object, so that it need not look
   * again; nobody else touches it. Codecs that hand out an object twice start it as `undefined`.
   */
  validated?: unknown;
  /** The last fields of `flat`, where a codec knows that earlier sections ended with them, too. */
  readonly tail?: SharedFields | undefined;
}

/** What RFC 7541 section 4.1 adds to the octets of each field, in bytes. */
export const FIELD_OVERHEAD_BYTES = 32;

/** Whether a section may be kept for when it comes again: it is whole, and nothing in it is never to be indexed. */
export function mayKeep(section: DecodedSection): boolean {
  return section.sensitive === undefined && !section.tooLarge;
}
