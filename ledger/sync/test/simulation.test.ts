// Consortia on a bad network: every honest member ends with the same blocks and the same state.
//
// BCHF_TEST_SEED=<number> repeats a run, BCHF_TEST_SCHEDULES=<number> sets how many schedules there
// are; simulation.slow plays more.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seed } from '../../test/seed.ts';
import { play, playSchedules } from './schedule.ts';

const SCHEDULES = Number(process.env.BCHF_TEST_SCHEDULES ?? 4);

test(`${SCHEDULES} schedules: every honest member ends with the same state`, () =>
  playSchedules(SCHEDULES, seed));

test('a schedule that is played again is the same to the last byte', async () => {
  assert.deepEqual(await play(seed), await play(seed));
});
