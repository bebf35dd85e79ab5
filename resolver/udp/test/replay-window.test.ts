import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { ReplayWindow } from '../replay-window.ts';

const NOW_US = 1_764_000_000_000_000;
const WINDOW_MS = 5000;
const WINDOW_US = WINDOW_MS * 1000;

describe('the replay window', () => {
  test('accepts a tag once for as long as its time is near enough', () => {
    const window = new ReplayWindow(WINDOW_MS, 1024);
    for (const timeUs of [NOW_US - WINDOW_US, NOW_US, NOW_US + WINDOW_US]) {
      const tag = randomBytes(16);
      assert.ok(window.isInTime(timeUs, NOW_US));
      assert.equal(window.note(tag, timeUs, NOW_US), 'new');
      for (let nowUs = NOW_US; window.isInTime(timeUs, nowUs); nowUs += WINDOW_US / 10) {
        assert.equal(window.note(tag, timeUs, nowUs), 'replayed');
      }
    }
    assert.ok(!window.isInTime(NOW_US - WINDOW_US - 1, NOW_US));
    assert.ok(!window.isInTime(NOW_US + WINDOW_US + 1, NOW_US));
  });

  test('is one for all threads that share its memory', () => {
    const first = new ReplayWindow(WINDOW_MS, 1024);
    const second = new ReplayWindow(WINDOW_MS, 1024, first.buffer);
    const tag = randomBytes(16);
    assert.equal(first.note(tag, NOW_US, NOW_US), 'new');
    assert.equal(second.note(tag, NOW_US, NOW_US), 'replayed');
  });

  test('is one for threads that note the same at once, on either side of an end of a period', (t) => {
    const first = new ReplayWindow(WINDOW_MS, 16);
    const second = new ReplayWindow(WINDOW_MS, 16, first.buffer);
    const endUs = Math.ceil(NOW_US / WINDOW_US) * WINDOW_US;
    // This one's entry is over from the end of the period on, and not before.
    assert.equal(first.note(randomBytes(16), endUs - WINDOW_US, endUs - WINDOW_US), 'new');
    const tag = randomBytes(16);
    const verdicts: string[] = [];
    const { compareExchange } = Atomics;
    const exchange = t.mock.method(Atomics, 'compareExchange', (...words: unknown[]) => {
      exchange.mock.restore();
      // The first has found its place and not written yet, and the second, whose clock is behind, comes.
      verdicts.push(second.note(tag, endUs, endUs + WINDOW_US - 1));
      return (compareExchange as (...words: unknown[]) => unknown)(...words);
    });
    verdicts.push(first.note(tag, endUs, endUs + WINDOW_US));
    assert.equal(exchange.mock.callCount(), 1);
    assert.deepEqual(verdicts, ['new', 'replayed']);
  });

  test('refuses what is new when it is full, and forgets what is over', () => {
    const window = new ReplayWindow(WINDOW_MS, 16);
    const accepted: Uint8Array[] = [];
    let full = 0;
    for (let count = 0; count < 100; count++) {
      const tag = randomBytes(16);
      const verdict = window.note(tag, NOW_US, NOW_US);
      if (verdict === 'new') accepted.push(tag);
      else full++;
      assert.notEqual(verdict, 'replayed');
    }
    assert.equal(accepted.length, 16);
    assert.equal(full, 84);
    for (const tag of accepted) assert.equal(window.note(tag, NOW_US, NOW_US), 'replayed');
    const laterUs = NOW_US + 4 * WINDOW_US;
    assert.equal(window.note(randomBytes(16), laterUs, laterUs), 'new');
  });

  test('keeps up with as many requests as it is made for', () => {
    const window = new ReplayWindow(WINDOW_MS, 1 << 16);
    let refused = 0;
    // A third of the room: buckets fill unevenly, and none may overflow.
    for (let count = 0; count < (1 << 16) / 3; count++) {
      if (window.note(randomBytes(16), NOW_US, NOW_US) !== 'new') refused++;
    }
    assert.ok(refused < 10, `${refused} refused`);
  });
});
