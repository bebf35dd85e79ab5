// Consortia on a bad network: every honest member ends with the same blocks and the same state.
//
// BCHF_TEST_SEED=<number> repeats a run, BCHF_TEST_SCHEDULES=<number> sets how many schedules there
// are.

import { test } from 'node:test';
import { seed } from '../../test/seed.ts';
import { playSchedules } from './schedule.ts';

const SCHEDULES = Number(process.env.BCHF_TEST_SCHEDULES ?? 500);

test(`${SCHEDULES} schedules: every honest member ends with the same state`, () =>
  playSchedules(SCHEDULES, seed));
