// Turns: order, limits, and that peers do not wait for each other.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turnOfLoop } from 'node:timers/promises';
import { PeerTurns } from '../peer-turns.ts';

test('a peer has so many turns at once, and the next one in order when it gives one back', async () => {
  const turns = new PeerTurns(2, 10, 1_000);
  const taken: number[] = [];
  for (let at = 0; at < 5; at++) void turns.take('one', 10).then(() => taken.push(at));
  await turnOfLoop();
  assert.deepEqual(taken, [0, 1]);
  turns.giveBack('one', 10);
  await turnOfLoop();
  assert.deepEqual(taken, [0, 1, 2]);
  assert.equal(await turns.take('other', 10), true);
});

test('when too many messages of a peer wait, the next one gets no turn', async () => {
  const turns = new PeerTurns(1, 2, 1_000);
  assert.equal(await turns.take('one', 10), true);
  const waiting = [turns.take('one', 10), turns.take('one', 10)];
  assert.equal(await turns.take('one', 10), false);
  assert.equal(await turns.take('other', 10), true);
  turns.giveBack('one', 10);
  turns.giveBack('one', 10);
  assert.deepEqual(await Promise.all(waiting), [true, true]);
});

test('what would be too many bytes of a peer gets no turn until others have gone', async () => {
  const turns = new PeerTurns(1, 10, 100);
  assert.equal(await turns.take('one', 60), true);
  assert.equal(await turns.take('one', 60), false);
  assert.equal(await turns.take('other', 60), true);
  turns.giveBack('one', 60);
  assert.equal(await turns.take('one', 100), true);
});
