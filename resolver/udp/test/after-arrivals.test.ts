import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAfterArrivals } from '../after-arrivals.ts';

/** How many turns pass until the callback, while something arrives in each of the first `arriving`. */
async function turnsUntilCalled(arriving: number): Promise<number> {
  const afterArrivals = createAfterArrivals();
  let turns = 0;
  let isCalled = false;
  const turn = () => {
    if (isCalled) return;
    if (++turns <= arriving) afterArrivals.arrived();
    setImmediate(turn);
  };
  // Before the other one's in every turn, as what a socket reads is.
  setImmediate(turn);
  await new Promise<void>((resolve) => {
    afterArrivals.callBack(resolve);
  });
  isCalled = true;
  return turns;
}

test('calls back after the first turn in which nothing arrived', async () => {
  assert.equal(await turnsUntilCalled(0), 1);
  assert.equal(await turnsUntilCalled(5), 6);
});

test('calls back in the end where something arrives in every turn', async () => {
  // Enough to read 4096 answers, 32 in a turn.
  const turns = await turnsUntilCalled(10_000);
  assert.ok(turns >= 128 && turns < 10_000, `${turns} turns`);
});

test('calls back all who wait, and those who come later anew', async () => {
  const afterArrivals = createAfterArrivals();
  const called: number[] = [];
  await new Promise<void>((resolve) => {
    afterArrivals.callBack(() => {
      called.push(1);
      afterArrivals.callBack(() => {
        called.push(3);
        resolve();
      });
    });
    afterArrivals.callBack(() => called.push(2));
  });
  assert.deepEqual(called, [1, 2, 3]);
});
