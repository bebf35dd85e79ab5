// The arena seen from outside, for tests about memory. Offsets and size classes are those of
// assembly/layout.ts and assembly/arena.ts.

import { PAGE_BYTES, PAGES_BEFORE_ARENA } from '../wasm-module.ts';

const ARENA = PAGES_BEFORE_ARENA * PAGE_BYTES;
const HEADER_USED = 24;
const HEADER_RETIRED_FIRST = 28;
const HEADER_FREE_LISTS = 128;
const CLASSES = 41;
const CHUNK_BYTES = 1024;

function classBytes(sizeClass: number): number {
  return sizeClass < 16 ? (sizeClass + 1) * 4 : 2 ** (sizeClass - 16 + 7);
}

function blockBytes(bytes: number): number {
  let sizeClass = 0;
  while (classBytes(sizeClass) < bytes) sizeClass++;
  return classBytes(sizeClass);
}

/** Leaves the arena of an index nothing but `roomBytes` bytes at its end, in a memory at its limit. */
export function setRoom(memory: WebAssembly.Memory, roomBytes: number): void {
  const view = new DataView(memory.buffer);
  view.setUint32(HEADER_USED, memory.buffer.byteLength - roomBytes, true);
  for (let sizeClass = 0; sizeClass < CLASSES; sizeClass++) {
    view.setUint32(HEADER_FREE_LISTS + sizeClass * 4, 0, true);
  }
}

/** Bytes of the arena that are in use: neither free nor retired. */
export function usedBytes(memory: WebAssembly.Memory): number {
  const view = new DataView(memory.buffer);
  let bytes = view.getUint32(HEADER_USED, true) - ARENA;
  for (let sizeClass = 0; sizeClass < CLASSES; sizeClass++) {
    let block = view.getUint32(HEADER_FREE_LISTS + sizeClass * 4, true);
    for (; block !== 0; block = view.getUint32(block, true)) bytes -= classBytes(sizeClass);
  }
  let chunk = view.getUint32(HEADER_RETIRED_FIRST, true);
  for (; chunk !== 0; chunk = view.getUint32(chunk, true)) {
    bytes -= CHUNK_BYTES;
    const count = view.getUint32(chunk + 4, true);
    for (let entry = 0; entry < count; entry++) {
      bytes -= blockBytes(view.getUint32(chunk + 16 + entry * 8 + 4, true));
    }
  }
  return bytes;
}
