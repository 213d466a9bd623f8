import fc from "fast-check";

const octet = fc.nat(255).map((code) => String.fromCharCode(code));

/** Names that come often, static ones, and any octets. */
export const fieldName: fc.Arbitrary<string> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom(":method", ":path", ":status", "cookie", "set-cookie", "date", "x-a", "x-b"),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom("authorization", "etag", "content-length", "accept-encoding", "x-long-name"),
  },
  { weight: 1, arbitrary: fc.string({ unit: octet, maxLength: 40 }) },
);

/** Values that come often, and any octets, short and long. */
export const fieldValue: fc.Arbitrary<string> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom("", "GET", "200", "/", "gzip, deflate", "a", "b", "session=0123456789abcdef"),
  },
  { weight: 2, arbitrary: fc.nat(200).map((n) => `value-${n}`) },
  { weight: 1, arbitrary: fc.string({ unit: octet, maxLength: 300 }) },
);

/** Lists of fields: name, value, name, value, … */
export const fieldList: fc.Arbitrary<string[]> = fc.array(fc.tuple(fieldName, fieldValue), { maxLength: 20 })
  .map((fields) => fields.flat());
