/** The platform's own classes, looked up once: in Deno the globals are accessors, which cost something each time. */

/** The platform's `Request`. */
export const NativeRequest: typeof Request = Request;

/** The platform's `Response`. */
export const NativeResponse: typeof Response = Response;
