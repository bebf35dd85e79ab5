// The number index in Wasm: the host's side of the writer, and how to make an index.
//
// The contract between the one writer and up to 64 readers, each in a thread of its own:
//
// - There is one writer: the thread that made or loaded the index. All others open readers over the
//   same memory. A reader object belongs to one thread.
// - A version is prefixes, runs and ported numbers together. The writer builds the next one while
//   readers use the current one, and publishes it with one atomic store (HEADER_CURRENT). A reader
//   loads that word once per call, so each call sees exactly one version, whole.
// - Of prefixes and runs, what readers can reach never changes in place: a version has roots of its
//   own, and what did not change belongs to many versions.
// - Ported numbers lie in lines that all versions share. A batch leaves a line as it is, marks it
//   dirty and adds a patch: the line's entries from this version on. Who meets a dirty line takes the
//   newest patch that is not newer than its own version, or else the line.
// - Patches are folded into their lines when the next batch begins (an empty one does, too, and so
//   does taking an image), provided that every reader in a call has entered it at the newest version.
//   Segments and areas that have come out of shape are then built anew, beside the old ones; what only has
//   another background is renewed in place, in two steps (assembly/background-renew.ts).
// - Readers never wait. The writer does, a few milliseconds at most, where many patches are to be folded
//   and readers are still in older calls (`settle` in assembly/index-write.ts).
// - Before it loads HEADER_CURRENT a reader stores the epoch it enters with in its block, and 0 when it is
//   through. The epoch follows HEADER_CURRENT, so what a reader sees is never older than the epoch it
//   stored.
// - What a new version no longer has, what was built anew and patches that were folded are retired
//   under an epoch and used again only once no reader is in a call that it entered with an earlier
//   one.
// - A reader that ends inside a call (a trap, a terminated thread) holds all of that up for good:
//   nothing that was retired since is used again, and nothing is folded, so each batch adds patches
//   and lookups in changed lines take longer, until the memory is at its limit. Answers stay right.
//   `evictReader` gives its place back.
// - A batch that is refused publishes nothing. What it prepared for numbers to come (an area or a
//   line that is empty, a background that has to be looked up) may stay.
// - Memory only grows. Views of a shared memory stay valid when it does. A reader that traps because its thread
//   has not heard of that yet makes its call again (`GuardedExports.read`).
//
// The bytes are laid out in assembly/layout.ts.

import { ChangeBatch } from './change-batch.ts';
import {
  type EntryPage,
  entriesOfPages,
  KINDS_IN_ORDER,
  type PagedIndex,
  whileUnchanged,
} from './entry-pages.ts';
import { adviseHugePages } from './huge-pages.ts';
import { checkColumns, checkLabel, describeRun } from './key.ts';
import type { Segment } from './line-comparison.ts';
import {
  type EntryKind,
  type IndexChange,
  type IndexEntry,
  IndexError,
  type NumberIndex,
} from './number-index.ts';
import { PagedReader } from './paged-reader.ts';
import {
  createMemory,
  type GuardedExports,
  type IndexExports,
  instantiate,
  MEMORY_PAGES_MAX,
  MEMORY_PAGES_MIN,
  NO_ROUTE,
  NO_USER_DATA,
  PAGE_BYTES,
  RECORD_BYTES,
  STATUS_CROSSING,
  STATUS_DONE,
  STATUS_UNSORTED,
  type WasmBuild,
} from './wasm-module.ts';
import { readerBlockOf, type WasmReader } from './wasm-reader.ts';

export interface WasmIndexOptions {
  /** Most bytes that the memory of the index may take; one page less than 4 GiB if not given. */
  memoryBytesMax?: number;
  /** False leaves the memory in small pages; see huge-pages.ts for what becomes of it otherwise. */
  hugePages?: boolean;
  /** Which build to run; release if not given. */
  build?: WasmBuild;
}

/** Ported numbers in columns of the same length. */
export interface PortedColumns {
  /** Keys (see number-index.ts), rising, also from one chunk to the next. */
  keys: Float64Array;
  routes: Uint32Array;
  /** Indexes of user data, −1 for none; left out where no number of the chunk has one. */
  userData?: Float64Array;
}

/** The writer of a Wasm index. */
export interface WasmIndex extends NumberIndex, WasmReader, PagedIndex {
  /** Bytes of the image as it would be now; also what the index takes of its memory. */
  imageBytes(): number;
  /**
   * The image, piece by piece, each at most `chunkBytesMax` bytes. The pieces are views of the
   * index's memory: where `apply` is called before the last one was taken, the next step throws a
   * TypeError.
   */
  imageChunks(chunkBytesMax?: number): IterableIterator<Uint8Array>;
  /** The parts that ported numbers are looked for in, in order; see line-comparison.ts. */
  segments(): IterableIterator<Segment>;
  /** Pages of the ported numbers in some spans (see line-comparison.ts), as of `entryPages`. */
  portedPagesIn(spans: readonly number[]): IterableIterator<EntryPage>;
  /**
   * Gives back the place of a reader whose thread has ended without closing it. The thread must have
   * ended: a reader that goes on without its place may read memory that is used again.
   */
  evictReader(readerNumber: number): void;
}

export const MEMORY_BYTES_MAX = MEMORY_PAGES_MAX * PAGE_BYTES;

/** Makes an empty index. BCHF_INDEX_FULL where `memoryBytesMax` does not even hold that. */
export function createWasmIndex(options: WasmIndexOptions = {}): WasmIndex {
  return createMemoryIndex(options);
}

/** The same for who publishes several indexes together. */
export function createMemoryIndex(options: WasmIndexOptions): MemoryIndex {
  const memoryBytesMax = options.memoryBytesMax ?? MEMORY_BYTES_MAX;
  const memory = createMemory(MEMORY_PAGES_MIN, memoryBytesMax);
  if (options.hugePages !== false) adviseHugePages(memory, memoryBytesMax);
  const wasm = instantiate(memory, options.build ?? 'release');
  wasm.call((exports) => exports.initialise());
  return new MemoryIndex(memory, wasm);
}

/**
 * Takes over the writer's role of an index that another thread has made or loaded, and gives nothing
 * away: that thread must have closed its index, or have ended, and must not have applied anything since
 * it loaded it, because what a writer has put off is known to its own instance alone.
 */
export function adoptIndex(memory: WebAssembly.Memory, build: WasmBuild = 'release'): WasmIndex {
  return new MemoryIndex(memory, instantiate(memory, build));
}

const KIND_CODES = { prefix: 1, fragmented: 2, ported: 3 } as const;
const NO_LABEL = new Uint8Array(0);
const CHUNK_BYTES_DEFAULT = 1 << 20;

/** The writer over an instance whose memory holds an index. */
export class MemoryIndex extends PagedReader implements WasmIndex {
  /** Batches so far, applied or refused: tells an open iterator that the index changed under it. */
  #batches = 0;
  /** What that was when the memory was last made fit to be an image. */
  #batchesPrepared = -1;
  readonly #batch = new ChangeBatch();
  readonly #changesMax: number;
  readonly #changeBytes: Uint8Array;
  readonly #changeKeys: Float64Array;
  readonly #changeWords: Uint32Array;
  /** The same scratch as the columns in which ported numbers come. */
  readonly #portedKeys: Float64Array;
  readonly #portedRoutes: Uint32Array;
  readonly #portedUserData: Float64Array;

  constructor(memory: WebAssembly.Memory, wasm: GuardedExports) {
    super(memory, wasm);
    const { CHANGES, CHANGES_MAX, CHANGE_ROUTES, CHANGE_USERS } = wasm.call((exports) => exports);
    this.#changesMax = CHANGES_MAX.value;
    const { buffer } = memory;
    const bytes = this.#changesMax * RECORD_BYTES;
    this.#changeBytes = new Uint8Array(buffer, CHANGES.value, bytes);
    this.#changeKeys = new Float64Array(buffer, CHANGES.value, bytes / 8);
    this.#changeWords = new Uint32Array(buffer, CHANGES.value, bytes / 4);
    this.#portedKeys = new Float64Array(buffer, CHANGES.value, this.#changesMax);
    this.#portedRoutes = new Uint32Array(buffer, CHANGE_ROUTES.value, this.#changesMax);
    this.#portedUserData = new Float64Array(buffer, CHANGE_USERS.value, this.#changesMax);
  }

  apply(changes: readonly IndexChange[], label: Uint8Array = NO_LABEL): void {
    checkLabel(label);
    this.prepare(changes);
    this.publish(label);
  }

  /**
   * The first half of {@link apply}: makes the next version, which no reader can see yet. Then comes
   * `publish` or `abort`. Where it throws there is nothing to publish, and the index is as it was.
   */
  prepare(changes: readonly IndexChange[]): void {
    const batch = this.#batch;
    batch.take(changes);
    this.#batches++;
    this.wasm.call((exports) => {
      let status = exports.beginBatch(batch.setsNothing);
      if (status === STATUS_DONE) {
        status = this.#eachScratchful(batch.prefixes, (count) => exports.applyPrefixes(count));
      }
      // Whether runs cross is judged by what the batch leads to, so deletions come first.
      const runs = batch.runs();
      for (const part of [runs.filter(isDeletion), runs.filter((run) => !isDeletion(run))]) {
        if (status !== STATUS_DONE) break;
        status = this.#eachScratchful(part, (count) => exports.applyRuns(this.block, count));
      }
      for (let from = 0; from < batch.portedCount && status === STATUS_DONE; ) {
        const to = Math.min(from + this.#changesMax, batch.portedCount);
        this.#portedKeys.set(batch.keys.subarray(from, to));
        this.#portedRoutes.set(batch.routes.subarray(from, to));
        this.#portedUserData.set(batch.userData.subarray(from, to));
        status = exports.applyPoints(to - from);
        from = to;
      }
      if (status === STATUS_DONE) return;
      exports.abortBatch();
      throw this.#refusal(status);
    });
  }

  /**
   * Does beforehand what of {@link publish} takes longer than storing a few words. Afterwards the
   * version cannot be given up any more.
   */
  seal(): void {
    this.wasm.call((exports) => exports.sealBatch());
  }

  /** Makes the version that was prepared the current one. */
  publish(label: Uint8Array): void {
    this.wasm.call((exports) => {
      this.#changeBytes.set(label);
      exports.commitBatch(label.length);
    });
  }

  /** Gives the version up that was prepared. */
  abort(): void {
    this.wasm.call((exports) => exports.abortBatch());
  }

  /** Grows the memory by so many bytes at once, as far as its limit allows. */
  reserve(bytes: number): void {
    const pages = Math.ceil(bytes / PAGE_BYTES);
    try {
      this.memory.grow(pages);
    } catch {
      // It then grows as it is needed, up to the limit.
    }
  }

  /**
   * Adds ported numbers to an index that has none, and that no other thread reads yet. See
   * wasm-build.ts for the errors; after one the index must not be used any more.
   */
  addPorted(chunks: Iterable<PortedColumns>): void {
    this.#batches++;
    this.wasm.call((exports) => exports.beginBulk());
    for (const { keys, routes, userData } of chunks) {
      checkColumns(keys, routes, userData);
      for (let from = 0; from < keys.length; from += this.#changesMax) {
        const to = Math.min(from + this.#changesMax, keys.length);
        this.#portedKeys.set(keys.subarray(from, to));
        this.#portedRoutes.set(routes.subarray(from, to));
        if (userData === undefined) this.#portedUserData.fill(NO_USER_DATA, 0, to - from);
        else this.#portedUserData.set(userData.subarray(from, to));
        this.#checkBulk(this.wasm.call((exports) => exports.addBulk(to - from)));
      }
    }
    this.#checkBulk(this.wasm.call((exports) => exports.finishBulk()));
  }

  #checkBulk(status: number): void {
    if (status === STATUS_UNSORTED) throw new RangeError('keys of ported numbers do not rise');
    if (status !== STATUS_DONE) throw this.#refusal(status);
  }

  /** Lays changes into the scratch, as many at a time as it holds, until one call is not done. */
  #eachScratchful(changes: readonly IndexChange[], use: (count: number) => number): number {
    let status = STATUS_DONE;
    for (let at = 0; at < changes.length && status === STATUS_DONE; at += this.#changesMax) {
      const count = Math.min(changes.length - at, this.#changesMax);
      for (let place = 0; place < count; place++) {
        const { entry, from, to, route, userData } = changes[at + place]!;
        this.#changeKeys[place * 4] = from;
        this.#changeKeys[place * 4 + 1] = to;
        this.#changeWords[place * 8 + 4] = route ?? NO_ROUTE;
        this.#changeWords[place * 8 + 5] = KIND_CODES[entry];
        this.#changeKeys[place * 4 + 3] = userData ?? NO_USER_DATA;
      }
      status = use(count);
    }
    return status;
  }

  #refusal(status: number): IndexError {
    if (status !== STATUS_CROSSING) {
      return new IndexError('BCHF_INDEX_FULL', 'the memory of the index is at its limit');
    }
    const [first, second] = [this.detail(0), this.detail(1)];
    return new IndexError(
      'BCHF_INDEX_CROSSING_RUN',
      `${describeRun(first)} crosses ${describeRun(second)}`,
    );
  }

  entries(): IterableIterator<IndexEntry> {
    return whileUnchanged(this.#allEntries(), () => this.#batches);
  }

  *#allEntries(): IterableIterator<IndexEntry> {
    for (const kind of KINDS_IN_ORDER) yield* entriesOfPages(kind, this.entryPages(kind));
  }

  entryPages(kind: EntryKind): IterableIterator<EntryPage> {
    return whileUnchanged(this.pagesOf(kind), () => this.#batches);
  }

  portedPagesIn(spans: readonly number[]): IterableIterator<EntryPage> {
    return whileUnchanged(this.pagesOfSpans(spans), () => this.#batches);
  }

  segments(): IterableIterator<Segment> {
    return whileUnchanged(this.allSegments(), () => this.#batches);
  }

  imageBytes(): number {
    this.#prepareImage();
    return this.wasm.call(
      (exports) =>
        exports.HEADER_BYTES.value + (exports.rootBytes() >>> 0) + (exports.arenaBytes() >>> 0),
    );
  }

  imageChunks(chunkBytesMax = CHUNK_BYTES_DEFAULT): IterableIterator<Uint8Array> {
    if (!(Number.isInteger(chunkBytesMax) && chunkBytesMax > 0)) {
      throw new RangeError(`chunks of ${chunkBytesMax} bytes`);
    }
    return whileUnchanged(this.#chunks(chunkBytesMax), () => this.#batches);
  }

  *#chunks(chunkBytesMax: number): IterableIterator<Uint8Array> {
    this.#prepareImage();
    const { buffer } = this.memory;
    for (const { offset, bytes } of this.wasm.call((exports) => imageParts(this.memory, exports))) {
      for (let at = 0; at < bytes; at += chunkBytesMax) {
        yield new Uint8Array(buffer, offset + at, Math.min(chunkBytesMax, bytes - at));
      }
    }
  }

  /** Once for each version: what it does about old patches may change how many bytes there are. */
  #prepareImage(): void {
    if (this.#batchesPrepared === this.#batches) return;
    this.wasm.call((exports) => exports.prepareImage());
    this.#batchesPrepared = this.#batches;
  }

  evictReader(readerNumber: number): void {
    const readersMax = this.wasm.call((exports) => exports.READERS_MAX.value);
    const isOne = Number.isInteger(readerNumber) && readerNumber >= 0 && readerNumber < readersMax;
    if (!isOne || readerNumber === this.readerNumber) {
      throw new RangeError(`reader ${readerNumber} is none that can be evicted`);
    }
    this.wasm.call((exports) => exports.releaseReader(readerBlockOf(readerNumber)));
  }
}

function isDeletion({ route }: IndexChange): boolean {
  return route === null;
}

/** Where the parts of the image lie. */
function imageParts(
  memory: WebAssembly.Memory,
  exports: IndexExports,
): { offset: number; bytes: number }[] {
  return [
    { offset: 0, bytes: exports.HEADER_BYTES.value },
    {
      offset: new Uint32Array(memory.buffer, exports.HEADER_ROOT_FIRST.value, 1)[0]!,
      bytes: exports.rootBytes() >>> 0,
    },
    { offset: exports.ARENA.value, bytes: exports.arenaBytes() >>> 0 },
  ];
}
