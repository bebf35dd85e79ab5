// Runs churn for a long time and watches what the index takes of its memory.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createWasmIndex } from '../wasm-index.ts';
import { instantiate } from '../wasm-module.ts';
import { openReader } from '../wasm-reader.ts';
import { routeFor } from './changes.ts';
import {
  type Churn,
  combChurn,
  denseChurn,
  runChurn,
  sparseChurn,
  wanderingChurn,
} from './churn.ts';
import { Random } from './random.ts';

/** Until here the memory may grow: free blocks of every size have to gather first. */
const WARM_UP_SHARE = 0.3;
const BATCH_STEPS_MAX = 100;
/** A reader stays in a call for so many batches, then stays away for as many. */
const STAY_BATCHES = 10;

export interface ChurnTest {
  seed: number;
  /** How many changes to apply at least. */
  changes: number;
  /**
   * How far the most that the index took in the second half of the time after the warm-up may be
   * above that of the first half: chance alone makes a little of a short time.
   */
  growthMax: number;
}

function churnAtConstantSize(churns: readonly Churn[], test: ChurnTest): void {
  const { seed, changes, growthMax } = test;
  const random = new Random(seed);
  const index = createWasmIndex({ memoryBytesMax: 1 << 30 });
  for (const churn of churns) index.apply(churn.initial());
  const counts = index.counts();
  const entryCount = counts.prefix + counts.fragmented + counts.ported;
  const steady = openReader(index.memory);
  const visitor = instantiate(index.memory, 'release');
  let visit = 0;
  const halves = Array.from({ length: 2 }, () => ({ arenaBytes: 0, memoryBytes: 0 }));
  let applied = 0;
  for (let batch = 0; applied < changes; batch++) {
    // An open reader outside of a call holds nothing up, one inside holds up what it may see.
    if (batch % (2 * STAY_BATCHES) === STAY_BATCHES) {
      visit = visitor.call((exports) => {
        const place = exports.claimReader();
        exports.enter(place);
        return place;
      });
    }
    if (batch % (2 * STAY_BATCHES) === 0 && visit !== 0) {
      visitor.call((exports) => {
        exports.leave(visit);
        exports.releaseReader(visit);
      });
    }
    const steps = 1 + random.below(Math.ceil(BATCH_STEPS_MAX / churns.length));
    const all = churns.flatMap((churn) => churn.next(steps));
    index.apply(all);
    applied += all.length;
    const last = all.findLast(({ entry, route }) => entry === 'ported' && route !== null);
    if (last !== undefined) assert.equal(routeFor(steady, last.from), last.route);
    const share = (applied / changes - WARM_UP_SHARE) / (1 - WARM_UP_SHARE);
    if (share < 0) continue;
    const half = halves[share < 0.5 ? 0 : 1]!;
    half.arenaBytes = Math.max(half.arenaBytes, index.imageBytes());
    half.memoryBytes = Math.max(half.memoryBytes, index.memory.buffer.byteLength);
  }
  const after = index.counts();
  assertClose(after.prefix + after.fragmented + after.ported, entryCount);
  const [first, second] = [halves[0]!, halves[1]!];
  const grown = `${first.arenaBytes} bytes became ${second.arenaBytes}`;
  assert.ok(second.arenaBytes <= first.arenaBytes * growthMax, grown);
  // The memory grows by an eighth at a time.
  assert.ok(second.memoryBytes <= first.memoryBytes * growthMax * 1.125);
}

/** Runs inside others come with every third, so a few more or fewer may be there. */
function assertClose(count: number, expected: number): void {
  assert.ok(Math.abs(count - expected) <= expected * 0.01, `${expected} entries became ${count}`);
}

/** Registers a test for each kind of churn, and one for all at once. */
export function describeChurn(test: ChurnTest): void {
  const makers = [denseChurn, sparseChurn, wanderingChurn, combChurn, runChurn];
  const make = (wanted: typeof makers): Churn[] =>
    wanted.map((maker) => maker(new Random(test.seed)));
  for (const maker of makers) {
    const churns = make([maker]);
    it(`reaches a plateau under churn of ${churns[0]!.name}`, () => {
      churnAtConstantSize(churns, test);
    });
  }
  it('reaches a plateau under churn of all kinds at once', () => {
    churnAtConstantSize(make(makers), test);
  });
}
