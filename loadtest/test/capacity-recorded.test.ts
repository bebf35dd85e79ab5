// The curves that come with bchf, against a run that they were not made from: recorded on the same machine
// a quarter of an hour later, with five times the entries (fixtures/capacity-held-out.json). One number at a
// time costs what sockets cost, so the size of the index should not show there.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { CURVES_FILE } from '../capacity/capacity-command.ts';
import { type Curve, parseCurves } from '../capacity/curves.ts';
import { errorFactorOf, planCapacity } from '../capacity/plan.ts';
import { parseAvailability } from '../capacity/quantity.ts';
import { fitQueue, p99Us } from '../capacity/queue-model.ts';

const read = (file: string | URL) => parseCurves(readFileSync(file, 'utf8'));
const reference = read(CURVES_FILE);
const heldOut = read(
  new URL('../../../loadtest/test/fixtures/capacity-held-out.json', import.meta.url),
);

const goodPoints = ({ points }: Curve) =>
  points
    .filter(({ isServedWell }) => isServedWell)
    .map(({ offeredPerSecond, typicalP99Us }) => ({ offeredPerSecond, p99Us: typicalP99Us }));

test('what was measured later lies within the error that the model states', (t) => {
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
    const within = factors.filter((factor) => factor <= stated).length;
    const list = factors.map((factor) => factor.toFixed(2)).join(' ');
    t.diagnostic(`${curve.interface}: stated ${stated.toFixed(2)}, found ${list}`);
    assert.equal(within, factors.length, `${curve.interface}: ${list}`);
  }
});

test('the curves that come with bchf have a plan for every interface, and for all together', () => {
  for (const mix of [{ http: 1 }, { batch: 1 }, { enum: 1 }, { http: 1, batch: 8, enum: 1 }]) {
    const plan = planCapacity(reference, {
      lookupsPerSecond: 2e6,
      entries: 8e8,
      p99Us: 20_000,
      availability: parseAvailability('2N'),
      mix,
      machineAvailability: 0.995,
    });
    assert.ok(plan.machines.total >= 2 && plan.memory.neededBytes > 8e8);
    assert.ok(plan.extrapolations.length > 0, 'eight hundred million entries were not measured');
  }
});
