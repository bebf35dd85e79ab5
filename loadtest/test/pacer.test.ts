import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PacerOptions } from '../pacer.ts';
import { runPaced } from '../pacer.ts';
import { RatePlan } from '../rate-plan.ts';

/** Runs on a clock that goes on by `turnMs` with each turn; tells the intended and actual times. */
async function paced(options: Partial<PacerOptions>, turnMs = 0.1) {
  let now = 1000;
  const sent: { intendedMs: number; atMs: number }[] = [];
  const result = await runPaced({
    plan: RatePlan.constant(1000, 10),
    countMax: Number.POSITIVE_INFINITY,
    signal: new AbortController().signal,
    send: (intendedMs) => sent.push({ intendedMs, atMs: now }),
    nowMs: () => now,
    defer(turn) {
      now += turnMs;
      queueMicrotask(turn);
    },
    ...options,
  });
  return { sent, ...result };
}

describe('the pacer', () => {
  test('intends one at each interval from the start, and sends none before its time', async () => {
    const { sent } = await paced({});
    assert.deepEqual(
      sent.map(({ intendedMs }) => intendedMs),
      Array.from({ length: 10 }, (_, index) => 1000 + index),
    );
    for (const { intendedMs, atMs } of sent) {
      assert.ok(atMs >= intendedMs && atMs < intendedMs + 0.3);
    }
  });

  test('a stall moves no intended time: what was due is sent at once and counted as late', async () => {
    const { sent, sendDelays } = await paced({}, 5);
    assert.deepEqual(
      sent.map(({ intendedMs, atMs }) => [intendedMs - 1000, atMs - 1000]),
      [
        [0, 0],
        [1, 5],
        [2, 5],
        [3, 5],
        [4, 5],
        [5, 5],
        [6, 10],
        [7, 10],
        [8, 10],
        [9, 10],
      ],
    );
    assert.equal(Math.round(sendDelays.maxValue / 100), 40);
  });

  test('lets answers in between bursts', async () => {
    let turns = 0;
    let sent = 0;
    await paced({
      plan: RatePlan.constant(1e9, 10),
      countMax: 200,
      send: () => sent++,
      nowMs: () => 1000 + turns,
      defer(turn) {
        turns++;
        queueMicrotask(turn);
      },
    });
    assert.equal(sent, 200);
    assert.ok(turns >= 3);
  });

  test('stops soon after its time where it cannot keep the rate, and tells what was left', async () => {
    const { sent, unsent, elapsedMs } = await paced({ plan: RatePlan.constant(1e6, 1000) }, 10);
    assert.ok(elapsedMs >= 1250 && elapsedMs < 1270);
    assert.ok(sent.length > 1000);
    assert.equal(sent.length + unsent, 1e6);
  });

  test('is bounded by count, by time and by the signal', async () => {
    assert.equal((await paced({ countMax: 3 })).sent.length, 3);
    assert.equal((await paced({ plan: RatePlan.constant(1000, 4) })).sent.length, 4);
    const stopped = new AbortController();
    let sent = 0;
    const { unsent } = await paced({
      plan: RatePlan.constant(1000, 1e9),
      signal: stopped.signal,
      send() {
        if (++sent === 7) stopped.abort();
      },
    });
    assert.equal(sent, 7);
    assert.equal(unsent, 0);
  });
});
