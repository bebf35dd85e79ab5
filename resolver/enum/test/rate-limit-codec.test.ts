// The budgets of response-rate limiting.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddress } from '../../udp/client-address-codec.ts';
import { RATE_ENTRY_WORDS, RateLimiter, RESPONSE_CLASS } from '../rate-limit-codec.ts';
import { createRandom, printedSeed } from './fixture.ts';

const KEY = Uint8Array.from({ length: 16 }, (_, index) => index);

function limiterOf(responsesPerSecond: number, slip = 0, entries = 1024): RateLimiter {
  const table = new Uint32Array(entries * RATE_ENTRY_WORDS);
  return new RateLimiter(table, KEY, { responsesPerSecond, slip });
}

/** How many of `count` answers pass. */
function passing(limiter: RateLimiter, client: string, count: number, nowMs: number): number {
  const address = parseAddress(client)!;
  let passed = 0;
  for (let at = 0; at < count; at++) {
    if (limiter.take(address, RESPONSE_CLASS.records, nowMs) === 'pass') passed++;
  }
  return passed;
}

test('a network gets its rate as a burst, then what time brings, and never more than a second of it', () => {
  const limiter = limiterOf(10);
  assert.equal(passing(limiter, '192.0.2.1', 50, 0), 10);
  assert.equal(passing(limiter, '192.0.2.1', 50, 99), 0);
  assert.equal(passing(limiter, '192.0.2.1', 50, 100), 1, 'the credit of 100 ms');
  assert.equal(passing(limiter, '192.0.2.1', 50, 600), 5);
  assert.equal(passing(limiter, '192.0.2.1', 50, 1_000_000), 10);
});

test('the budget is a network’s, /24 and /56, and another one’s is its own', () => {
  const limiter = limiterOf(5);
  assert.equal(passing(limiter, '192.0.2.1', 3, 0), 3);
  assert.equal(passing(limiter, '192.0.2.255', 3, 0), 2);
  assert.equal(passing(limiter, '192.0.3.1', 6, 0), 5);
  assert.equal(passing(limiter, '2001:db8:0:100::1', 3, 0), 3);
  assert.equal(passing(limiter, '2001:db8:0:1ff:ffff::', 3, 0), 2);
  assert.equal(passing(limiter, '2001:db8:0:200::', 6, 0), 5);
});

test('each class of response has a budget of its own', () => {
  const limiter = limiterOf(1);
  const client = parseAddress('192.0.2.1')!;
  for (const responseClass of Object.values(RESPONSE_CLASS)) {
    assert.equal(limiter.take(client, responseClass, 0), 'pass');
    assert.equal(limiter.take(client, responseClass, 0), 'drop');
  }
});

test('every so manieth limited query slips through', () => {
  const verdicts = (slip: number) => {
    const limiter = limiterOf(1, slip);
    const client = parseAddress('192.0.2.1')!;
    return Array.from({ length: 7 }, () => limiter.take(client, RESPONSE_CLASS.nxdomain, 0)[0]);
  };
  assert.equal(verdicts(0).join(''), 'pdddddd');
  assert.equal(verdicts(1).join(''), 'pssssss');
  assert.equal(verdicts(2).join(''), 'pdsdsds');
  assert.equal(verdicts(3).join(''), 'pddsdds');
});

test('the clock may wrap round its 32 bits', () => {
  const limiter = limiterOf(10);
  assert.equal(passing(limiter, '192.0.2.1', 20, 2 ** 32 - 50), 10);
  assert.equal(passing(limiter, '192.0.2.1', 20, 2 ** 32 + 50), 1);
});

test('a flood from many networks takes the places of networks that were seen longest ago', () => {
  const random = createRandom(printedSeed());
  const limiter = limiterOf(2, 0, 4);
  assert.equal(passing(limiter, '192.0.2.1', 5, 0), 2);
  // One set of four places: three networks that are newer leave the first one its place.
  for (let at = 0; at < 3; at++) passing(limiter, `198.51.${at}.1`, 1, 10);
  assert.equal(passing(limiter, '192.0.2.1', 5, 10), 0);
  for (let at = 0; at < 1000; at++) {
    passing(limiter, `10.${random(256)}.${random(256)}.1`, 1, 20 + at);
  }
  assert.equal(passing(limiter, '192.0.2.1', 5, 1100), 2, 'it begins anew');
});

test('rates, slips, tables and keys out of range are refused', () => {
  for (const rate of [0, -1, 1.5, 1_000_001]) assert.throws(() => limiterOf(rate), RangeError);
  for (const slip of [-1, 11, 0.5]) assert.throws(() => limiterOf(1, slip), RangeError);
  for (const entries of [0, 2, 12]) assert.throws(() => limiterOf(1, 0, entries), RangeError);
  const table = new Uint32Array(16);
  const limits = { responsesPerSecond: 1, slip: 0 };
  assert.throws(() => new RateLimiter(table, new Uint8Array(8), limits), RangeError);
});
