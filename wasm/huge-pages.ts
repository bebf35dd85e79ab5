// Huge pages for the memory of an index, where the platform has them.
//
// A lookup in a large index touches a line at a random place. With pages of 4 KiB the processor does
// not know where most of them lie, and walks the page table first; with pages of 2 MiB it knows.
// Linux gives them to a range of addresses that asks by madvise(2), if they are `madvise` or `always`
// in /sys/kernel/mm/transparent_hugepage/enabled, and only to pages that were not touched before: so
// the whole reservation is advised when the memory is made, the part that it may grow into included.
//
// A page is huge at its first touch only if the memory already reaches over all of its 2 MiB, which
// is what keeps small indexes small: on Linux 6.18 an empty index takes not one huge page and no byte
// more than without advice (koffi itself takes 3 MB, once), and one that grew to 20 MiB by eighths
// takes one. Of one that grew to 675 MiB by eighths 89% are huge, of one that was made at that size all
// but the ends (Node 20.20.2, x64, 2026-11-22).
//
// Only the arena is advised. The reader blocks before it are 4 MiB of which a process touches a few
// pages, and the cache has those anyhow.
//
// Asking is a call of libc through koffi, a package with prebuilt binaries. Nothing here can fail for
// the caller: without koffi, without Linux or without the kernel's consent pages are as they were.
//
// Source: madvise(2); Linux, Documentation/admin-guide/mm/transhuge.rst.

import { createRequire } from 'node:module';
import { MEMORY_PAGES_MAX, PAGE_BYTES, PAGES_BEFORE_ARENA } from './wasm-module.ts';

/**
 * What became of the wish for huge pages:
 *
 * - advised: the kernel knows of the wish. Whether it grants it is up to its settings.
 * - off: BCHF_HUGE_PAGES is 0, or the memory is too small to gain anything.
 * - unavailable: not Linux, no koffi for this platform, or the kernel refused.
 */
export type HugePages = 'advised' | 'off' | 'unavailable';

/**
 * A memory that cannot grow beyond this many bytes is left alone: what processors know of 4 KiB pages
 * reaches over 6 to 12 MiB, so there is next to nothing to gain.
 */
export const HUGE_PAGES_BYTES_MIN = 32 << 20;

/** From Linux's include/uapi/asm-generic/mman-common.h; the same for every processor Node runs on. */
const MADV_HUGEPAGE = 14;

/** Of an index's memory, the bytes before `ARENA` of layout.ts. */
const ADVISED_FROM = PAGES_BEFORE_ARENA * PAGE_BYTES;

/**
 * Asks for huge pages for the arena of an index, before its pages are touched. Never throws.
 *
 * @param memory A shared memory, so that its whole reservation stays where it is.
 * @param bytesMax What the memory was made with: bytes that it may grow to. Where it is more than the
 *   reservation the kernel would be told of memory that is not the index's, so it has to be exact;
 *   what is beyond full pages, or beyond the most that any index has, is left out here as it was
 *   there.
 */
export function adviseHugePages(memory: WebAssembly.Memory, bytesMax: number): HugePages {
  if (process.env.BCHF_HUGE_PAGES === '0') return 'off';
  const pages = Math.min(Math.floor(bytesMax / PAGE_BYTES), MEMORY_PAGES_MAX);
  if (!(pages * PAGE_BYTES >= HUGE_PAGES_BYTES_MIN)) return 'off';
  const isAdvised = callMadvise(
    memory,
    ADVISED_FROM,
    pages * PAGE_BYTES - ADVISED_FROM,
    MADV_HUGEPAGE,
  );
  return isAdvised ? 'advised' : 'unavailable';
}

/** Calls madvise(2) for a part of a shared memory. False where it is not to be had, or refuses. */
export function callMadvise(
  memory: WebAssembly.Memory,
  from: number,
  bytes: number,
  advice: number,
): boolean {
  systemCalls ??= loadSystemCalls();
  if (systemCalls === 'unavailable') return false;
  try {
    const address = systemCalls.addressOf(memory.buffer) + BigInt(from);
    return systemCalls.madvise(address, bytes, advice) === 0;
  } catch {
    return false;
  }
}

interface SystemCalls {
  addressOf(buffer: ArrayBufferLike): bigint;
  /** 0 where it succeeded. */
  madvise(address: bigint, bytes: number, advice: number): number;
}

/** Loaded when first wanted: a process without a large index has no use for koffi. */
let systemCalls: SystemCalls | 'unavailable' | undefined;

function loadSystemCalls(): SystemCalls | 'unavailable' {
  if (process.platform !== 'linux') return 'unavailable';
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
    // Null stands for what the process has loaded itself: its libc, whatever the file is called.
    const libc = koffi.load(null);
    return {
      addressOf: (buffer) => BigInt(koffi.address(Buffer.from(buffer))),
      madvise: libc.func('int madvise(uintptr_t address, size_t bytes, int advice)'),
    };
  } catch {
    return 'unavailable';
  }
}
