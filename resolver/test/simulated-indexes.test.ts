// Consortia on a bad network, each member with its index: every honest member ends with the same
// blocks, the same state and the same index, which is also the one that its state alone gives.
//
// BCHF_TEST_SEED=<number> repeats a run, BCHF_TEST_SCHEDULES=<number> sets how many schedules there
// are; simulated-indexes.slow plays more.

import { test } from 'node:test';
import { playSchedules } from '../../ledger/sync/test/schedule.ts';
import { seed } from '../../ledger/test/seed.ts';
import { indexFollower } from './index-follower.ts';

const SCHEDULES = Number(process.env.BCHF_TEST_SCHEDULES ?? 4);

test(`${SCHEDULES} schedules: every honest member ends with the same index`, () =>
  playSchedules(SCHEDULES, seed, indexFollower));
