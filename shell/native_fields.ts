import { Fields } from "../semantics/fields.ts";

/**
 * Fields that native headers may well have, since they come from HTTP/1.1 or from a
 * handler that does not know of the protocol, and that do not exist here (RFC 9113 section
 * 8.2.2, RFC 9114 section 4.2).
 */
const CONNECTION_FIELDS = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
]);

/** The fields of native headers, without those that belong to an HTTP/1.1 connection. */
export function fieldsOfHeaders(headers: Headers): Fields {
  const flat: string[] = [];
  // The names of native headers are in lower case already.
  headers.forEach((value, name) => {
    if (!CONNECTION_FIELDS.has(name)) flat.push(name, value);
  });
  return new Fields(flat);
}

/** The same of a request: `host` is in the URL, and `te` can only ask for trailers. */
export function fieldsOfRequestHeaders(headers: Headers): Fields {
  const fields = fieldsOfHeaders(headers);
  fields.delete("host");
  const te = fields.get("te");
  if (te !== undefined && te !== "trailers") fields.delete("te");
  return fields;
}

/** The same of a response. One that was proxied declares what a 204 may not (RFC 9110 section 8.6). */
export function fieldsOfResponse(response: Response): Fields {
  const fields = fieldsOfHeaders(response.headers);
  if (response.status === 204) fields.delete("content-length");
  return fields;
}
