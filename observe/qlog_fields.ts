/** The fields whose values are left out of logs, by default: they are secrets or lead to them. */
export const SECRET_FIELDS: readonly string[] = [
  "authorization",
  "proxy-authorization",
  "cookie",
  "set-cookie",
];

/** A field as qlog writes it: text where it is safe, octets where it is not, no value where it is secret. */
export interface QlogField {
  readonly name?: string;
  readonly name_bytes?: string;
  readonly value?: string;
  readonly value_bytes?: string;
}

/** What is known about an entity on the wire. */
export interface QlogRaw {
  readonly length: number;
  readonly payload_length: number;
}

/** Octets in hexadecimal. */
export function hexOf(text: string): string {
  let hex = "";
  for (let i = 0; i < text.length; i++) hex += text.charCodeAt(i).toString(16).padStart(2, "0");
  return hex;
}

/** Writes a section. */
export function qlogFields(flat: readonly string[], secret: ReadonlySet<string>): QlogField[] {
  const fields: QlogField[] = [];
  for (let i = 0; i + 1 < flat.length; i += 2) {
    const name = flat[i]!;
    const value = flat[i + 1]!;
    fields.push({
      ...(/^[\x21-\x7e]+$/.test(name) ? { name } : { name_bytes: hexOf(name) }),
      ...(secret.has(name.toLowerCase())
        ? {}
        : /^[\t\x20-\x7e]*$/.test(value)
        ? { value }
        : { value_bytes: hexOf(value) }),
    });
  }
  return fields;
}
