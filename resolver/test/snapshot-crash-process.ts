// Writes snapshots into a directory for as long as it lives, and says so. Somebody kills it.
//
//     node snapshot-crash-process.js DIRECTORY

import { SnapshotStore } from '../snapshot/snapshot-store.ts';
import { contentOf } from './swap-content.ts';
import { silentLog } from './swap-load.ts';

const store = new SnapshotStore(process.argv[2]!, silentLog());
for (let height = 1; height < 10_000; height++) {
  await store.save(contentOf(1 + (height % 5), { height }), height);
  await store.prune(3);
  process.stdout.write(`${height}\n`);
}
