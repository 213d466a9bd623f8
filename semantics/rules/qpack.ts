/** Rules of QPACK (RFC 9204). */
export const QPACK_RULES = {
  "9204-2.1.2": {
    level: "MUST",
    text: "An encoder lets no more streams block than the decoder said it supports.",
  },
  "9204-2.2.1": {
    level: "MUST",
    text: "A field section refers to no entry at or above its Required Insert Count.",
  },
  "9204-2.2.3": {
    level: "MUST",
    text: "A dynamic reference names an entry that was inserted and is not yet evicted.",
  },
  "9204-3.1": {
    level: "MUST",
    text: "A static index is one of the 99 entries of the static table.",
  },
  "9204-3.2.2": {
    level: "MUST",
    text: "An entry is inserted only if it fits into the capacity of the dynamic table.",
  },
  "9204-4.1.1": {
    level: "MUST",
    text: "An integer is no larger than what its place can mean.",
  },
  "9204-4.1.2": {
    level: "MUST",
    text: "A Huffman-coded string ends in at most seven one bits and holds no end-of-string symbol.",
  },
  "9204-4.3.1": {
    level: "MUST",
    text: "A capacity is no larger than the maximum that the decoder announced.",
  },
  "9204-4.4.1": {
    level: "MUST",
    text: "A section is acknowledged only on a stream where one with dynamic references is outstanding.",
  },
  "9204-4.4.3": {
    level: "MUST",
    text: "An increment is not 0 and counts no more entries than were inserted.",
  },
  "9204-4.5": {
    level: "MUST",
    text: "A field section ends where its last field line ends.",
  },
  "9204-4.5.1.1": {
    level: "MUST",
    text: "An encoded Required Insert Count is one that an encoder with this table can have made.",
  },
  "9204-4.5.1.2": {
    level: "MUST",
    text: "The Base of a field section is not negative.",
  },
} as const;
