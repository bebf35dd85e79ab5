// Kill -9 in the middle of writing, and a disk that is full: the last good snapshot is on the disk and is
// found. Whole processes that serve are killed in snapshot-kill.test.ts.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createRandom } from '../../ledger/population/random.ts';
import { loadSnapshot } from '../snapshot/snapshot-file.ts';
import { SnapshotStore } from '../snapshot/snapshot-store.ts';
import { unlessNamespaces } from './interop/namespace.ts';
import { silentLog } from './swap-load.ts';

const SEED = Number(process.env.BCHF_TEST_SEED ?? 8_123);
const root = mkdtempSync(join(tmpdir(), 'bchf-crash-'));
after(() => rmSync(root, { recursive: true }));

const compiled = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const PROCESS = compiled('./snapshot-crash-process.js');

/** Lets a process come to its `lines`-th line, and kills it a little later. Returns its last line. */
async function killAfter(args: string[], lines: number, laterMs: number): Promise<string> {
  const child = spawn(process.execPath, [PROCESS, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const told = createInterface({ input: child.stdout });
  let last = '';
  let count = 0;
  for await (const line of told) {
    last = line;
    if (++count !== lines) continue;
    await sleep(laterMs);
    child.kill('SIGKILL');
  }
  const [, signal] = await exited;
  assert.equal(signal, 'SIGKILL');
  return last;
}

test('a writer that is killed leaves the last snapshot that it told of, whole', async () => {
  console.log(`seed ${SEED}`);
  const random = createRandom(SEED);
  const directory = join(root, 'created');
  for (let kills = 0; kills < 3; kills++) {
    const last = Number(await killAfter([directory], 4, random.below(40)));
    const store = new SnapshotStore(directory, silentLog());
    const newest = await store.loadNewest(async () => true, {});
    assert.ok(newest!.block.height >= last);
    const { snapshots, damaged } = await store.list();
    assert.deepEqual(damaged, []);
    for (const { name } of snapshots) await loadSnapshot(join(directory, name));
    // What the killed one left aside goes with the next that is written.
    await store.prune(1);
    const left = readdirSync(directory).filter((name) => !name.startsWith('proven.json'));
    assert.equal(left.length, 1);
    rmSync(directory, { recursive: true });
  }
});

test('on a full disk nothing is written, and what was there stays', {
  skip: unlessNamespaces(),
}, () => {
  const full = join(root, 'full');
  mkdirSync(full);
  const script = `
    mount -t tmpfs -o size=400k none ${full} &&
    exec ${process.execPath} ${compiled('./snapshot-full-process.js')} ${full}`;
  const ran = spawnSync('unshare', ['--mount', 'sh', '-c', script], { encoding: 'utf8' });
  assert.deepEqual([ran.status, ran.stdout], [0, 'as it should be\n'], ran.stderr);
});
