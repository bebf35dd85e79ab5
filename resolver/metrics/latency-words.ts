// A thread's own histogram of latencies, in the words that counter-table.ts names: buckets that double,
// from a microsecond up.

import { latencyName } from '../counter-table.ts';
import type { ReadCounts } from './shared-counters.ts';

export interface LatencyWords {
  /** Counts one that took so many milliseconds. */
  record(milliseconds: number): void;
  read: ReadCounts;
}

/** @param words how many buckets, the last for all that is longer */
export function createLatencyWords(words: number): LatencyWords {
  const counts = new Array<number>(words).fill(0);
  let sumSeconds = 0;
  return {
    record(milliseconds) {
      const microseconds = Math.max(1, Math.ceil(milliseconds * 1000));
      // ⌈log2⌉ of a whole number; the shift of Math.clz32 takes 32 bits, 71 minutes of microseconds.
      const rank = 32 - Math.clz32(Math.min(microseconds - 1, 0xffff_ffff));
      counts[Math.min(rank, words - 1)]!++;
      sumSeconds += milliseconds / 1000;
    },
    read: () => ({
      ...Object.fromEntries(counts.map((count, rank) => [latencyName(rank), count])),
      sum: sumSeconds,
    }),
  };
}
