/**
 * The suite that a transport must pass: plain cases for any test runner.
 *
 * @module
 */

export { byteTransportSuite, type ByteTransportSuiteOptions, type ByteTransportWay } from "./testing_byte.ts";
export { quicTransportSuite, type QuicTransportSuiteOptions } from "./testing_quic.ts";
export type { TransportCase } from "./testing_kit.ts";
