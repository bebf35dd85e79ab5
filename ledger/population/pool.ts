// The shared pool of one identity: ranges that members inject from the top of their own numbers, and
// the runs in them that other members allocate. A table tells the ranges; the runs are computed.
//
// A range is divided into cells of one size, and each cell but the last few holds one run: where it
// begins, how long it is and whose it is follow from a hash of the run's number. What a cell has
// beside its run, and the cells at the end, stay free. The first number of a cell is always free:
// two runs that touch could be one run on the ledger.
//
//     range   │ cell 0      │ cell 1      │ …  │ cell n − 1  │ free cells  │
//     runs    │  ├──────┤   │├─┤          │    │     ├──────┤│             │
//
// Most cells are small: 70% hold runs of 1 to 15 numbers, 25% of up to 250, 5% of up to 5,000.

import type { Identity, NumberKey } from '../number.ts';
import type { KeyRange } from '../transaction-body.ts';
import { createPermutation } from './permutation.ts';
import { lastNotAbove } from './prefix-table.ts';
import { deriveKey, hash32 } from './random.ts';
import type { PrefixPlan } from './world.ts';

/** Longest run, in numbers. */
const RUN_NUMBERS_MAX = 5_000;

/** Cells of one size; `share` in hundredths of the ranges. */
const CELL_KINDS = [
  { cellNumbers: 16, runMax: 15, share: 70 },
  { cellNumbers: 256, runMax: 250, share: 25 },
  { cellNumbers: 5_120, runMax: RUN_NUMBERS_MAX, share: 5 },
] as const;

type CellKind = (typeof CELL_KINDS)[number];

/** Runs in one range, unless the pool is so large that its ranges would become too many. */
const RANGE_RUNS = 20;
const RANGES_MAX = 4_000;

/** Every how many prefixes one has a range at most, so that enough of them are large enough. */
const RANGE_PREFIX_DIVISOR = 3;

/** Steps through the hundredths of `share` so that any few ranges have about these shares. */
const SHARE_STEP = 61;

/** One free cell for so many with a run. */
const FREE_CELL_DIVISOR = 10;

/** Who allocates: a member and the route of its numbers. */
export interface Allocator {
  member: number;
  route: number;
}

/** An injected range and the member that owned it. */
export interface PoolRange extends KeyRange {
  donor: number;
  cellNumbers: number;
  runMax: number;
  /** The range holds runs `firstRun` to `endRun` − 1, one per cell from its beginning. */
  firstRun: number;
  endRun: number;
}

/** A run of numbers that a member allocated. */
export interface PoolRun extends KeyRange {
  allocator: Allocator;
}

export interface Pool {
  identity: Identity;
  runCount: number;
  /** In ascending order of numbers. */
  ranges: PoolRange[];
  /** The run with a number from 0 to `runCount` − 1; runs ascend with their numbers. */
  runAt(run: number): PoolRun;
  /** The run that a number is in; `undefined` for free numbers and those outside the pool. */
  runOf(key: NumberKey): PoolRun | undefined;
  /** How many numbers all cells with a run have together, for drawing one of them. */
  cellNumbersTotal: number;
  /** The number at a place from 0 to `cellNumbersTotal` − 1 of the cells with a run. */
  cellNumberAt(place: number): NumberKey;
}

/**
 * Lays a pool of `runCount` runs into the upper half of the own numbers of a plan's prefixes.
 * Throws RangeError where there are not prefixes enough, or no two members to share.
 */
export function createPool(
  plan: PrefixPlan,
  allocators: readonly Allocator[],
  runCount: number,
  seed: number,
): Pool {
  if (runCount > 0 && new Set(allocators.map(({ member }) => member)).size < 2) {
    throw new RangeError('a pool is shared by at least two members');
  }
  const purpose = `${plan.identity} pool`;
  const ranges = layRanges(plan, runCount, seed, purpose);
  const rangeFrom = Float64Array.from(ranges, (range) => range.from);
  const rangeFirstRun = Float64Array.from(ranges, (range) => range.firstRun);
  const lengthKey = deriveKey(seed, `${purpose} length`);
  const placeKey = deriveKey(seed, `${purpose} place`);
  const allocatorKey = deriveKey(seed, `${purpose} allocator`);

  const cellStart = new Float64Array(ranges.length + 1);
  ranges.forEach(({ cellNumbers, firstRun, endRun }, at) => {
    cellStart[at + 1] = cellStart[at]! + (endRun - firstRun) * cellNumbers;
  });

  const runIn = (range: PoolRange, run: number): PoolRun => {
    const length = 1 + (hash32(lengthKey, run) % range.runMax);
    const offset = 1 + (hash32(placeKey, run) % (range.cellNumbers - length));
    const from = range.from + (run - range.firstRun) * range.cellNumbers + offset;
    let at = hash32(allocatorKey, run) % allocators.length;
    while (allocators[at]!.member === range.donor) at = (at + 1) % allocators.length;
    return { from, to: from + length - 1, allocator: allocators[at]! };
  };

  const runOf = (key: NumberKey) => {
    const at = lastNotAbove(rangeFrom, key);
    if (at < 0) return undefined;
    const range = ranges[at]!;
    const run = range.firstRun + Math.floor((key - range.from) / range.cellNumbers);
    if (run >= range.endRun) return undefined;
    const found = runIn(range, run);
    return key >= found.from && key <= found.to ? found : undefined;
  };

  return {
    identity: plan.identity,
    runCount,
    ranges,
    runAt: (run) => runIn(ranges[lastNotAbove(rangeFirstRun, run)]!, run),
    runOf,
    cellNumbersTotal: cellStart[ranges.length]!,
    cellNumberAt: (place) => {
      const at = lastNotAbove(cellStart, place);
      return ranges[at]!.from + place - cellStart[at]!;
    },
  };
}

/** Chooses prefixes in a seeded order, one range in each, and numbers the runs upwards. */
function layRanges(plan: PrefixPlan, runCount: number, seed: number, purpose: string): PoolRange[] {
  const rangesMax = Math.min(RANGES_MAX, Math.floor(plan.keys.length / RANGE_PREFIX_DIVISOR));
  const rangeRuns = Math.max(RANGE_RUNS, Math.ceil(runCount / Math.max(1, rangesMax)));
  const rangeCount = Math.ceil(runCount / rangeRuns);
  const order = createPermutation(plan.keys.length, seed, `${purpose} prefixes`);
  const firstShare = deriveKey(seed, `${purpose} cells`) % 100;
  const laid: (Omit<PoolRange, 'firstRun' | 'endRun'> & { runs: number })[] = [];
  for (let tried = 0; laid.length < rangeCount; tried++) {
    if (tried === plan.keys.length) throw new RangeError(`no room for a pool of ${runCount} runs`);
    const prefix = order.forward(tried);
    const { cellNumbers, runMax } = cellKind((firstShare + laid.length * SHARE_STEP) % 100);
    const runs = Math.min(rangeRuns, runCount - laid.length * rangeRuns);
    const size = (runs + Math.ceil(runs / FREE_CELL_DIVISOR)) * cellNumbers;
    const span = plan.table.ownSpan(prefix, plan.digits[prefix]!);
    if (span === undefined || (span.to - span.from + 1) / 2 < size) continue;
    const from = span.to - size + 1;
    laid.push({ from, to: span.to, donor: plan.member[prefix]!, cellNumbers, runMax, runs });
  }
  laid.sort((one, other) => one.from - other.from);
  let firstRun = 0;
  return laid.map(({ runs, ...range }) => {
    const endRun = firstRun + runs;
    const numbered = { ...range, firstRun, endRun };
    firstRun = endRun;
    return numbered;
  });
}

function cellKind(percent: number): CellKind {
  let below = 0;
  for (const kind of CELL_KINDS) {
    below += kind.share;
    if (percent < below) return kind;
  }
  return CELL_KINDS[0];
}
