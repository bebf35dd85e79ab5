// The reading side of the Wasm index, for any thread that has the memory. The contract between
// readers and the writer is at the top of wasm-index.ts.

import { checkListing, type EntryPlace, type ListingReader, listVersion } from './entry-list.ts';
import {
  type BoundedExplanation,
  boundExplanation,
  type EntryKind,
  type Explanation,
  type IndexEntry,
  IndexError,
  type IndexReader,
  RUNS_COUNTED_MAX,
} from './number-index.ts';
import {
  type GuardedExports,
  type IndexExports,
  instantiate,
  NO_USER_DATA,
  READERS,
  RECORD_BYTES,
  type WasmBuild,
} from './wasm-module.ts';

/** A reader of a Wasm index. */
export interface WasmReader extends IndexReader, ListingReader {
  /** The memory of the index, to hand to other threads. */
  readonly memory: WebAssembly.Memory;
  /**
   * The reader's own `batchMax` keys and answers in the index's memory, valid for as long as the
   * reader is open. `lookup(reader.keys, reader.answers, count)` copies nothing.
   */
  readonly keys: Float64Array;
  readonly answers: Uint32Array;
  /** Which of the 64 readers this is; see WasmIndex.evictReader. */
  readonly readerNumber: number;
  /** Gives the place of the reader back. The reader must not be used afterwards. */
  close(): void;
}

export interface ReaderOptions {
  /** Which build to run; release if not given. */
  build?: WasmBuild;
}

/**
 * Opens a reader of an index that some thread has made or loaded, over its memory.
 *
 * An index has 64 readers at most, the writer's own among them: one more is refused with
 * BCHF_INDEX_READERS_MAX.
 */
export function openReader(memory: WebAssembly.Memory, options: ReaderOptions = {}): WasmReader {
  return new MemoryReader(memory, instantiate(memory, options.build ?? 'release'));
}

const KINDS: readonly EntryKind[] = ['prefix', 'fragmented', 'ported'];

/** A reader over an instance; the writer extends it. */
export class MemoryReader implements WasmReader {
  readonly memory: WebAssembly.Memory;
  readonly keys: Float64Array;
  readonly answers: Uint32Array;
  readonly readerNumber: number;
  readonly batchMax: number;
  protected readonly wasm: GuardedExports;
  /** Offset of the reader's block. */
  protected readonly block: number;
  /** Most entries that one call leaves in the details. */
  protected readonly detailsMax: number;
  /** The details as the float64 and the 32-bit words that entry records are made of. */
  protected readonly detailKeys: Float64Array;
  protected readonly detailWords: Uint32Array;
  readonly #details: DataView;
  /** The last one that was asked for. */
  #label: Uint8Array = new Uint8Array(0);

  constructor(memory: WebAssembly.Memory, wasm: GuardedExports) {
    this.memory = memory;
    this.wasm = wasm;
    this.block = wasm.call((exports) => exports.claimReader());
    if (this.block === 0) {
      throw new IndexError('BCHF_INDEX_READERS_MAX', 'the index has no place for another reader');
    }
    const offsets = wasm.call((exports) => exports);
    this.batchMax = offsets.BATCH_MAX.value;
    this.detailsMax = offsets.DETAILS_MAX.value;
    // A shared memory grows without taking the bytes away from views of its former size.
    const { buffer } = memory;
    this.keys = new Float64Array(buffer, this.block + offsets.READER_KEYS.value, this.batchMax);
    this.answers = new Uint32Array(
      buffer,
      this.block + offsets.READER_ANSWERS.value,
      this.batchMax,
    );
    const details = this.block + offsets.READER_DETAILS.value;
    const detailsBytes = this.detailsMax * RECORD_BYTES;
    this.#details = new DataView(buffer, details, detailsBytes);
    this.detailKeys = new Float64Array(buffer, details, detailsBytes / 8);
    this.detailWords = new Uint32Array(buffer, details, detailsBytes / 4);
    this.readerNumber = readerNumberOf(this.block);
  }

  lookup(keys: Float64Array, answers: Uint32Array, count: number): void {
    this.#lookUp(keys, answers, count, (exports) => exports.lookup(this.block, count));
  }

  lookupNames(keys: Float64Array, answers: Uint32Array, count: number): void {
    this.#lookUp(keys, answers, count, (exports) => exports.lookupNames(this.block, count));
  }

  #lookUp(
    keys: Float64Array,
    answers: Uint32Array,
    count: number,
    answer: (exports: IndexExports) => void,
  ): void {
    const countMax = Math.min(this.batchMax, keys.length, answers.length);
    if (!(Number.isInteger(count) && count >= 0 && count <= countMax)) {
      throw new RangeError(`a batch of ${count} keys, where 0 to ${countMax} are possible`);
    }
    if (keys !== this.keys) this.keys.set(keys.subarray(0, count));
    this.wasm.read(answer);
    if (answers !== this.answers) answers.set(this.answers.subarray(0, count));
  }

  /**
   * Pins the current version, which stays whole until {@link leave}: the first step of a lookup in
   * several indexes at once. To enter again moves the pin to what is then current.
   */
  enter(): number {
    return this.wasm.read((exports) => exports.enter(this.block));
  }

  leave(): void {
    this.wasm.read((exports) => exports.leave(this.block));
  }

  /** Answers the first `count` of the reader's own `keys` from the version that `enter` gave. */
  lookupEntered(version: number, count: number): void {
    this.wasm.read((exports) => exports.lookupEntered(this.block, version, count));
  }

  find(key: number): IndexEntry | undefined {
    return this.wasm.read((exports) => {
      const version = exports.enter(this.block);
      const count = exports.explain(this.block, version, key, 1, 1);
      exports.leave(this.block);
      return count === 0 ? undefined : this.detail(0);
    });
  }

  explain(key: number): Explanation {
    return this.wasm.read((exports) => {
      const version = exports.enter(this.block);
      const explanation = this.#explained(exports, version, key);
      exports.leave(this.block);
      return explanation;
    });
  }

  explainWithin(
    key: number,
    runsMax: number,
    runsCountedMax: number = RUNS_COUNTED_MAX,
  ): BoundedExplanation {
    const explanation = this.wasm.read((exports) => {
      const version = exports.enter(this.block);
      const entries = this.#explained(exports, version, key, runsMax + runsCountedMax);
      exports.leave(this.block);
      return entries;
    });
    return boundExplanation(explanation, runsMax, runsCountedMax);
  }

  /** The entries that cover a number, but of its runs no more than the `runsMax` innermost. */
  #explained(
    exports: IndexExports,
    version: number,
    key: number,
    runsMax = Number.POSITIVE_INFINITY,
  ): Explanation {
    const { block, detailsMax } = this;
    const first = Math.min(runsMax, detailsMax);
    const told = this.#taken(exports.explain(block, version, key, detailsMax, first));
    const entries = told.filter(({ entry }) => entry !== 'prefix');
    let runsLeft = runsMax - entries.filter(({ entry }) => entry === 'fragmented').length;
    let last = entries.at(-1);
    while (last?.entry === 'fragmented' && runsLeft > 0) {
      const count = Math.min(runsLeft, detailsMax);
      const runs = this.#taken(exports.listRunsAround(block, version, last.from, last.to, count));
      entries.push(...runs);
      runsLeft -= runs.length;
      last = runs.at(-1);
    }
    return [...entries, ...told.filter(({ entry }) => entry === 'prefix')];
  }

  /** The first entries of the details. */
  #taken(count: number): IndexEntry[] {
    return Array.from({ length: count }, (_, at) => this.detail(at));
  }

  entriesWith(key: number, after: EntryPlace | undefined, countMax: number): IndexEntry[] {
    checkListing(key, countMax);
    return this.wasm.read((exports) => {
      const { block } = this;
      const version = exports.enter(block);
      const listed = {
        prefixes: (digits: number, from: number, wanted: number) =>
          this.#inParts(wanted, from, (start, count) =>
            exports.listPrefixes(block, version, digits, start, count),
          ),
        runsAfter: (from: number, to: number, reach: number, wanted: number) => {
          const runs: IndexEntry[] = [];
          let after = { from, to };
          for (let isMore = true; isMore && runs.length < wanted; after = runs.at(-1) ?? after) {
            const count = Math.min(wanted - runs.length, this.detailsMax);
            const found = exports.listRuns(block, version, after.from, after.to, reach, count);
            runs.push(...this.#taken(found));
            isMore = found === count;
          }
          return runs;
        },
        ported: (from: number, end: number, wanted: number) =>
          this.#inParts(wanted, from, (start, count) =>
            exports.listPorted(block, version, start, end, count),
          ),
      };
      const entries = listVersion(listed, key, after, countMax);
      exports.leave(block);
      return entries;
    });
  }

  /** Entries of which a call leaves so many in the details, from a key on, until all are there. */
  #inParts(
    wanted: number,
    from: number,
    list: (from: number, countMax: number) => number,
  ): IndexEntry[] {
    const entries: IndexEntry[] = [];
    for (let [start, isMore] = [from, true]; isMore && entries.length < wanted; ) {
      const count = Math.min(wanted - entries.length, this.detailsMax);
      const found = list(start, count);
      entries.push(...this.#taken(found));
      start = (entries.at(-1)?.from ?? start) + 1;
      isMore = found === count;
    }
    return entries;
  }

  hasBelow(key: number): boolean {
    return this.wasm.read((exports) => exports.hasBelow(this.block, key)) !== 0;
  }

  label(): Uint8Array {
    const bytes = this.wasm.read((exports) => exports.label(this.block));
    // Every answer asks for it, twice, and a block has thousands: a copy for each would be a third of its cost.
    if (bytes !== this.#label.length || !this.#isLabelInDetails()) {
      this.#label = new Uint8Array(this.#details.buffer, this.#details.byteOffset, bytes).slice();
    }
    return this.#label;
  }

  #isLabelInDetails(): boolean {
    for (let at = 0; at < this.#label.length; at++) {
      if (this.#details.getUint8(at) !== this.#label[at]) return false;
    }
    return true;
  }

  close(): void {
    this.wasm.call((exports) => exports.releaseReader(this.block));
  }

  /** The entry record at a position of the details. */
  protected detail(at: number): IndexEntry {
    const record = at * RECORD_BYTES;
    const entry: IndexEntry = {
      entry: KINDS[this.#details.getUint32(record + 20, true) - 1]!,
      from: this.#details.getFloat64(record, true),
      to: this.#details.getFloat64(record + 8, true),
      route: this.#details.getUint32(record + 16, true),
    };
    const userData = this.#details.getFloat64(record + 24, true);
    if (userData !== NO_USER_DATA) entry.userData = userData;
    return entry;
  }
}

// Reader blocks are a page each.
const READER_BYTES = 65_536;

function readerNumberOf(block: number): number {
  return (block - READERS) / READER_BYTES;
}

/** Offset of the block of a reader. */
export function readerBlockOf(readerNumber: number): number {
  return READERS + readerNumber * READER_BYTES;
}
