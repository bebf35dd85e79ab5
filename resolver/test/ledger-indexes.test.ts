// An index whose blocks were pruned before it had them is built from the state, to the same content.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import pino from 'pino';
import { openLedger } from '../../ledger/ledger.ts';
import { IDENTITIES } from '../../ledger/number.ts';
import { LedgerStore } from '../../ledger/store/ledger-store.ts';
import {
  authorityPublicKey,
  chainId,
  foundation,
  key,
  Signer,
} from '../../ledger/test/consortium.ts';
import type { TransactionBody } from '../../ledger/transaction-body.ts';
import { contentHash } from '../../wasm/content-hash.ts';
import { createWasmIndex } from '../../wasm/wasm-index.ts';
import { openIndexes } from '../ledger-indexes.ts';
import { applyToIndexes } from '../served-content.ts';
import { SnapshotStore } from '../snapshot/snapshot-store.ts';

const MEMORY_BYTES_MAX = 32 << 20;
const log = pino({ level: 'silent' });

test('an index whose blocks were pruned is built from the state, hash for hash', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'bchf-ledger-indexes-'));
  const open = () =>
    openLedger({ directory, chainId, authorityPublicKey, settings: {}, now: () => 1.8e12 });
  let ledger = await open();
  try {
    const expected = { imsi: createWasmIndex(), msisdn: createWasmIndex() };
    const signer = new Signer();
    const range = { from: key('86110000'), to: key('86110999') };
    const single = { from: range.from + 5, to: range.from + 5 };
    const blocks: TransactionBody[][] = [
      foundation,
      [
        { kind: 'inject-pool', member: 'a', identity: 'msisdn', ranges: [range] },
        { kind: 'allocate', member: 'b', identity: 'msisdn', ranges: [range], route: 'b1' },
      ],
      [
        {
          kind: 'transfer',
          identity: 'msisdn',
          ranges: [single],
          transferor: 'b',
          recipient: 'c',
          route: 'c1',
        },
      ],
      [],
    ];
    for (const bodies of blocks) {
      const block = await ledger.commit(bodies.map((body) => signer.sign(body)));
      assert.ok(block.results.every(({ code }) => code === 'OK'));
      applyToIndexes(expected, block, block.changes);
    }
    const { height } = ledger.tip;
    await ledger.close();
    const store = await LedgerStore.open(join(directory, 'store'));
    await store.prune(height);
    await store.close();
    ledger = await open();
    const snapshots = new SnapshotStore(join(directory, 'snapshots'), log);
    const indexes = await openIndexes(ledger, snapshots, MEMORY_BYTES_MAX, log);
    for (const identity of IDENTITIES) {
      assert.deepEqual(contentHash(indexes[identity]), contentHash(expected[identity]));
      assert.deepEqual(indexes[identity].label(), expected[identity].label());
    }
  } finally {
    await ledger.close();
    await rm(directory, { recursive: true });
  }
});
