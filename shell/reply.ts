import { Fields, type FieldsInit, readMemo, writeMemo } from "../semantics/fields.ts";

/** Statuses whose responses have no content, whatever the handler says (RFC 9110 section 6.4.1). */
export function hasNoContent(status: number): boolean {
  return status === 204 || status === 205 || status === 304;
}

/** What became of a list that a handler gave: kept with it until it changes, since servers like to send the same again. */
class Completed {
  readonly length: number;
  readonly date: string;
  readonly fields: Fields;

  constructor(length: number, date: string, fields: Fields) {
    this.length = length;
    this.date = date;
    this.fields = fields;
  }
}

/**
 * The fields of a response as they are sent: those of the handler, `content-length` where
 * the length is known (-1: it is not) and `date` (RFC 9110 section 6.6.1) where it has
 * none, unless `date` is empty. A list of the handler's own is left as it was.
 */
export function replyFields(init: FieldsInit | undefined, length: number, date: string): Fields {
  if (init instanceof Fields) return completed(init, length, date);
  const fields = Fields.from(init);
  complete(fields, length, date);
  return fields;
}

/** The same for a list that nobody else has: it is completed where it is. */
export function completeOwned(fields: Fields, length: number, date: string): Fields {
  complete(fields, length, date);
  return fields;
}

function completed(given: Fields, length: number, date: string): Fields {
  const memo = readMemo(given);
  if (memo instanceof Completed && memo.length === length && memo.date === date) return memo.fields;
  if ((length < 0 || given.has("content-length")) && (date === "" || given.has("date"))) return given;
  const fields = given.clone();
  complete(fields, length, date);
  writeMemo(given, new Completed(length, date, fields));
  return fields;
}

function complete(fields: Fields, length: number, date: string): void {
  if (length >= 0 && !fields.has("content-length")) fields.append("content-length", String(length));
  if (date !== "" && !fields.has("date")) fields.append("date", date);
}
