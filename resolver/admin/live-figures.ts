// The last minutes of this process, second by second, for the console: whoever opens it after
// something has happened sees how it came, and needs no other system for that.

import { type Figures, type FiguresSample, INTERFACE_IDS } from './console-model.ts';
import { type CounterReading, figuresBetween } from './interface-figures.ts';

/** What a sample is made of besides counters. */
export interface FigureSources {
  read: () => CounterReading;
  height: () => number;
  lagMs: () => number | undefined;
  threads: () => number;
  /** Processor time of the whole process so far. */
  cpuSeconds: () => number;
  residentBytes: () => number;
}

export const INTERVAL_MS = 1000;
/** A quarter of an hour. */
export const SAMPLES_MAX = 900;

export class LiveFigures {
  readonly #sources: FigureSources;
  readonly #now: () => number;
  readonly #samples: FiguresSample[] = [];
  #before: { atMs: number; cpuSeconds: number; reading: CounterReading };

  constructor(sources: FigureSources, now: () => number) {
    this.#sources = sources;
    this.#now = now;
    this.#before = this.#read();
  }

  #read() {
    const { cpuSeconds, read } = this.#sources;
    return { atMs: this.#now(), cpuSeconds: cpuSeconds(), reading: read() };
  }

  /** Takes the sample of the interval since the last one. */
  sample(): void {
    const { height, lagMs, threads, residentBytes } = this.#sources;
    const before = this.#before;
    const after = this.#read();
    const seconds = (after.atMs - before.atMs) / 1000;
    // A clock that was set back makes no rate.
    this.#before = after;
    if (seconds <= 0) return;
    const figures = INTERFACE_IDS.map((id) => [
      id,
      figuresBetween(id, before.reading, after.reading, seconds),
    ]);
    this.#samples.push({
      atMs: after.atMs,
      height: height(),
      lagMs: lagMs() ?? null,
      threads: threads(),
      cpu: (after.cpuSeconds - before.cpuSeconds) / seconds,
      residentBytes: residentBytes(),
      interfaces: Object.fromEntries(figures) as FiguresSample['interfaces'],
    });
    if (this.#samples.length > SAMPLES_MAX) this.#samples.shift();
  }

  /** The samples that are newer than a time; all there are, without one. */
  since(atMs = 0): Figures {
    const first = this.#samples.findIndex((sample) => sample.atMs > atMs);
    return { intervalMs: INTERVAL_MS, samples: first < 0 ? [] : this.#samples.slice(first) };
  }
}
