// The work of the thread for long batches. Its readers are open only while a batch is answered, so that
// the thread may end between batches without holding places among the readers.

import { IDENTITIES, type Identity } from '../../ledger/number.ts';
import { openReader, type WasmReader } from '../../wasm/wasm-reader.ts';
import { NewestBlock } from '../freshness.ts';
import { NumberResolver } from '../resolve.ts';
import { RouteTable } from '../route-table.ts';
import { type BatchOutcome, type BatchQuestion, resolveBatch } from './batch-answer.ts';

export interface BatchTask extends BatchQuestion {
  memories: Record<Identity, WebAssembly.Memory>;
  newestBlock: SharedArrayBuffer;
}

export default function answerTask({
  memories,
  newestBlock,
  ...question
}: BatchTask): BatchOutcome {
  const open: WasmReader[] = [];
  try {
    const readers = Object.fromEntries(
      IDENTITIES.map((identity) => {
        const reader = openReader(memories[identity]);
        open.push(reader);
        return [identity, reader];
      }),
    ) as Record<Identity, WasmReader>;
    // Routes are named by number here: their details are the serving thread's.
    const routes = new RouteTable();
    const newest = new NewestBlock(newestBlock);
    return resolveBatch(question, new NumberResolver(readers, routes, newest, Date.now));
  } finally {
    for (const reader of open) reader.close();
  }
}
