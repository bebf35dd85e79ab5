// What a reader does around a batch, so that the writer keeps the version that the batch sees. The
// whole contract is in wasm-index.ts.

import {
  HEADER_CURRENT,
  HEADER_EPOCH,
  READER_BYTES,
  READER_EPOCH,
  READER_OWNER,
  READERS,
  READERS_MAX,
} from './layout';

/** Offset of a reader block that is now the caller's; 0 where all are taken. */
export function claimReader(): u32 {
  for (let index: u32 = 0; index < READERS_MAX; index++) {
    const reader = READERS + index * READER_BYTES;
    if (atomic.cmpxchg<u32>(reader + READER_OWNER, 0, 1) == 0) return reader;
  }
  return 0;
}

/** Gives a reader block back, also in place of a thread that ended without doing so. */
export function releaseReader(reader: u32): void {
  atomic.store<u64>(reader + READER_EPOCH, 0);
  atomic.store<u32>(reader + READER_OWNER, 0);
}

/** The current version, which stays whole until {@link leave}. */
export function enter(reader: u32): u32 {
  atomic.store<u64>(reader + READER_EPOCH, atomic.load<u64>(HEADER_EPOCH));
  return atomic.load<u32>(HEADER_CURRENT);
}

export function leave(reader: u32): void {
  atomic.store<u64>(reader + READER_EPOCH, 0);
}

/** The lowest epoch that a reader entered its batch with; the highest u64 where none is in one. */
export function oldestReaderEpoch(): u64 {
  let oldest = u64.MAX_VALUE;
  for (let index: u32 = 0; index < READERS_MAX; index++) {
    const epoch = atomic.load<u64>(READERS + index * READER_BYTES + READER_EPOCH);
    if (epoch != 0 && epoch < oldest) oldest = epoch;
  }
  return oldest;
}
