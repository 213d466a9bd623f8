/**
 * Bytes: integers, strings, queues and writers that both protocols and both header
 * codecs are made of. Internal to the package.
 *
 * @module
 */

export * from "./block_cache.ts";
export * from "./buffer_pool.ts";
export * from "./byte_queue.ts";
export * from "./byte_writer.ts";
export * from "./decoded_section.ts";
export * from "./encoded_blocks.ts";
export * from "./huffman.ts";
export * from "./huffman_cache.ts";
export * from "./id_table.ts";
export * from "./indexing_policy.ts";
export * from "./latin1.ts";
export * from "./literal_cache.ts";
export * from "./prefix_int.ts";
export * from "./string_literal.ts";
export * from "./varint.ts";
