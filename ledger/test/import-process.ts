// The process that the tests of killed imports kill: imports a file of blocks into a store and tells its
// parent each height once it is stored.

import { readFileSync } from 'node:fs';
import { BlockFile } from '../store/block-file.ts';
import { LedgerStore } from '../store/ledger-store.ts';
import { replayBlocks } from '../sync/replay.ts';
import { importStart, storeReplayed } from '../sync/stored-chain.ts';
import { decodeTrust } from '../trust-codec.ts';

const [storePath, filePath, trustPath] = process.argv.slice(2) as [string, string, string];
const store = await LedgerStore.open(storePath);
const file = await BlockFile.open(filePath);
const trust = decodeTrust(readFileSync(trustPath, 'utf8'));
const start = await importStart(store, trust, file.head.settings);
let { tip } = start;
const { height } = start.position;
async function* rest() {
  for await (const frame of file.blocks()) if (frame.height > height) yield frame;
}
for await (const block of replayBlocks(trust, start, rest())) {
  tip = await storeReplayed(store, block, tip);
  process.send!(tip.height);
}
await file.close();
await store.close();
process.disconnect();
