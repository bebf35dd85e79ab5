// Two threads read while this one writes versions of the watched numbers, with other numbers coming
// and going between them so that whatever holds both changes its form and its place.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { IndexChange } from '../number-index.ts';
import { createWasmIndex, type WasmIndex } from '../wasm-index.ts';
import { ported, run } from './changes.ts';
import { Random } from './random.ts';
import { PROGRESS_WORDS, type ReaderTask } from './reader-task.ts';
import {
  changesTo,
  isWatched,
  labelOfVersion,
  OTHERS_FIRST,
  OTHERS_NUMBERS,
  VERSION_MAX,
} from './watched-numbers.ts';

/** One reader keeps its place, the other comes and goes; one runs the build that asserts. */
const READERS = [
  { build: 'release', batchesPerPlace: Number.POSITIVE_INFINITY },
  { build: 'debug', batchesPerPlace: 40 },
] as const;
/** So many versions each reader has to see, or the test would show little. */
const VERSIONS_SEEN_MIN = 50;
const PHASE_VERSIONS = 64;
const GUESTS_MAX = 3000;
/** So often readers' threads need this one: to start, and to say that they have failed. */
const VERSIONS_PER_TURN = 20;

/** Writes for so long, and until both readers have seen enough. Throws what a reader found wrong. */
export async function readWhileWriting(durationMs: number, seed: number): Promise<void> {
  const index = createWasmIndex({ memoryBytesMax: 256 << 20 });
  index.apply(changesTo(1), labelOfVersion(1));
  const words = new SharedArrayBuffer((READERS.length * PROGRESS_WORDS + 1) * 4);
  const progress = new Int32Array(words);
  const workers = READERS.map((reader, readerIndex) => {
    const task: ReaderTask = { ...reader, memory: index.memory, progress, readerIndex };
    return new Worker(new URL('./reader-worker.js', import.meta.url), { workerData: task });
  });
  const ends = Promise.all(workers.map((worker) => once(worker, 'exit')));
  let failed = false;
  ends.catch(() => {
    failed = true;
  });
  try {
    const endMs = Date.now() + durationMs;
    const writer = new VersionWriter(index, seed);
    const isSeen = (): boolean =>
      READERS.every((_, at) => Atomics.load(progress, at * 2 + 1) >= VERSIONS_SEEN_MIN);
    while (!failed && writer.version < VERSION_MAX && (Date.now() < endMs || !isSeen())) {
      writer.writeNext();
      if (writer.version % VERSIONS_PER_TURN === 0) await setImmediate();
    }
    Atomics.store(progress, progress.length - 1, 1);
    await ends;
    assert.ok(isSeen(), 'the readers saw too few versions');
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

class VersionWriter {
  version = 1;
  readonly #index: WasmIndex;
  readonly #random: Random;
  /** Numbers far from all others, the oldest first: areas come into being and go with them. */
  readonly #guests: number[] = [];

  constructor(index: WasmIndex, seed: number) {
    this.#index = index;
    this.#random = new Random(seed);
  }

  writeNext(): void {
    this.version++;
    const changes = [...changesTo(this.version), ...this.#neighbours(), ...this.#strangers()];
    this.#index.apply(changes, labelOfVersion(this.version));
  }

  /** Numbers between the watched ones: fewer and fewer for some time, then more and more. */
  #neighbours(): IndexChange[] {
    const random = this.#random;
    const grows = Math.floor(this.version / PHASE_VERSIONS) % 2 === 0;
    return Array.from({ length: 80 }, () => OTHERS_FIRST + random.below(OTHERS_NUMBERS))
      .filter((key) => !isWatched(key))
      .map((key) => ported(key, random.chance(grows ? 0.9 : 0.1) ? random.below(500) : null));
  }

  #strangers(): IndexChange[] {
    const random = this.#random;
    const first = 18613970000000 + random.below(500) * 100;
    const changes = [run(first, first + 99, random.chance(0.5) ? this.version : null)];
    for (let count = random.below(10); count > 0; count--) {
      const key = 15_000_000_000_000 + random.below(10 ** 11);
      this.#guests.push(key);
      changes.push(ported(key, this.version));
    }
    while (this.#guests.length > GUESTS_MAX) changes.push(ported(this.#guests.shift()!, null));
    return changes;
  }
}
