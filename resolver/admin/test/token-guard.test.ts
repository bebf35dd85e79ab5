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
  assert.equal(guard.waitS('a'), 6);
  assert.equal(guard.waitS('b'), 0, 'another address need not wait');
  nowMs += 6_000;
  assert.equal(guard.waitS('a'), 0);
  assert.ok(guard.noteWrong('a').beginsToWait, 'one more guess, and the wait begins again');
  nowMs += 3_600_000;
  assert.equal(exhaust(guard, 'a'), GUESSES);
  assert.equal(guard.wrong, 2 * GUESSES + 1);
});

test('wrong tokens of an address that waits are counted, make no wait longer and begin none', () => {
  let nowMs = 0;
  const guard = new TokenGuard(() => nowMs);
  exhaust(guard, 'a');
  for (let guess = 0; guess < 1000; guess++) {
    const { waitS, beginsToWait } = guard.noteWrong('a');
    assert.deepEqual([waitS, beginsToWait], [guard.waitS('a'), false]);
  }
  assert.equal(guard.wrong, GUESSES + 1000);
  nowMs += 6_000;
  assert.equal(guard.waitS('a'), 0);
});

test('more addresses than there is room for share the guesses of one, until some need not wait', () => {
  let nowMs = 0;
  const guard = new TokenGuard(() => nowMs);
  for (let address = 0; address < 1024; address++) guard.noteWrong(`a${address}`);
  let heard = 0;
  for (; heard < 100; heard++) if (guard.noteWrong(`b${heard}`).beginsToWait) break;
  assert.equal(heard + 1, GUESSES);
  assert.ok(guard.waitS('never seen') > 0);
  nowMs += 3_600_000;
  assert.equal(guard.waitS('never seen'), 0);
  assert.equal(exhaust(guard, 'c'), GUESSES);
});
