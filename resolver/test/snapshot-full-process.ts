// Writes snapshots into a directory that has room for one or two, and holds what is left against what
// should be.
//
//     node snapshot-full-process.js DIRECTORY

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { SnapshotStore } from '../snapshot/snapshot-store.ts';
import { contentOf } from './swap-content.ts';
import { silentLog } from './swap-load.ts';

const [, , directory] = process.argv as string[];
const store = new SnapshotStore(directory!, silentLog());
let written = 0;
try {
  for (; written < 20; written++) await store.save(contentOf(1, { height: written + 1 }), 1);
} catch (error) {
  const { code, cause } = error as { code: string; cause: NodeJS.ErrnoException };
  assert.deepEqual([code, cause.code], ['BCHF_SNAPSHOT_IO', 'ENOSPC']);
}
assert.ok(written > 0 && written < 20, `${written} fit`);
// Nothing is left of the one that did not fit, so there is room again after pruning.
const left = readdirSync(directory!).filter((name) => !name.startsWith('proven.json'));
assert.equal(left.length, written);
const newest = await store.loadNewest(async () => true, {});
assert.equal(newest?.block.height, written);
await store.prune(1);
if (written > 1) await store.save(contentOf(1, { height: 99 }), 1);
process.stdout.write('as it should be\n');
