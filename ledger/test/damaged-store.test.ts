// A store whose files or values were changed behind the ledger's back: it says so, in a code, and
// tells nothing that was not committed.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { ClassicLevel } from 'classic-level';
import { type Ledger, openLedger } from '../ledger.ts';
import { openProver } from '../proof/stored-proof.ts';
import { LedgerStore } from '../store/ledger-store.ts';
import { authorityPublicKey, chainId, foundation, key, Signer } from './consortium.ts';

const HEIGHT = 2;

let directory: string;
let location: string;

function open(): Promise<Ledger> {
  const settings = { ported: 1 };
  return openLedger({ directory, chainId, authorityPublicKey, settings, now: () => 1 });
}

type Database = ClassicLevel<Buffer, Buffer>;

/** Works on the bare database while nobody else has it. */
async function inDatabase<T>(work: (database: Database) => Promise<T>): Promise<T> {
  const database: Database = new ClassicLevel(location, {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
  });
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

/** Reads everything that the store tells of its blocks; rejects where the ledger does not open. */
async function readAll(): Promise<void> {
  const ledger = await open();
  try {
    for await (const _ of ledger.changesSince(0));
    for (let height = 1; height <= HEIGHT; height++) await ledger.blockHashAt(height);
  } finally {
    await ledger.close();
  }
  const store = await LedgerStore.open(location);
  try {
    for (let height = 1; height <= HEIGHT; height++) {
      await store.block(height);
      await store.commit(height);
      await store.codes(height);
    }
    await store.findTransaction(new Uint8Array(32));
    await openProver(store);
  } finally {
    await store.close();
  }
}

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bchf-damaged-'));
  location = join(directory, 'store');
  const ledger = await open();
  const signer = new Signer();
  await ledger.commit(foundation.map((body) => signer.sign(body)));
  const ranges = [{ from: key('8611000'), to: key('8611099') }];
  await ledger.commit([
    signer.sign({ kind: 'inject-pool', member: 'a', identity: 'msisdn', ranges }),
    signer.sign({ kind: 'allocate', member: 'b', identity: 'msisdn', ranges, route: 'b1' }),
  ]);
  assert.equal(ledger.tip.height, HEIGHT);
  await ledger.close();
});

afterEach(() => rm(directory, { recursive: true }));

describe('a damaged store', () => {
  it('is found out by any value that has changed, at any height', async () => {
    await readAll();
    const entries = await inDatabase((database) => database.iterator().all());
    for (const [index, [at, value]] of entries.entries()) {
      // The first byte, the last one or one in between, in turn.
      const place = [0, value.length >> 1, value.length - 1][index % 3]!;
      const changed = Buffer.from(value);
      changed[place] = changed[place]! ^ 1;
      await inDatabase((database) => database.put(at, changed));
      const what = `byte ${place} of ${at.toString('hex')}`;
      await assert.rejects(readAll, { code: 'BCHF_STORE_CORRUPT' }, what);
      await inDatabase((database) => database.put(at, value));
    }
    const kinds = new Set(entries.map(([at]) => String.fromCharCode(at[0]!)));
    assert.deepEqual([...kinds].sort(), ['b', 'c', 'd', 'e', 'g', 'h', 'i', 'r', 's', 't']);
    await readAll();
  });

  it('is found out by a row of the state that is gone', async () => {
    const entries = await inDatabase((database) => database.iterator().all());
    const [at] = entries.find(([at]) => at[0] === 's'.charCodeAt(0))!;
    await inDatabase((database) => database.del(at));
    await assert.rejects(open(), { code: 'BCHF_STORE_CORRUPT' });
  });

  it('is found out by values that have changed places', async () => {
    const heights = [1, 2].map((height) => Buffer.from([...Buffer.from('e'), ...uint64(height)]));
    await inDatabase(async (database) => {
      const [one, other] = await Promise.all(heights.map((at) => database.get(at)));
      await database.put(heights[0]!, other!);
      await database.put(heights[1]!, one!);
    });
    await assert.rejects(readAll, { code: 'BCHF_STORE_CORRUPT' });
  });

  it('without its beginning is not begun again', async () => {
    await inDatabase((database) => database.del(Buffer.from('g')));
    await assert.rejects(open(), { code: 'BCHF_STORE_CORRUPT' });
  });

  it('without the file that names its tables is not taken for a new one', async () => {
    await rm(join(location, 'CURRENT'));
    await assert.rejects(open(), { code: 'BCHF_STORE_CORRUPT' });
    await assert.rejects(open(), { code: 'BCHF_STORE_CORRUPT' }, 'its tables are still there');
  });
});

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}
