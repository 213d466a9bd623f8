/**
 * The suite that a transport must pass: plain cases for any test runner.
 *
 * @module
 */

export { byteTransportSuite, type ByteTransportSuiteOptions } from "./testing_byte.ts";
export type { TransportCase } from "./testing_kit.ts";
