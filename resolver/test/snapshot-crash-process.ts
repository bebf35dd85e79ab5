// Writes snapshots into a directory for as long as it lives, and says so; for swaps it also serves and
// swaps. Somebody kills it.
//
//     node snapshot-crash-process.js create|swap DIRECTORY

import { SnapshotStore } from '../snapshot/snapshot-store.ts';
import { contentOf } from './swap-content.ts';
import { serveContents, silentLog } from './swap-load.ts';

const [, , action, directory] = process.argv as string[];
const store = new SnapshotStore(directory!, silentLog());

if (action === 'create') {
  for (let height = 1; height < 10_000; height++) {
    await store.save(contentOf(1 + (height % 5), { height }), height);
    await store.prune(3);
    process.stdout.write(`${height}\n`);
  }
} else {
  const few = { workers: 1, udpWorkers: 1, sbiWorkers: 0 };
  const service = await serveContents(directory!, { previousKeptS: 0 }, few);
  for (let swap = 0; swap < 10_000; swap++) {
    const { serving } = await service.snapshots!.swap({
      name: `${2 - (swap % 2)}.bchf`,
      force: true,
    });
    process.stdout.write(`${serving}\n`);
  }
}
