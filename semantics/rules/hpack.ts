/** Rules of HPACK (RFC 7541). */
export const HPACK_RULES = {
  "7541-2.3.3": {
    level: "MUST",
    text: "An index points at an entry of the static table or at one that is in the dynamic table.",
  },
  "7541-3.2": {
    level: "MUST",
    text: "A header block ends where a field representation ends, not within one.",
  },
  "7541-4.2:position": {
    level: "MUST",
    text: "A change of the table size stands before the first field of a header block.",
  },
  "7541-4.2:required": {
    level: "MUST",
    text:
      "After a lower table size was acknowledged, the next header block begins by going down to it or below.",
  },
  "7541-5.1": {
    level: "MUST",
    text: "An integer is at most 2^31 - 1 and takes no more octets than that value needs.",
  },
  "7541-5.2:eos": {
    level: "MUST",
    text: "A Huffman-coded string does not hold the EOS symbol.",
  },
  "7541-5.2:padding": {
    level: "MUST",
    text: "The padding of a Huffman-coded string is the first bits of EOS, which are all ones.",
  },
  "7541-5.2:padding-length": {
    level: "MUST",
    text: "The padding of a Huffman-coded string is at most 7 bits long.",
  },
  "7541-6.1": {
    level: "MUST",
    text: "An indexed field does not use the index 0.",
  },
  "7541-6.3": {
    level: "MUST",
    text: "A change of the table size does not go above the size that the decoder allows.",
  },
} as const;
