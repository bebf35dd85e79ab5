// Gives the pages of an index's memory back to the system, at a time of the owner's choosing.
//
// A shared memory lives until every thread has collected its last reference, and a thread that allocates
// nothing may not collect for hours. Where many generations of an index follow each other that would
// be most of the machine's memory, so the pages are taken from it while it still exists: what remains is
// a range of addresses. Afterwards the memory is all zeros, so nobody may be reading it.
//
// Source: madvise(2), MADV_DONTNEED.

import { callMadvise } from './huge-pages.ts';

/** From Linux's include/uapi/asm-generic/mman-common.h. */
const MADV_DONTNEED = 4;

/**
 * Returns whether the pages are given back; where they cannot be (not Linux, no koffi), they go when the
 * memory does.
 */
export function releaseMemory(memory: WebAssembly.Memory): boolean {
  return callMadvise(memory, 0, memory.buffer.byteLength, MADV_DONTNEED);
}
