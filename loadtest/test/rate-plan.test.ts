import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RatePlan } from '../rate-plan.ts';

const piece = fc.record({
  durationMs: fc.integer({ min: 1, max: 60_000 }),
  from: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1e6, noNaN: true })),
  to: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1e6, noNaN: true })),
});

test('a constant rate is due at equal intervals, as many as fit before its end', () => {
  const plan = RatePlan.constant(4, 2000);
  assert.equal(plan.count, 8);
  assert.deepEqual(
    Array.from({ length: 8 }, (_, index) => plan.dueMs(index)),
    [0, 250, 500, 750, 1000, 1250, 1500, 1750],
  );
  assert.equal(RatePlan.constant(0.5, 1000).count, 1);
});

test('a ramp is due ever more often: the k-th at the root of k', () => {
  const plan = new RatePlan([{ durationMs: 1000, from: 0, to: 200 }]);
  assert.equal(plan.count, 100);
  for (const index of [0, 1, 25, 99]) {
    assert.ok(Math.abs(plan.dueMs(index) - Math.sqrt(index / 100) * 1000) < 1e-6);
  }
});

test('nothing is due in a pause', () => {
  const pause = { durationMs: 1000, from: 0, to: 0 };
  const busy = { durationMs: 1000, from: 10, to: 10 };
  const plan = new RatePlan([busy, pause, busy]);
  assert.equal(plan.count, 20);
  assert.equal(plan.dueMs(9), 900);
  assert.equal(plan.dueMs(10), 2000);
});

test('due times never go back, stay within the plan and agree with the area under the rate', () => {
  fc.assert(
    fc.property(fc.array(piece, { minLength: 1, maxLength: 6 }), fc.nat(), (pieces, seed) => {
      const plan = new RatePlan(pieces);
      if (plan.count < 2) return;
      const index = seed % (plan.count - 1);
      const [dueMs, nextMs] = [plan.dueMs(index), plan.dueMs(index + 1)];
      assert.ok(dueMs >= 0 && dueMs <= nextMs && nextMs <= plan.durationMs);
      assert.ok(Math.abs(plan.dueBefore(dueMs) - index) <= 1e-6 * plan.count + 1e-6);
      assert.ok(Math.abs(plan.scaled(0.5).count - plan.count / 2) <= 1);
    }),
  );
});

test('a plan without pieces, time or a finite rate is a RangeError', () => {
  assert.throws(() => new RatePlan([]), RangeError);
  for (const wrong of [
    { durationMs: 0, from: 1, to: 1 },
    { durationMs: 1, from: -1, to: 1 },
    { durationMs: 1, from: 1, to: Number.POSITIVE_INFINITY },
    { durationMs: Number.NaN, from: 1, to: 1 },
  ]) {
    assert.throws(() => new RatePlan([wrong]), RangeError);
  }
});
