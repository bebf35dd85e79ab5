// One index over several Wasm memories, because one memory ends at 4 GiB.
//
// Shards are ranges of keys (shard-plan.ts). An entry lies in every shard that it may answer for:
//
//     boundaries          b0           b1
//     prefix          ●   │   ●        │   ●        in all: it matches numbers of every length
//     run           ├─────┼─────┤      │            whole in each shard that it touches
//     ported              │      ●     │            in the shard of its key
//
// So one shard has the whole answer for one number, and two runs that cross meet in some shard, which
// refuses them. What lies in several shards is listed and counted once, in the first of them.
//
// Every batch goes to every shard, also where it changes nothing there. All shards prepare it, and
// only when none has refused do all publish it; otherwise those that had prepared it give it up. How
// readers see that as one step is in publication.ts; everything else about the one writer and its
// readers is as wasm-index.ts says.

import {
  type EntryPage,
  entriesOfPages,
  KINDS_IN_ORDER,
  type PagedIndex,
  pageFrom,
  whileUnchanged,
} from './entry-pages.ts';
import { checkBatch } from './key.ts';
import type {
  EntryKind,
  IndexChange,
  IndexCounts,
  IndexEntry,
  NumberIndex,
} from './number-index.ts';
import { Publication } from './publication.ts';
import { checkBoundaries, shardOf } from './shard-plan.ts';
import { type ShardedIndexReader, ShardedReader } from './sharded-reader.ts';
import { createMemoryIndex, type MemoryIndex, type WasmIndexOptions } from './wasm-index.ts';

/** `memoryBytesMax` is that of each shard. */
export interface ShardedIndexOptions extends WasmIndexOptions {
  /**
   * Rising keys, at most SHARDS_MAX − 1: shard i holds the full numbers from boundaries[i − 1] up to
   * but not boundaries[i], the first and the last one without that limit. See planShards.
   */
  boundaries: readonly number[];
}

/** The writer of a sharded index. Its handle opens readers in other threads. */
export interface ShardedIndex extends NumberIndex, ShardedIndexReader, PagedIndex {
  /** Bytes of the image of each shard, as it would be now; also what it takes of its memory. */
  shardBytes(): number[];
  /**
   * The image of one shard, piece by piece, as WasmIndex.imageChunks gives it. The images of all,
   * loaded with createImageLoader and put together with joinShards, are the index again.
   */
  shardChunks(shard: number, chunkBytesMax?: number): IterableIterator<Uint8Array>;
  /**
   * Gives back the places of a reader whose thread has ended without closing it. The thread must have
   * ended: a reader that goes on without its places may read memory that is used again.
   */
  evictReader(readerNumbers: readonly number[]): void;
}

/**
 * Makes an empty index. RangeError for boundaries that are none; BCHF_INDEX_FULL where
 * `memoryBytesMax` does not even hold an empty shard.
 */
export function createShardedIndex(options: ShardedIndexOptions): ShardedIndex {
  const { boundaries, ...shardOptions } = options;
  checkBoundaries(boundaries);
  const shards = Array.from({ length: boundaries.length + 1 }, () =>
    createMemoryIndex(shardOptions),
  );
  return new ShardedWriter(boundaries, shards);
}

const NO_LABEL = new Uint8Array(0);

/** The writer over the writers of the shards, which are its own from then on. */
export class ShardedWriter extends ShardedReader implements ShardedIndex {
  readonly #shards: readonly MemoryIndex[];
  /** Batches so far, applied or refused: tells an open iterator that the index changed under it. */
  #batches = 0;

  constructor(boundaries: readonly number[], shards: readonly MemoryIndex[]) {
    super(boundaries, shards, new Publication());
    this.#shards = shards;
  }

  apply(changes: readonly IndexChange[], label: Uint8Array = NO_LABEL): void {
    checkBatch(changes, label);
    this.#batches++;
    const parts = this.#partsOf(changes);
    const prepared: MemoryIndex[] = [];
    try {
      for (const [at, shard] of this.#shards.entries()) {
        shard.prepare(parts[at]!);
        prepared.push(shard);
      }
    } catch (error) {
      for (const shard of prepared) shard.abort();
      throw error;
    }
    // Readers wait while shards publish, so all that can be done before is.
    for (const shard of this.#shards) shard.seal();
    this.publication.publish(() => {
      for (const shard of this.#shards) shard.publish(label);
    });
  }

  /** The changes of each shard, in order. */
  #partsOf(changes: readonly IndexChange[]): IndexChange[][] {
    const parts: IndexChange[][] = this.#shards.map(() => []);
    for (const change of changes) {
      const isPrefix = change.entry === 'prefix';
      const first = isPrefix ? 0 : shardOf(this.boundaries, change.from);
      const last = isPrefix ? parts.length - 1 : shardOf(this.boundaries, change.to);
      for (let at = first; at <= last; at++) parts[at]!.push(change);
    }
    return parts;
  }

  entries(): IterableIterator<IndexEntry> {
    return whileUnchanged(this.#allEntries(), () => this.#batches);
  }

  *#allEntries(): IterableIterator<IndexEntry> {
    for (const kind of KINDS_IN_ORDER) yield* entriesOfPages(kind, this.#pages(kind));
  }

  entryPages(kind: EntryKind): IterableIterator<EntryPage> {
    return whileUnchanged(this.#pages(kind), () => this.#batches);
  }

  *#pages(kind: EntryKind): IterableIterator<EntryPage> {
    for (const [at, shard] of this.#shards.entries()) {
      if (kind === 'prefix' && at > 0) return;
      for (const page of shard.entryPages(kind)) {
        // Runs that began in an earlier shard come first here, and have been listed there.
        const own = kind === 'fragmented' ? pageFrom(page, this.#countBefore(page, at)) : page;
        if (own.count > 0) yield own;
      }
    }
  }

  /** How many entries of a page begin before the shard does. */
  #countBefore({ from, count }: EntryPage, shard: number): number {
    if (shard === 0) return 0;
    const begin = this.boundaries[shard - 1]!;
    let before = 0;
    while (before < count && from[before]! < begin) before++;
    return before;
  }

  counts(): IndexCounts {
    const total: IndexCounts = { prefix: 0, fragmented: 0, ported: 0 };
    for (const [at, shard] of this.#shards.entries()) {
      const { prefix, fragmented, ported } = shard.counts();
      total.prefix = prefix;
      total.fragmented += fragmented - this.#runsInto(at);
      total.ported += ported;
    }
    return total;
  }

  /** How many runs of a shard began in an earlier one: all of them cover its first key. */
  #runsInto(shard: number): number {
    if (shard === 0) return 0;
    const begin = this.boundaries[shard - 1]!;
    const covering = this.#shards[shard]!.explain(begin);
    return covering.filter(({ entry, from }) => entry === 'fragmented' && from < begin).length;
  }

  shardBytes(): number[] {
    return this.#shards.map((shard) => shard.imageBytes());
  }

  shardChunks(shard: number, chunkBytesMax?: number): IterableIterator<Uint8Array> {
    const index = this.#shards[shard];
    if (index === undefined) throw new RangeError(`shard ${shard} of ${this.#shards.length}`);
    return whileUnchanged(index.imageChunks(chunkBytesMax), () => this.#batches);
  }

  evictReader(readerNumbers: readonly number[]): void {
    if (readerNumbers.length !== this.#shards.length) {
      throw new RangeError(
        `${readerNumbers.length} reader numbers for ${this.#shards.length} shards`,
      );
    }
    for (const [at, shard] of this.#shards.entries()) shard.evictReader(readerNumbers[at]!);
  }
}
