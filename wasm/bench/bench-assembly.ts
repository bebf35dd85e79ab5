// What the modules that benches assemble by hand have in common.
//
// Source: WebAssembly Core Specification 2.0, section 5 (binary format).

/** "\0asm", version 1. */
export const WASM_HEADER: readonly number[] = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
export const I32 = 0x7f;

/** A section, a function body or a name, its length in front: unsigned LEB128 of two bytes, up to 16,383. */
export function sized(bytes: readonly number[]): number[] {
  return [(bytes.length & 0x7f) | 0x80, bytes.length >> 7, ...bytes];
}
