// Transactions that wait: once each, in the order of their sequences, within limits.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { randomFrom, seed } from '../../test/seed.ts';
import { PendingPool, POOL_LIMITS, type PoolLimits } from '../pending-pool.ts';

let count = 0;
function transaction(signer: string, sequence: number, bytes = 100) {
  return { id: `id ${count++}`, bytes: new Uint8Array(bytes).fill(sequence), signer, sequence };
}

function poolOf(limits: Partial<PoolLimits>): PendingPool {
  return new PendingPool({ ...POOL_LIMITS, ...limits });
}

it('a block gets the transactions of a signer in the order of their sequences', () => {
  const pool = new PendingPool();
  for (const sequence of [5, 3, 9, 4]) pool.add(transaction('a', sequence), 0);
  pool.add(transaction('b', 1), 0);
  const selected = pool.select(100, 1_000_000).map((bytes) => bytes[0]);
  assert.deepEqual(selected, [3, 4, 5, 9, 1]);
});

it('a block gets no more than its count and bytes, and a second one gets the same again', () => {
  const pool = new PendingPool();
  for (let sequence = 1; sequence <= 10; sequence++) pool.add(transaction('a', sequence), 0);
  assert.equal(pool.select(4, 1_000_000).length, 4);
  assert.equal(pool.select(100, 350).length, 3);
  assert.equal(pool.select(100, 99).length, 0);
  assert.equal(pool.size, 10);
});

it('a transaction waits once, and not beside one with its sequence', () => {
  const pool = new PendingPool();
  const one = transaction('a', 1);
  assert.equal(pool.add(one, 0), undefined);
  assert.equal(pool.add(one, 0), undefined);
  assert.equal(pool.size, 1);
  assert.equal(pool.add(transaction('a', 1), 0), 'BCHF_POOL_SAME_SEQUENCE');
  assert.equal(pool.add(transaction('b', 1), 0), undefined);
});

it('each limit holds', () => {
  const full = poolOf({ transactionsMax: 2 });
  full.add(transaction('a', 1), 0);
  full.add(transaction('b', 1), 0);
  assert.equal(full.add(transaction('c', 1), 0), 'BCHF_POOL_FULL');
  const heavy = poolOf({ bytesMax: 250 });
  heavy.add(transaction('a', 1), 0);
  heavy.add(transaction('b', 1), 0);
  assert.equal(heavy.add(transaction('c', 1), 0), 'BCHF_POOL_FULL');
  assert.equal(heavy.add(transaction('c', 1, 50), 0), undefined);
  const fair = poolOf({ signerTransactionsMax: 2, signerBytesMax: 300 });
  fair.add(transaction('a', 1), 0);
  fair.add(transaction('a', 2), 0);
  assert.equal(fair.add(transaction('a', 3), 0), 'BCHF_POOL_SIGNER_LIMIT');
  fair.add(transaction('b', 1, 250), 0);
  assert.equal(fair.add(transaction('b', 2), 0), 'BCHF_POOL_SIGNER_LIMIT');
  assert.equal(fair.add(transaction('c', 1), 0), undefined);
});

it('what has waited too long, and what a block can only refuse, is swept out', () => {
  const pool = poolOf({ expiryMs: 1_000 });
  const used = transaction('a', 3);
  const old = transaction('a', 4);
  const young = transaction('b', 9);
  pool.add(used, 500);
  pool.add(old, 0);
  pool.add(young, 500);
  const swept = pool.sweep((signer) => (signer === 'a' ? 3 : 8), 1_000);
  assert.deepEqual(swept, { replayed: [used.id], expired: [old.id] });
  assert.ok(pool.has(young.id));
  assert.equal(pool.size, 1);
  assert.equal(pool.bytes, 100);
});

it('counts stay right under random additions and removals', () => {
  const random = randomFrom(seed);
  const pool = poolOf({ transactionsMax: 60, signerTransactionsMax: 20 });
  const waiting = new Map<string, { bytes: Uint8Array; signer: string; sequence: number }>();
  for (let step = 0; step < 3_000; step++) {
    if (random() < 0.6) {
      const signer = 'abcd'[Math.floor(random() * 4)]!;
      const one = transaction(signer, Math.floor(random() * 30), 1 + Math.floor(random() * 50));
      if (!pool.add(one, 0)) waiting.set(one.id, one);
    } else {
      const ids = [...waiting.keys()];
      const id = ids[Math.floor(random() * ids.length)];
      if (id === undefined) continue;
      pool.remove(id);
      waiting.delete(id);
    }
    assert.equal(pool.size, waiting.size);
    const bytes = [...waiting.values()].reduce((sum, one) => sum + one.bytes.length, 0);
    assert.equal(pool.bytes, bytes);
  }
  const selected = pool.select(1_000, 1_000_000);
  assert.equal(selected.length, waiting.size);
  const sequenceOf = new Map([...waiting.values()].map((one) => [one.bytes, one]));
  for (const signer of 'abcd') {
    const own = selected
      .map((bytes) => sequenceOf.get(bytes)!)
      .filter((one) => one.signer === signer);
    assert.deepEqual(
      own,
      own.toSorted((a, b) => a.sequence - b.sequence),
    );
  }
});
