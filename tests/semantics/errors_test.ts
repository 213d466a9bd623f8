import assert from "node:assert/strict";
import { ConnectionError, HttpError, StreamError, TransportError } from "../../semantics/mod.ts";

const CLASSES = [ConnectionError, StreamError, TransportError] as const;

Deno.test("ConnectionError, StreamError and TransportError carry what is known", () => {
  const cause = new Error("underneath");
  for (const Class of CLASSES) {
    const error = new Class("SOME_CODE", "Cannot do it: it is so", {
      wireCode: 7,
      initiator: "remote",
      rule: "9113-8.1.1",
      retry: "refused",
      cause,
    });
    assert(error instanceof Error);
    assert.equal(error.name, Class.name);
    assert.equal(error.message, "Cannot do it: it is so [9113-8.1.1]");
    assert.deepEqual(
      [error.code, error.wireCode, error.initiator, error.rule, error.retry, error.cause],
      ["SOME_CODE", 7, "remote", "9113-8.1.1", "refused", cause],
    );
    assert(error.stack?.includes("errors_test.ts"));
  }
});

Deno.test("HttpError leaves out what is not known", () => {
  const error = new StreamError("timeout", "Too late", { initiator: "local" });
  assert.deepEqual([error.wireCode, error.rule, error.retry, error.message], [
    undefined,
    undefined,
    "unknown",
    "Too late",
  ]);
  assert(!("cause" in error));
});

Deno.test("HttpError is recognised by class and apart from its siblings", () => {
  for (const Class of CLASSES) {
    const error: unknown = new Class("x", "y", { initiator: "user" });
    assert(error instanceof HttpError);
    for (const Other of CLASSES) assert.equal(error instanceof Other, Other === Class);
  }
  for (const other of [new Error("x"), undefined, null, 1, "x", {}, []]) {
    assert(!(other instanceof HttpError));
    for (const Class of CLASSES) assert(!(other instanceof Class));
  }
});

Deno.test("HttpError of another copy of the module is recognised", async () => {
  const path = new URL("../../semantics/errors.ts?copy", import.meta.url).href;
  const copy = await import(path) as typeof import("../../semantics/errors.ts");
  assert.notEqual(copy.StreamError, StreamError);
  const error: unknown = new copy.StreamError("CANCEL", "x", { initiator: "remote" });
  assert(error instanceof StreamError);
  assert(error instanceof HttpError);
  assert(!(error instanceof ConnectionError));
  assert(new StreamError("CANCEL", "x", { initiator: "remote" }) instanceof copy.StreamError);
});

Deno.test("HttpError does not show its brand", () => {
  const error = new ConnectionError("x", "y", { initiator: "user" });
  assert(!Object.keys(error).some((key) => key.includes("brand")));
  assert.equal(
    Object.getOwnPropertySymbols(error).filter((key) =>
      Object.getOwnPropertyDescriptor(error, key)?.enumerable
    ).length,
    0,
  );
});
