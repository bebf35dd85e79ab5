// Searches in old blocks take turns and have limits, and questions to the ledger find their answers.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  LedgerBusy,
  LedgerClient,
  type PostedQuestion,
  QUESTIONS_WAITING_MAX,
} from '../ledger-questions.ts';
import { provenanceOf, SEARCHES_WAITING_MAX, SearchTurns } from '../provenance.ts';

test('searches run one after the other, and those beyond the limit are not made', async () => {
  const turns = new SearchTurns();
  const ends: (() => void)[] = [];
  let atOnce = 0;
  const search = () =>
    turns.take(async (signal) => {
      atOnce++;
      assert.equal(atOnce, 1);
      assert.equal(signal.aborted, false);
      await new Promise<void>((resolve) => ends.push(resolve));
      atOnce--;
      return 5;
    });
  const asked = Array.from({ length: SEARCHES_WAITING_MAX }, search);
  assert.equal(await search(), undefined);
  const endOne = async () => {
    while (ends.length === 0) await new Promise(setImmediate);
    ends.shift()!();
  };
  for (const one of asked) {
    await endOne();
    assert.equal(await one, 5);
  }
  const last = search();
  await endOne();
  assert.equal(await last, 5, 'there is room again');
});

test('a search that fails is told to who asked, and the next one is made', async () => {
  const turns = new SearchTurns();
  const failing = turns.take(async () => {
    throw new Error('the store cannot be read');
  });
  const next = turns.take(async () => 7);
  await assert.rejects(failing, /cannot be read/);
  assert.equal(await next, 7);
});

test('what set an entry is told by height and transaction, as far as it is known', () => {
  const id = new Uint8Array(32).fill(0xab);
  assert.deepEqual(provenanceOf({ height: 5, transaction: { id, index: 0 } }), {
    height: 5,
    transaction: 'AB'.repeat(32),
  });
  assert.deepEqual(provenanceOf({ height: 9, transaction: undefined }), {
    height: 9,
    transaction: null,
  });
  assert.equal(provenanceOf(undefined), null);
});

test('answers reach those who asked, in whatever order they come, and so do faults', async () => {
  const posted: PostedQuestion[] = [];
  const client = new LedgerClient((question) => posted.push(question));
  const asked = [1, 2].map((height) => client.ask('origins', { entries: [], height }));
  const failing = client.ask('read', { path: ['members', 'a'] });
  const [first, second, third] = posted as [PostedQuestion, PostedQuestion, PostedQuestion];
  client.answered({ id: second.id, answer: [{ height: 2, transaction: null }] });
  client.answered({ id: third.id, fault: 'the ledger is closed' });
  client.answered({ id: 99, answer: [] });
  client.answered({ id: first.id, answer: [{ height: 1, transaction: null }] });
  const heights = (await Promise.all(asked)).map((origins) => origins[0]?.height);
  assert.deepEqual(heights, [1, 2]);
  await assert.rejects(failing, /the ledger is closed/);
});

test('no more than a bounded number of questions wait', async () => {
  const posted: PostedQuestion[] = [];
  const client = new LedgerClient((question) => posted.push(question));
  const ask = () => client.ask('read', { path: ['members', 'a'] });
  const waiting = Array.from({ length: QUESTIONS_WAITING_MAX }, ask);
  await assert.rejects(ask(), LedgerBusy);
  client.answered({ id: posted[0]!.id, answer: undefined });
  await waiting[0];
  const another = ask();
  for (const { id } of posted) client.answered({ id, answer: undefined });
  await Promise.all([...waiting, another]);
});
