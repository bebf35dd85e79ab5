import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TokenGuard } from '../token-guard.ts';

const GUESSES = 10;

function exhaust(guard: TokenGuard, address: string): number {
  for (let guesses = 1; guesses <= 100; guesses++)
    if (guard.noteWrong(address).beginsToWait) return guesses;
  return 0;
}

test('an address has some wrong tokens at once, and one more every few seconds', () => {
  let nowMs = 0;
  const guard = new TokenGuard(() => nowMs);
  assert.equal(exhaust(guard, 'a'), GUESSES);
  assert.deepEqual(guard.noteWrong('a'), { waitS: 6, beginsToWait: false });
  const another = guard.noteWrong('b');
  assert.deepEqual(another, { waitS: 0, beginsToWait: false }, 'another address need not wait');
  nowMs += 6_000;
  const next = guard.noteWrong('a');
  assert.deepEqual(next, { waitS: 0, beginsToWait: true }, 'one more guess, and it waits again');
  nowMs += 3_600_000;
  assert.equal(exhaust(guard, 'a'), GUESSES);
  assert.equal(guard.wrong, 2 * GUESSES + 3);
});

test('wrong tokens of an address that waits are counted, make no wait longer and begin none', () => {
  let nowMs = 0;
  const guard = new TokenGuard(() => nowMs);
  exhaust(guard, 'a');
  for (let guess = 0; guess < 1000; guess++) {
    assert.deepEqual(guard.noteWrong('a'), { waitS: 6, beginsToWait: false });
  }
  assert.equal(guard.wrong, GUESSES + 1000);
  nowMs += 6_000;
  assert.equal(guard.noteWrong('a').waitS, 0);
});

test('more addresses than there is room for share the guesses of one, until some need not wait', () => {
  let nowMs = 0;
  const guard = new TokenGuard(() => nowMs);
  for (let address = 0; address < 1024; address++) guard.noteWrong(`a${address}`);
  let heard = 0;
  for (; heard < 100; heard++) if (guard.noteWrong(`b${heard}`).beginsToWait) break;
  assert.equal(heard + 1, GUESSES);
  assert.ok(guard.noteWrong('never seen').waitS > 0);
  nowMs += 3_600_000;
  assert.equal(guard.noteWrong('never seen').waitS, 0);
  assert.equal(exhaust(guard, 'c'), GUESSES);
});
