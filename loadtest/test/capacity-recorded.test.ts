// The curves that come with bchf, against a run that they were not made from: recorded on the same
// machine minutes later, batch two hours later (fixtures/capacity-held-out.json). Whoever measures
// curves anew with faster code measures this run anew too, by `bchf capacity measure --steps 8`, or
// the two tell of different programs.
//
// The error that a model states is the largest of its own points, each told from the others. So a
// new point lies beyond it about once in so many as there are points; more than a quarter of all
// beyond it is no chance.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { CURVES_FILE } from '../capacity/capacity-command.ts';
import { type Curve, parseCurves } from '../capacity/curves.ts';
import { errorFactorOf, planCapacity } from '../capacity/plan.ts';
import { parseAvailability } from '../capacity/quantity.ts';
import { fitQueue, p99Us } from '../capacity/queue-model.ts';
import { INTERFACES } from '../scenario/scenario.ts';

const read = (file: string | URL) => parseCurves(readFileSync(file, 'utf8'));
const reference = read(CURVES_FILE);
const heldOut = read(
  new URL('../../../loadtest/test/fixtures/capacity-held-out.json', import.meta.url),
);

const goodPoints = ({ points }: Curve) =>
  points
    .filter(({ isServedWell }) => isServedWell)
    .map(({ offeredPerSecond, typicalP99Us }) => ({ offeredPerSecond, p99Us: typicalP99Us }));

const WITHIN_SHARE_MIN = 0.75;

test('what was measured later lies within the error that the model states', (t) => {
  let [compared, within] = [0, 0];
  for (const curve of heldOut.curves) {
    const same = reference.curves.filter((one) => one.interface === curve.interface);
    const known = same.flatMap(goodPoints);
    const fit = fitQueue(known);
    const highest = Math.max(...known.map(({ offeredPerSecond }) => offeredPerSecond));
    const asked = goodPoints(curve).filter(({ offeredPerSecond }) => offeredPerSecond <= highest);
    assert.ok(asked.length >= 3, `${curve.interface}: ${asked.length} loads to compare`);
    const factors = asked.map((point) => {
      const told = p99Us(fit, point.offeredPerSecond);
      return Math.max(told / point.p99Us, point.p99Us / told);
    });
    const stated = errorFactorOf(fit, same.length);
    compared += factors.length;
    within += factors.filter((factor) => factor <= stated).length;
    const list = factors.map((factor) => factor.toFixed(2)).join(' ');
    t.diagnostic(`${curve.interface}: stated ${stated.toFixed(2)}, found ${list}`);
  }
  assert.deepEqual(heldOut.curves.map((curve) => curve.interface).sort(), [...INTERFACES].sort());
  assert.ok(within >= compared * WITHIN_SHARE_MIN, `${within} of ${compared}`);
});

test('the curves that come with bchf have a plan for every interface, and for all together', () => {
  const alone = INTERFACES.map((name) => ({ [name]: 1 }));
  for (const mix of [...alone, { http: 1, batch: 8, enum: 1, pdb: 1 }]) {
    const plan = planCapacity(reference, {
      lookupsPerSecond: 2e6,
      entries: 8e8,
      p99Us: 100_000,
      availability: parseAvailability('2N'),
      mix,
      machineAvailability: 0.995,
    });
    assert.ok(plan.machines.total >= 2 && plan.memory.neededBytes > 8e8);
    assert.ok(plan.extrapolations.length > 0, 'eight hundred million entries were not measured');
  }
});
