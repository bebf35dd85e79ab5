// Changes at a constant size, as a bench of updates applies them, and what an index is to answer after
// any number of them.
//
// A round is drawn before the clock starts: batches of changes, no entry of which is changed twice,
// and then for each of these batches, from the last to the first, the one that takes it back. At the
// end of a round the index holds what it held before, so rounds go on for as long as is wanted, and
// what it holds in between follows from the number of batches.
//
//     batch      0   1   2   …  n−1 │ n−1'  …  2'  1'  0' │ 0   1   2  …
//                forward            │ back                 │ next round
//
// Of 1,000 changes 450 insert a ported number, 450 delete one, 90 give one another route, 5 set a run
// inside another and 5 delete a run: as many entries come as go.

import { type Answer, type IndexChange, kindOfAnswer, routeOfAnswer } from '../number-index.ts';
import { Draws, hash32 } from './bench-draws.ts';
import { type BenchPopulation, isPortedAnswer, ROUTE_COUNT } from './bench-population.ts';

/** Changes of each sort in a batch. */
const INSERTED = 450;
const DELETED = 450;
const REROUTED = 90;
const RUNS_SET = 5;
const RUNS_DELETED = 5;
export const CHURN_BATCH = INSERTED + DELETED + REROUTED + RUNS_SET + RUNS_DELETED;
const CELLS_OF_BATCH = RUNS_SET + RUNS_DELETED;

export interface Churn {
  /** Batches of a round, those that take back included. */
  readonly batchCount: number;
  /** The changes of the batch with this number; 0 is the first, beyond a round the next one begins. */
  batch(number: number): readonly IndexChange[];
  /** Whether an answer to a key of the space is right when so many batches have been applied. */
  isRight(key: number, answer: Answer, batches: number): boolean;
  /** Keys that the batches of a round change, a few of each sort. */
  readonly changedKeys: readonly number[];
}

/** A change of a ported number or a run, with the number of its batch and its entry's former route. */
interface Step {
  batch: number;
  former: number | null;
  change: IndexChange;
}

/**
 * @param batchesMax Batches of half a round at most; fewer where the population has not enough cells.
 *   RangeError where it has not enough for a single one.
 */
export function createChurn(population: BenchPopulation, seed: number, batchesMax: number): Churn {
  const forward = Math.min(batchesMax, Math.floor(population.cellCount / CELLS_OF_BATCH));
  if (forward < 1) throw new RangeError(`${population.cellCount} cells are too few for a batch`);
  const stepOfKey = drawPorted(population, seed, forward);
  const stepOfCell = drawRuns(population, seed, forward);
  const batches: IndexChange[][] = Array.from({ length: 2 * forward }, () => []);
  for (const { batch, former, change } of [...stepOfKey.values(), ...stepOfCell.values()]) {
    batches[batch]!.push(change);
    batches[2 * forward - 1 - batch]!.push({ ...change, route: former });
  }

  // The changes of a batch lie side by side in memory, as those do that a block was just decoded to.
  const ordered = batches.map((batch) => batch.map((change) => ({ ...change })));

  return {
    batchCount: ordered.length,
    batch: (number) => ordered[number % ordered.length]!,
    isRight(key, answer, count) {
      const inRound = count % batches.length;
      // Batch b is in force after it was applied and before it was taken back.
      const inForce = Math.min(inRound, batches.length - inRound);
      const routeAfter = ({ batch, former, change }: Step): number | null =>
        batch < inForce ? change.route : former;
      const step = stepOfKey.get(key);
      const ported = step === undefined ? population.portedRouteOf(key) : routeAfter(step);
      if (ported !== undefined && ported !== null) return isPortedAnswer(answer, ported);
      const run = runOver(key, population, stepOfCell.get(population.cellOf(key)), routeAfter);
      if (run === undefined) return kindOfAnswer(answer) === 'prefix';
      return kindOfAnswer(answer) === 'fragmented' && routeOfAnswer(answer) === run;
    },
    changedKeys: [...[...stepOfKey.keys()].slice(0, 4096), ...keysInRuns(stepOfCell)],
  };
}

/** The route of the innermost run over a number, given what happened in its cell. */
function runOver(
  key: number,
  population: BenchPopulation,
  step: Step | undefined,
  routeAfter: (step: Step) => number | null,
): number | undefined {
  const covers = ({ from, to }: IndexChange): boolean => key >= from && key <= to;
  if (step !== undefined && covers(step.change)) {
    const route = routeAfter(step);
    if (route !== null) return route;
    // What was deleted, or is not yet set: the cell's own run, or the one inside it.
    if (step.former !== null) return undefined;
  }
  const cell = population.cellOf(key);
  if (cell >= population.cellCount) return undefined;
  const run = population.runOfCell(cell);
  return covers(run) ? run.route! : undefined;
}

function keysInRuns(stepOfCell: ReadonlyMap<number, Step>): number[] {
  return [...stepOfCell.values()].flatMap(({ change: { from, to } }) => [
    from - 1,
    from,
    to,
    to + 1,
  ]);
}

/** Ported numbers that come, go or change their route, by key. */
function drawPorted(
  population: BenchPopulation,
  seed: number,
  batchCount: number,
): Map<number, Step> {
  const steps = new Map<number, Step>();
  const draws = new Draws(hash32(seed, 20));
  const left = { inserted: INSERTED * batchCount, others: (DELETED + REROUTED) * batchCount };
  let inserted = 0;
  let others = 0;
  const keys = new Float64Array(4096);
  for (let draw = 0; inserted < left.inserted || others < left.others; draw++) {
    population.drawUniform(keys, hash32(seed, 0x1_0000 + draw));
    for (const key of keys) {
      if (steps.has(key)) continue;
      const former = population.portedRouteOf(key);
      if (former === undefined) {
        if (inserted === left.inserted) continue;
        const batch = inserted++ % batchCount;
        steps.set(key, portedStep(batch, key, draws.below(ROUTE_COUNT), null));
      } else if (others < left.others) {
        const batch = others++ % batchCount;
        const isRerouted = others <= REROUTED * batchCount;
        const route = (former + 1 + draws.below(ROUTE_COUNT - 1)) % ROUTE_COUNT;
        steps.set(key, portedStep(batch, key, isRerouted ? route : null, former));
      }
    }
  }
  return steps;
}

function portedStep(batch: number, key: number, route: number | null, former: number | null): Step {
  return { batch, former, change: { entry: 'ported', from: key, to: key, route } };
}

/** Runs that are set or deleted, by cell: never two in one cell, so that none depends on another. */
function drawRuns(
  population: BenchPopulation,
  seed: number,
  batchCount: number,
): Map<number, Step> {
  const steps = new Map<number, Step>();
  const draws = new Draws(hash32(seed, 21));
  for (let count = 0; count < CELLS_OF_BATCH * batchCount; ) {
    const cell = draws.below(population.cellCount);
    if (steps.has(cell)) continue;
    const batch = count % batchCount;
    const run = population.runOfCell(cell);
    if (count < RUNS_DELETED * batchCount) {
      steps.set(cell, { batch, former: run.route, change: { ...run, route: null } });
    } else {
      // One number less at either end: a run of its own, inside the cell's.
      const route = draws.below(ROUTE_COUNT);
      const change = { ...run, from: run.from + 1, to: run.to - 1, route };
      steps.set(cell, { batch, former: null, change });
    }
    count++;
  }
  return steps;
}
