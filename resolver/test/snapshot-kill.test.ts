// Kill -9 of real processes around snapshots, and a disk that is full under one that serves.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createRandom } from '../../ledger/population/random.ts';
import { unlessNamespaces } from './interop/namespace.ts';
import { killFetchers, killSwappers, killWriters } from './snapshot-kills.ts';

const SEED = Number(process.env.BCHF_TEST_SEED ?? 5_407);
const random = createRandom(SEED);
const root = mkdtempSync(join(tmpdir(), 'bchf-snapshot-kill-'));
after(() => rmSync(root, { recursive: true }));
const data = join(root, 'data');
console.log(`seed ${SEED}`);

test('a resolver that is killed while it writes a snapshot starts from the last good one', () =>
  killWriters(data, 1, random));

test('a resolver that is killed in a swap leaves both snapshots as they were', () =>
  killSwappers(join(root, 'swap'), 1, random));

test('a fetch that is killed leaves no file of the name, and goes on when it is run again', () =>
  killFetchers(join(root, 'fetch'), 1, random));

test('a resolver whose disk for snapshots is full goes on, and starts from the last good one', {
  skip: unlessNamespaces(),
}, () => {
  const program = fileURLToPath(new URL('./full-disk-process.js', import.meta.url));
  const ran = spawnSync('unshare', ['--mount', process.execPath, program, data], {
    encoding: 'utf8',
  });
  assert.deepEqual([ran.status, ran.stdout], [0, 'as it should be\n'], ran.stderr);
});
