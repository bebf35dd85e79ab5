import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startCongestionMeter } from '../congestion-meter.ts';

/** Keeps the event loop from coming round. */
function stall(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

test('one late round of the event loop is no congestion, several in a row are', async () => {
  const meter = startCongestionMeter();
  try {
    await sleep(100);
    stall(600);
    await new Promise(setImmediate);
    assert.equal(meter.level(), 0);
    // Each sleep ends after the meter's own timer has come round late.
    for (let round = 0; round < 8; round++) {
      stall(600);
      await sleep(0);
    }
    assert.equal(meter.level(), 3);
  } finally {
    meter.stop();
  }
});
