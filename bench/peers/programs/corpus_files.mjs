// Reads what `codec_corpora.ts` writes: field lists as text, coded blocks as records.
import fs from "node:fs";

const TAB = 9;
const LINE = 10;

/** The lists of a kind, each as name, value, name, value, …; every string is flat and of its own. */
export function readLists(folder, kind) {
  const bytes = fs.readFileSync(`${folder}/${kind}.txt`);
  const lists = [];
  for (let at = 0; at < bytes.length; at++) {
    const flat = [];
    while (bytes[at] !== LINE) {
      const tab = bytes.indexOf(TAB, at);
      const end = bytes.indexOf(LINE, tab);
      flat.push(bytes.toString("latin1", at, tab), bytes.toString("latin1", tab + 1, end));
      at = end + 1;
    }
    lists.push(flat);
  }
  return lists;
}

/** The records of a file, which stay in one buffer; each has its size before it, in four octets, the lowest first. */
export function readRecords(folder, name) {
  const bytes = new Uint8Array(fs.readFileSync(`${folder}/${name}.bin`));
  const view = new DataView(bytes.buffer);
  const records = [];
  for (let at = 0; at < bytes.length;) {
    const size = view.getUint32(at, true);
    records.push(bytes.subarray(at + 4, at + 4 + size));
    at += 4 + size;
  }
  return records;
}

/** Octets of names and values. */
export function octetsOf(flat) {
  let octets = 0;
  for (const text of flat) octets += text.length;
  return octets;
}
