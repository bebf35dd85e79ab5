// The reading side of a sharded index, for any thread that has its handle.
//
// A number is looked up in the one shard that its key belongs to (shard-plan.ts): ported numbers lie
// there, runs in every shard that they touch, prefixes in all. So one shard has the whole answer for
// one number. What is read is always one version over all shards; how, is in publication.ts.

import {
  type BoundedExplanation,
  type Explanation,
  type IndexEntry,
  type IndexReader,
  markNames,
} from './number-index.ts';
import { Publication } from './publication.ts';
import { checkBoundaries, ShardSearch, shardOf } from './shard-plan.ts';
import { instantiate } from './wasm-module.ts';
import { MemoryReader, type ReaderOptions } from './wasm-reader.ts';

/** What another thread needs to read a sharded index; may be posted to it as it is. */
export interface ShardedHandle {
  /** See createShardedIndex. */
  readonly boundaries: readonly number[];
  /** One for each shard. */
  readonly memories: readonly WebAssembly.Memory[];
  readonly publication: SharedArrayBuffer;
}

/** A reader of a sharded index. */
export interface ShardedIndexReader extends IndexReader {
  readonly handle: ShardedHandle;
  /** Which of the 64 readers of each shard this is; see ShardedIndex.evictReader. */
  readonly readerNumbers: readonly number[];
  /** Gives its places back. The reader must not be used afterwards. */
  close(): void;
}

/**
 * Opens a reader of an index that some thread has made. Each shard has 64 readers at most, the
 * writer's own among them: one more is refused with BCHF_INDEX_READERS_MAX.
 */
export function openShardedReader(
  handle: ShardedHandle,
  options: ReaderOptions = {},
): ShardedIndexReader {
  const { boundaries, memories } = handle;
  checkBoundaries(boundaries);
  if (memories.length !== boundaries.length + 1) {
    throw new RangeError(`${memories.length} memories for ${boundaries.length + 1} shards`);
  }
  const build = options.build ?? 'release';
  const shards: MemoryReader[] = [];
  try {
    for (const memory of memories)
      shards.push(new MemoryReader(memory, instantiate(memory, build)));
  } catch (error) {
    for (const shard of shards) shard.close();
    throw error;
  }
  return new ShardedReader(boundaries, shards, new Publication(handle.publication));
}

/** A reader over the readers of the shards; the writer extends it. */
export class ShardedReader implements ShardedIndexReader {
  readonly batchMax: number;
  protected readonly boundaries: readonly number[];
  protected readonly publication: Publication;
  readonly #shards: readonly MemoryReader[];
  readonly #search: ShardSearch;
  readonly #keysOf: readonly Float64Array[];
  readonly #answersOf: readonly Uint32Array[];
  // Of the batch under way: the shard of each place, how many keys each shard has of it, and the
  // version that the shard answers from.
  readonly #shardOfPlace: Uint8Array;
  readonly #keyCounts: Uint32Array;
  readonly #versions: Uint32Array;

  constructor(
    boundaries: readonly number[],
    shards: readonly MemoryReader[],
    publication: Publication,
  ) {
    this.boundaries = [...boundaries];
    this.publication = publication;
    this.#shards = shards;
    this.batchMax = shards[0]!.batchMax;
    this.#search = new ShardSearch(boundaries);
    this.#keysOf = shards.map(({ keys }) => keys);
    this.#answersOf = shards.map(({ answers }) => answers);
    this.#shardOfPlace = new Uint8Array(this.batchMax);
    this.#keyCounts = new Uint32Array(shards.length);
    this.#versions = new Uint32Array(shards.length);
  }

  get handle(): ShardedHandle {
    return {
      boundaries: this.boundaries,
      memories: this.#shards.map(({ memory }) => memory),
      publication: this.publication.buffer,
    };
  }

  get readerNumbers(): readonly number[] {
    return this.#shards.map(({ readerNumber }) => readerNumber);
  }

  lookup(keys: Float64Array, answers: Uint32Array, count: number): void {
    const countMax = Math.min(this.batchMax, keys.length, answers.length);
    if (!(Number.isInteger(count) && count >= 0 && count <= countMax)) {
      throw new RangeError(`a batch of ${count} keys, where 0 to ${countMax} are possible`);
    }
    this.#deal(keys, count);
    this.publication.read(() => this.#enterDealt());
    // A trap leaves the other shards pinned: its thread ends, and evictReader gives the places back.
    for (let at = 0; at < this.#shards.length; at++) {
      if (this.#keyCounts[at] === 0) continue;
      this.#shards[at]!.lookupEntered(this.#versions[at]!, this.#keyCounts[at]!);
      this.#shards[at]!.leave();
    }
    this.#gather(answers, count);
  }

  /** Lays each key of a batch into the scratch of its shard, in the order of the batch. */
  #deal(keys: Float64Array, count: number): void {
    const keysOf = this.#keysOf;
    const shardOfPlace = this.#shardOfPlace;
    const keyCounts = this.#keyCounts.fill(0);
    this.#search.search(keys, shardOfPlace, count);
    for (let place = 0; place < count; place++) {
      const shard = shardOfPlace[place]!;
      keysOf[shard]![keyCounts[shard]!++] = keys[place]!;
    }
  }

  /** Takes the answers from the shards in the same order. */
  #gather(answers: Uint32Array, count: number): void {
    const answersOf = this.#answersOf;
    const shardOfPlace = this.#shardOfPlace;
    const taken = this.#keyCounts.fill(0);
    for (let place = 0; place < count; place++) {
      const shard = shardOfPlace[place]!;
      answers[place] = answersOf[shard]![taken[shard]!++]!;
    }
  }

  /** Pins the current version of every shard that has keys of the batch. */
  #enterDealt(): void {
    for (let at = 0; at < this.#shards.length; at++) {
      if (this.#keyCounts[at] !== 0) this.#versions[at] = this.#shards[at]!.enter();
    }
  }

  find(key: number): IndexEntry | undefined {
    return this.publication.read(() => this.#shardWith(key).find(key));
  }

  explain(key: number): Explanation {
    return this.publication.read(() => this.#shardWith(key).explain(key));
  }

  explainWithin(key: number, runsMax: number, runsCountedMax?: number): BoundedExplanation {
    return this.publication.read(() =>
      this.#shardWith(key).explainWithin(key, runsMax, runsCountedMax),
    );
  }

  lookupNames(keys: Float64Array, answers: Uint32Array, count: number): void {
    this.lookup(keys, answers, count);
    markNames(this, keys, answers, count);
  }

  hasBelow(key: number): boolean {
    // The numbers below some digits lie in a range for each length, so in any of the shards.
    return this.publication.read(() => this.#shards.some((shard) => shard.hasBelow(key)));
  }

  label(): Uint8Array {
    return this.publication.read(() => this.#shards[0]!.label());
  }

  close(): void {
    for (const shard of this.#shards) shard.close();
  }

  #shardWith(key: number): MemoryReader {
    return this.#shards[shardOf(this.boundaries, key)]!;
  }
}
