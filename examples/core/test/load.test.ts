// The load of registrations, in small: what is counted is what happened.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatLoad, generateLoad, isWell, measureRegistrations } from '../load.ts';

const load = {
  perSecond: 200,
  seconds: 1,
  warmUpSeconds: 0,
  terminals: 1000,
  roamerPercent: 30,
  order: ['local', 'bchf'],
  by: 'nbchf',
  seed: 1,
  credentials: false,
} as const;
const { signal } = new AbortController();
const onFailure = (error: Error) => {
  throw error;
};

test('every registration under load is accepted by the element that the ledger names', async () => {
  const outcome = (await measureRegistrations({ ...load, signal, onFailure }))!;
  assert.deepEqual([outcome.accepted, outcome.wrong, outcome.unsent], [200, 0, 0]);
  assert.ok(isWell(outcome));
  const { all, home, roamers, lookups } = outcome.latencyUs;
  assert.equal(home.count + roamers.count, all.count);
  // Whom the local element knows needs no BCHF; all others do, once.
  assert.equal(lookups.count, roamers.count);
  assert.ok(roamers.count > 20 && roamers.count < 100, `${roamers.count} roamers of 200`);
  assert.match(formatLoad(load, outcome), /accepted by the right element 200, wrong 0, failed 0/);
});

test('credentials under load are checked by the BCHF and by the element, and each counts once', async () => {
  const signed = { ...load, perSecond: 50, order: ['bchf'], credentials: true } as const;
  const outcome = (await measureRegistrations({ ...signed, signal, onFailure }))!;
  assert.deepEqual([outcome.accepted, outcome.failed], [50, {}]);
});

test('registrations that no BCHF helps are counted as failed, by cause, and none as accepted', async () => {
  const ports = { http: 1, sbi: 1, batch: 1, enum: 1 };
  const bchf = { name: 'BCHF', host: '127.0.0.1', ports };
  const outcome = (await generateLoad({ ...load, order: ['bchf'], bchf }, signal))!;
  assert.deepEqual(outcome.failed, { unreachable: 200 });
  assert.deepEqual([outcome.accepted, outcome.wrong], [0, 0]);
  assert.equal(isWell(outcome), false);
});
