// The loops in which benches look numbers up, and the check of what was answered.
//
// Keys are drawn before the clock starts. In the timed loop a batch of 4,096 is laid into the index's
// memory, one call works it off, and the clock is read.

import { type EntryKind, kindOfAnswer } from '../number-index.ts';
import type { WasmReader } from '../wasm-reader.ts';
import type { CoreMeter } from './bench-core.ts';
import type { BenchPopulation } from './bench-population.ts';

/** Keys of one call: as many as a reader takes. */
export const BATCH = 4096;
/** Batches of a drawing whose answers are checked, and counted by kind. */
const CHECKED_BATCHES = 4;

/** How many keys, or addresses, a second are worked off in `loopMs`, going round the batches. */
export function rateOf(
  batchCount: number,
  loopMs: number,
  workOff: (batch: number) => void,
): number {
  const startedMs = performance.now();
  let batches = 0;
  let elapsedMs = 0;
  while (elapsedMs < loopMs) {
    workOff(batches % batchCount);
    batches++;
    elapsedMs = performance.now() - startedMs;
  }
  return (batches * BATCH * 1000) / elapsedMs;
}

/** How long one kind of work goes on before another has its turn, in milliseconds. */
const SLICE_MS = 3;

/** What {@link ratesInTurns} measured. */
export interface TurnRates {
  /** Keys, or addresses, a second of each kind of work. */
  rates: number[];
  /** The same over those rounds in which the thread had its core for itself. */
  ratesOfWholeCore: number[];
  /** The share of these rounds, 0 to 1. */
  wholeCoreShare: number;
}

/**
 * Works of several kinds off in turns of some milliseconds, `loopMs` each, so that whatever the machine does
 * meanwhile is done to all of them alike. The order turns round from round to round.
 *
 * @param core tells how much of its core a round had, see bench-core.ts
 */
export function ratesInTurns(
  batchCount: number,
  loopMs: number,
  works: readonly ((batch: number) => void)[],
  core: CoreMeter,
): TurnRates {
  const rounds: { batches: number[]; ms: number[]; coreRate: number }[] = [];
  const next = works.map(() => 0);
  for (let leftMs = loopMs; leftMs > 0; leftMs -= SLICE_MS) {
    const round = { batches: works.map(() => 0), ms: works.map(() => 0), coreRate: core.rate() };
    const order = [...works.keys()];
    if (rounds.length % 2 === 1) order.reverse();
    for (const kind of order) {
      const startedMs = performance.now();
      let elapsedMs = 0;
      while (elapsedMs < Math.min(SLICE_MS, leftMs)) {
        works[kind]!(next[kind]! % batchCount);
        next[kind]!++;
        round.batches[kind]!++;
        elapsedMs = performance.now() - startedMs;
      }
      round.ms[kind] = elapsedMs;
    }
    round.coreRate = Math.min(round.coreRate, core.rate());
    rounds.push(round);
  }
  const sum = (of: typeof rounds, what: 'batches' | 'ms', kind: number) =>
    of.reduce((total, round) => total + round[what][kind]!, 0);
  const ratesOf = (of: typeof rounds) =>
    works.map((_, kind) => (sum(of, 'batches', kind) * BATCH * 1000) / sum(of, 'ms', kind));
  const whole = rounds.filter(({ coreRate }) => core.isWhole(coreRate));
  return {
    rates: ratesOf(rounds),
    ratesOfWholeCore: ratesOf(whole),
    wholeCoreShare: whole.length / rounds.length,
  };
}

/** Leaves the answers to a batch of the keys in the reader's own answers. */
export function lookUp(reader: WasmReader, keys: Float64Array, batch: number): void {
  reader.keys.set(keys.subarray(batch * BATCH, (batch + 1) * BATCH));
  reader.lookup(reader.keys, reader.answers, BATCH);
}

/** Lookups a second over all batches of the keys. */
export function lookupRate(reader: WasmReader, keys: Float64Array, loopMs: number): number {
  return rateOf(keys.length / BATCH, loopMs, (batch) => lookUp(reader, keys, batch));
}

/**
 * Throws where an answer to the first batches is wrong; tells which share each kind has of them.
 *
 * @param isRight What the answers are held against.
 */
export function checkAnswers(
  reader: WasmReader,
  { isRight }: Pick<BenchPopulation, 'isRight'>,
  keys: Float64Array,
): string {
  const tally: Record<EntryKind | 'none', number> = {
    ported: 0,
    fragmented: 0,
    prefix: 0,
    none: 0,
  };
  const batches = Math.min(CHECKED_BATCHES, keys.length / BATCH);
  for (let batch = 0; batch < batches; batch++) {
    lookUp(reader, keys, batch);
    for (let place = 0; place < BATCH; place++) {
      const key = keys[batch * BATCH + place]!;
      const answer = reader.answers[place]!;
      if (!isRight(key, answer)) {
        throw new Error(`the index answers key ${key} with ${answer}, which is wrong`);
      }
      tally[kindOfAnswer(answer) ?? 'none']++;
    }
  }
  return Object.entries(tally)
    .filter(([, count]) => count > 0)
    .map(([kind, count]) => `${kind} ${((count * 100) / (batches * BATCH)).toFixed(1)}%`)
    .join(', ');
}
