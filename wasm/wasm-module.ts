// The compiled number index: where it lies, what it exports, and what becomes of its traps.

import { readFileSync } from 'node:fs';
import { IndexError } from './number-index.ts';

/** The optimised build, or the one that checks its assertions and keeps the names of functions. */
export type WasmBuild = 'release' | 'debug';

/** Pages of a new memory: what asconfig.json declares as `initialMemory`. */
export const MEMORY_PAGES_MIN = 104;
/** Pages that layout.ts puts before the arena. */
export const PAGES_BEFORE_ARENA = 101;
/** Bytes of the header, the first part of an image: HEADER_BYTES in layout.ts. */
export const IMAGE_HEADER_BYTES = 65_536;
/** The root of the directory, and the header's word that tells which part of it is in use. */
export const ROOT = IMAGE_HEADER_BYTES;
export const ROOT_BYTES = 524_288;
export const HEADER_ROOT_FIRST = 36;
/** Offset of the first reader block, as layout.ts has it. */
export const READERS = 851_968;
/** Bytes that the memory has behind the arena at least. */
export const ARENA_SLACK = 64;
/** One page short of 4 GiB, so that the end of the memory is still a u32. */
export const MEMORY_PAGES_MAX = 65_535;
export const PAGE_BYTES = 65_536;

/** What a call of the writer returns, as layout.ts has it. */
export const STATUS_DONE = 0;
export const STATUS_FULL = 1;
export const STATUS_CROSSING = 2;
export const STATUS_UNSORTED = 3;

/** Marks a change that deletes, in place of a route; as layout.ts has it. */
export const NO_ROUTE = 0xffff_ffff;

/** In place of an index of user data in an entry record, as layout.ts has it. */
export const NO_USER_DATA = -1;

/** Bytes of an entry record: from f64, to f64, route u32, kind u32, user data f64. */
export const RECORD_BYTES = 32;

/**
 * The exports, typed. Offsets are unsigned but arrive as signed: `>>> 0` before use. `reader` is the
 * offset of a reader block that the caller has claimed.
 */
export interface IndexExports {
  readonly ARENA: WebAssembly.Global;
  readonly BATCH_MAX: WebAssembly.Global;
  readonly CHANGES: WebAssembly.Global;
  readonly CHANGES_MAX: WebAssembly.Global;
  readonly CHANGE_ROUTES: WebAssembly.Global;
  readonly CHANGE_USERS: WebAssembly.Global;
  readonly DETAILS_MAX: WebAssembly.Global;
  readonly HEADER_BYTES: WebAssembly.Global;
  readonly HEADER_ROOT_FIRST: WebAssembly.Global;
  readonly READERS: WebAssembly.Global;
  readonly READERS_MAX: WebAssembly.Global;
  readonly READER_ANSWERS: WebAssembly.Global;
  readonly READER_DETAILS: WebAssembly.Global;
  readonly READER_KEYS: WebAssembly.Global;

  // For every reader.
  claimReader(): number;
  releaseReader(reader: number): void;
  enter(reader: number): number;
  leave(reader: number): void;
  lookup(reader: number, count: number): void;
  lookupNames(reader: number, count: number): void;
  lookupEntered(reader: number, version: number, count: number): void;
  hasBelow(reader: number, key: number): number;
  explain(reader: number, version: number, key: number, countMax: number, runsMax: number): number;
  listRunsAround(
    reader: number,
    version: number,
    from: number,
    to: number,
    countMax: number,
  ): number;
  label(reader: number): number;
  listPrefixes(
    reader: number,
    version: number,
    digits: number,
    from: number,
    countMax: number,
  ): number;
  listRuns(
    reader: number,
    version: number,
    from: number,
    to: number,
    reach: number,
    countMax: number,
  ): number;
  listPorted(reader: number, version: number, from: number, end: number, countMax: number): number;
  xxh64(offset: number, bytes: number, seed: bigint): bigint;

  // For the one writer.
  initialise(): void;
  beginBatch(setsNothing: boolean): number;
  beginBulk(): void;
  addBulk(count: number): number;
  finishBulk(): number;
  applyPoints(count: number): number;
  applyPrefixes(count: number): number;
  applyRuns(reader: number, count: number): number;
  sealBatch(): void;
  commitBatch(labelBytes: number): void;
  abortBatch(): void;
  walkPrefixes(reader: number, from: number, countMax: number): number;
  walkPorted(reader: number, from: number, countMax: number): number;
  walkRuns(reader: number, from: number, to: number, countMax: number): number;
  listSegments(reader: number, from: number, countMax: number): number;
  prefixCount(): number;
  runCount(): number;
  portedCount(): number;
  arenaBytes(): number;
  rootBytes(): number;
  settle(): number;
  prepareImage(): void;
  checkImage(arenaBytes: number, routesMax: number): number;
}

/** The file of a build: beside the compiled form of this one. */
export function wasmFile(build: WasmBuild): URL {
  const name = build === 'debug' ? 'number-index.debug.wasm' : 'number-index.wasm';
  return new URL(name, import.meta.url);
}

const compiled = new Map<WasmBuild, WebAssembly.Module>();

/** An instance over a memory. Each thread compiles the module once, however many indexes it has. */
export function instantiate(memory: WebAssembly.Memory, build: WasmBuild): GuardedExports {
  let module = compiled.get(build);
  if (module === undefined) {
    module = new WebAssembly.Module(readFileSync(wasmFile(build)));
    compiled.set(build, module);
  }
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  return new GuardedExports(instance.exports as unknown as IndexExports, memory);
}

/** A shared memory with room for at least `pages` pages that may grow to `bytesMax` bytes. */
export function createMemory(pages: number, bytesMax: number): WebAssembly.Memory {
  const maximum = Math.min(Math.floor(bytesMax / PAGE_BYTES), MEMORY_PAGES_MAX);
  const initial = Math.max(pages, MEMORY_PAGES_MIN);
  if (!(maximum >= initial)) {
    throw new IndexError(
      'BCHF_INDEX_FULL',
      `the index needs ${initial * PAGE_BYTES} bytes of memory to begin with, its limit is ${bytesMax}`,
    );
  }
  return new WebAssembly.Memory({ initial, maximum, shared: true });
}

/**
 * Calls into the instance. A trap becomes an IndexError BCHF_INDEX_TRAP with the trap as its cause,
 * and so does everything else that ends a call early, as a full stack does; from then on every call
 * is refused, for nobody knows in what state the instance is.
 */
export class GuardedExports {
  readonly #exports: IndexExports;
  readonly #memory: WebAssembly.Memory;
  /** Size of the memory when a reader last trapped, or at first. */
  #bytesSeen: number;
  #trap: unknown;

  constructor(exports: IndexExports, memory: WebAssembly.Memory) {
    this.#exports = exports;
    this.#memory = memory;
    this.#bytesSeen = memory.buffer.byteLength;
  }

  call<Result>(action: (exports: IndexExports) => Result): Result {
    if (this.#trap !== undefined) throw trapError(this.#trap);
    try {
      return action(this.#exports);
    } catch (error) {
      throw this.#ended(error);
    }
  }

  /**
   * The same for what only reads, and may be done again. Where the writer has grown the memory and
   * published in it, V8 tells this thread at its next function or loop; an atomic load before that is held
   * against the size of before, and traps. So a trap counts where the memory has not grown since the last.
   */
  read<Result>(action: (exports: IndexExports) => Result): Result {
    if (this.#trap !== undefined) throw trapError(this.#trap);
    try {
      return action(this.#exports);
    } catch (error) {
      const bytes = this.#memory.buffer.byteLength;
      if (error instanceof WebAssembly.RuntimeError && bytes > this.#bytesSeen) {
        this.#bytesSeen = bytes;
        return this.read(action);
      }
      throw this.#ended(error);
    }
  }

  /** What a call that ended early throws. */
  #ended(error: unknown): IndexError {
    if (error instanceof IndexError) return error;
    this.#trap = error;
    return trapError(error);
  }
}

function trapError(cause: unknown): IndexError {
  return new IndexError('BCHF_INDEX_TRAP', 'the number index trapped', { cause });
}
