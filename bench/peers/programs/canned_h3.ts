/** The least of an HTTP/3 client: a control stream and requests, as bytes. */

const encoder = new TextEncoder();
const Frame = { DATA: 0, HEADERS: 1, SETTINGS: 4 } as const;

/** What a control stream begins with: its type, and SETTINGS that set nothing. */
export const CONTROL: Uint8Array<ArrayBuffer> = Uint8Array.of(0, Frame.SETTINGS, 0);

/** A request, with a body where there is one; its fields are static or literal. */
export function request(authority: string, path: string, body?: Uint8Array): Uint8Array<ArrayBuffer> {
  const method = body === undefined ? 17 : 20;
  const fields = [0, 0, 0xc0 | method, 0xc0 | 23, 0x51, path.length, ...encoder.encode(path)];
  fields.push(0x50, authority.length, ...encoder.encode(authority));
  const bytes = [Frame.HEADERS, ...varint(fields.length), ...fields];
  if (body !== undefined) bytes.push(Frame.DATA, ...varint(body.length), ...body);
  return Uint8Array.from(bytes);
}

function varint(value: number): number[] {
  return value < 64 ? [value] : [0x40 | value >> 8, value & 255];
}
