// What a process has of the machine's memory, for benches and tests that state it.

import { readFileSync } from 'node:fs';

/**
 * Bytes of this process that are in the machine's memory now, pages of files that it has mapped
 * included. Where the process runs with `--expose-gc`, garbage is collected first.
 */
export function residentBytes(): number {
  // Twice, because what the first one finds to be unused is given back by the second.
  globalThis.gc?.();
  globalThis.gc?.();
  return process.memoryUsage.rss();
}

/** Bytes of this process that lie in huge pages; undefined where the system does not tell. */
export function hugePageBytes(): number | undefined {
  try {
    const rollup = readFileSync('/proc/self/smaps_rollup', 'utf8');
    return Number(/^AnonHugePages: +(\d+) kB$/m.exec(rollup)![1]) * 1024;
  } catch {
    return undefined;
  }
}

/** When the kernel gives huge pages: `always`, `madvise` or `never`; undefined where it has none. */
export function hugePagePolicy(): string | undefined {
  try {
    const choices = readFileSync('/sys/kernel/mm/transparent_hugepage/enabled', 'utf8');
    return /\[(\w+)\]/.exec(choices)![1];
  } catch {
    return undefined;
  }
}
