// Ten minutes of load on `bchf serve`: its memory does not grow, and below 70% of what it was measured to
// serve nothing is lost. It needs the machine for itself: a process that takes the server's core for
// some milliseconds makes its socket's buffer overflow.
//
// BCHF_SUSTAINED_SECONDS and BCHF_SUSTAINED_PERCENT make it shorter, or the load lower.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadSystemCalls } from '../../resolver/udp/system-calls.ts';
import { sustain } from './sustained-load.ts';

const SECONDS = Number(process.env.BCHF_SUSTAINED_SECONDS ?? 600);
const PERCENT = Number(process.env.BCHF_SUSTAINED_PERCENT ?? 69);
const TURN_MS = 10_000;
const PROTOCOLS = 3;
/**
 * What garbage that is not collected yet may differ by, and the console's quarter of an hour of figures.
 * A leak of one byte for a packet would be some 100 MiB in ten minutes.
 */
const GROWTH_BYTES_MAX = 32 << 20;

const calls = loadSystemCalls();
const skip = calls === undefined && 'recvmmsg needs 64-bit Linux and koffi';

test(`${SECONDS} s at ${PERCENT}% of capacity: nothing lost, no growth`, { skip }, async () => {
  const turns = Math.max(Math.round((SECONDS * 1000) / TURN_MS / PROTOCOLS), 2);
  const sizes = { capacityMs: 2000, turnMs: TURN_MS, turns, share: PERCENT / 100 };
  const results = await sustain({ calls: calls!, ...sizes }, console.log);
  for (const { protocol, result } of results) {
    assert.deepEqual([result.wrong, result.examples], [0, []], protocol);
  }
  const half = results.slice(0, Math.ceil(results.length / 2));
  const most = (of: typeof results) => Math.max(...of.map((turn) => turn.residentBytes));
  const growth = most(results) - most(half);
  assert.ok(growth <= GROWTH_BYTES_MAX, `${growth} bytes more than in the first half`);
  const lost = results.map(({ result }) => result.lost);
  assert.deepEqual(lost, new Array(results.length).fill(0), 'lost');
});
