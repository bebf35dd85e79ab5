// Many kills of real processes in the middle of writing, swapping and fetching snapshots.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createRandom } from '../../ledger/population/random.ts';
import { killFetchers, killSwappers, killWriters } from './snapshot-kills.ts';

const KILLS = Number(process.env.BCHF_KILLS ?? 20);
const SEED = Number(process.env.BCHF_TEST_SEED ?? 5_408);
const random = createRandom(SEED);
const root = mkdtempSync(join(tmpdir(), 'bchf-snapshot-kills-'));
after(() => rmSync(root, { recursive: true }));
console.log(`seed ${SEED}`);

test(`${KILLS} kills in the middle of writing`, () =>
  killWriters(join(root, 'data'), KILLS, random));
test(`${KILLS} kills in the middle of a swap`, () =>
  killSwappers(join(root, 'swap'), KILLS, random));
test(`${KILLS} kills in the middle of a fetch`, () =>
  killFetchers(join(root, 'fetch'), KILLS, random));
