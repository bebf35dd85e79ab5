// Searches for what set an entry take turns, have limits, and never fail whoever asked.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EntryName } from '../../ledger/store/entry-origin.ts';
import { ProvenanceRequests, SEARCHES_WAITING_MAX, searchInTurn } from '../provenance.ts';

const entries: EntryName[] = ['prefix', 'ported'].map((entry) => {
  return { identity: 'msisdn', entry: entry as 'prefix', from: 1358, to: 1358 };
});
const id = new Uint8Array(32).fill(0xab);

test('searches run one after the other, and those beyond the limit are told nothing at once', async () => {
  const ends: (() => void)[] = [];
  let atOnce = 0;
  const search = searchInTurn(async () => {
    atOnce++;
    assert.equal(atOnce, 1);
    await new Promise<void>((resolve) => ends.push(resolve));
    atOnce--;
    return [{ height: 5, transaction: { id, index: 0 } }, undefined];
  });
  const asked = Array.from({ length: SEARCHES_WAITING_MAX }, () => search(entries, 9));
  assert.deepEqual(await search(entries, 9), [null, null]);
  for (const one of asked) {
    while (ends.length === 0) await new Promise(setImmediate);
    ends.shift()!();
    assert.deepEqual(await one, [{ height: 5, transaction: 'AB'.repeat(32) }, null]);
  }
  const last = search(entries, 9);
  while (ends.length === 0) await new Promise(setImmediate);
  ends.shift()!();
  assert.equal((await last)[0]?.height, 5, 'there is room again');
});

test('a search that fails tells nothing, and the next one is made', async () => {
  let count = 0;
  const search = searchInTurn(async (_, height, signal) => {
    assert.equal(signal.aborted, false);
    if (++count === 1) throw new Error('the store cannot be read');
    return [{ height, transaction: undefined }, undefined];
  });
  assert.deepEqual(await search(entries, 9), [null, null]);
  assert.deepEqual(await search(entries, 9), [{ height: 9, transaction: null }, null]);
});

test('answers reach those who asked, in whatever order they come', async () => {
  const posted: [number, number][] = [];
  const requests = new ProvenanceRequests((request, _, height) => posted.push([request, height]));
  const asked = [requests.ask(entries, 1), requests.ask(entries, 2)];
  for (const [request, height] of posted.toReversed()) {
    requests.answered(request, [{ height, transaction: null }]);
  }
  requests.answered(99, []);
  const heights = (await Promise.all(asked)).map(([first]) => first?.height);
  assert.deepEqual(heights, [1, 2]);
});
