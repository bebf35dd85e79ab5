// Quotas: the bucket against a plain model, debts, and one bucket for many threads.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import { randomFrom, seed } from '../../../ledger/test/seed.ts';
import { QuotaTable } from '../quota-table.ts';

describe('quotas', () => {
  it('let through what a plain token bucket does, over random times and counts', () => {
    const random = randomFrom(seed);
    for (let round = 0; round < 50; round++) {
      const limit = {
        perSecond: 1 + Math.floor(random() * 1000),
        burst: 1 + Math.floor(random() * 50),
      };
      const table = new QuotaTable([limit]);
      let tokens = limit.burst;
      let nowUs = Math.floor(random() * 1e15);
      for (let step = 0; step < 200; step++) {
        const passedUs = Math.floor(random() * 20_000);
        nowUs += passedUs;
        tokens = Math.min(limit.burst, tokens + (passedUs * limit.perSecond) / 1e6);
        const count = random() < 0.1 ? 1 + Math.floor(random() * 20) : 1;
        const waitMs = table.take(0, count, nowUs);
        // Words hold whole microseconds: what is this near to a whole token may fall either way.
        if (Math.abs(tokens - 1) < 0.01) {
          if (waitMs === 0) tokens -= count;
          continue;
        }
        assert.equal(waitMs === 0, tokens >= 1, `round ${round} step ${step}: ${tokens} tokens`);
        if (waitMs === 0) tokens -= count;
        else assert.ok(waitMs >= ((1 - tokens) / limit.perSecond) * 1000 - 1, 'waits long enough');
      }
    }
  });

  it('are told after how long there is a token again, and then there is', () => {
    const table = new QuotaTable([{ perSecond: 2, burst: 1 }]);
    assert.equal(table.take(0, 1, 0), 0);
    assert.equal(table.take(0, 1, 0), 500);
    assert.equal(table.take(0, 1, 499_000), 1);
    assert.equal(table.take(0, 1, 500_000), 0);
  });

  it('make a request for many numbers wait afterwards, but not for ever', () => {
    const table = new QuotaTable([{ perSecond: 10, burst: 10 }]);
    assert.equal(table.take(0, 100, 0), 0);
    assert.equal(table.take(0, 1, 0), 9100);
    assert.equal(table.take(0, 100_000, 9_100_000), 0);
    assert.ok(table.take(0, 1, 9_100_000) <= 601_000);
  });

  it('are one over several threads: together they get no more than one alone', async () => {
    const limit = { perSecond: 1, burst: 5000 };
    const table = new QuotaTable([limit]);
    const threads = Array.from({ length: 3 }, () => {
      const script = `
        const { parentPort, workerData } = require('node:worker_threads');
        import(workerData.module).then(({ QuotaTable }) => {
          const table = new QuotaTable([workerData.limit], workerData.buffer);
          let taken = 0;
          for (let turn = 0; turn < 4000; turn++) if (table.take(0, 1, 0) === 0) taken++;
          parentPort.postMessage(taken);
        });`;
      const module = new URL('../quota-table.js', import.meta.url).href;
      const workerData = { module, limit, buffer: table.buffer };
      return once(new Worker(script, { eval: true, workerData }), 'message');
    });
    const taken = (await Promise.all(threads)).map(([count]) => count as number);
    assert.equal(
      taken.reduce((sum, count) => sum + count, 0),
      limit.burst,
    );
  });
});
