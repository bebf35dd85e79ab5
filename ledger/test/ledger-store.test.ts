// What the store keeps beside blocks and state: where transactions are, the state before the newest
// block, and what is left once old blocks are pruned.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { decodeBlock } from '../block/block-codec.ts';
import { ValidatorSet } from '../block/validator-set.ts';
import { privateKeyOf, rawPublicKey } from '../ed25519.ts';
import { loadValidators } from '../engine/validator-file.ts';
import { type CommittedBlock, type Ledger, openLedger } from '../ledger.ts';
import { parseUeId } from '../number.ts';
import { encodeProof } from '../proof/proof-codec.ts';
import { openProver } from '../proof/stored-proof.ts';
import { verifyProof } from '../proof/verify-proof.ts';
import { LedgerState } from '../state/state.ts';
import { LedgerStore, type StoredRow } from '../store/ledger-store.ts';
import { compareRows, decodeRows, encodeRows } from '../store/row-codec.ts';
import { authorityPublicKey, chainId, foundation, key, Signer } from './consortium.ts';

let directory: string;
const blocks: CommittedBlock[] = [];
const signer = new Signer();
const port = (number: string, donor: string, recipient: string) =>
  signer.sign({
    kind: 'port',
    identity: 'msisdn',
    numbers: [key(number)],
    donor,
    recipient,
    route: `${recipient}1`,
  });

function open(): Promise<Ledger> {
  return openLedger({ directory, chainId, authorityPublicKey, settings: {}, now: () => 1 });
}

async function inStore<T>(work: (store: LedgerStore) => Promise<T>): Promise<T> {
  const store = await LedgerStore.open(join(directory, 'store'));
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/** The app hash of rows, by way of a state. */
async function hashOf(rows: AsyncIterable<StoredRow>): Promise<string> {
  const state = new LedgerState();
  for await (const row of rows) state.loadRow(row);
  return Buffer.from(state.appHash()).toString('hex');
}

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bchf-store-'));
  const ledger = await open();
  const again = port('8610003', 'a', 'c');
  blocks.push(
    await ledger.commit(foundation.map((body) => signer.sign(body))),
    await ledger.commit([port('8610001', 'a', 'c'), again]),
    await ledger.commit([]),
    await ledger.commit([port('8610001', 'c', 'b'), again, port('8619001', 'a', 'c')]),
    await ledger.commit([
      port('8610001', 'b', 'a'),
      port('8610002', 'a', 'b'),
      port('8619001', 'c', 'a'),
    ]),
  );
  await ledger.close();
});

after(() => rm(directory, { recursive: true }));

describe('the store', () => {
  it('finds each transaction by its id: the newest one where the bytes came twice', async () => {
    await inStore(async (store) => {
      const found = new Map<string, string>();
      for (const { height, results } of blocks) {
        for (const [index, { id }] of results.entries()) {
          found.set(Buffer.from(id).toString('hex'), `${height} ${index}`);
        }
      }
      assert.equal(found.size, 13);
      for (const [id, place] of found) {
        const { height, index } = (await store.findTransaction(Buffer.from(id, 'hex')))!;
        assert.equal(`${height} ${index}`, place);
      }
      const near = Uint8Array.from(blocks[0]!.results[0]!.id);
      near[31]! ^= 1;
      assert.equal(await store.findTransaction(near), undefined);
    });
  });

  it('keeps the state before the newest block, which the newest header vouches for', async () => {
    await inStore(async (store) => {
      const { header } = decodeBlock((await store.block(5))!);
      assert.equal(
        await hashOf(store.rowsBeforeTip()),
        Buffer.from(header.appHash).toString('hex'),
      );
      const { appHash } = await store.tip();
      assert.equal(await hashOf(store.rows()), Buffer.from(appHash).toString('hex'));
      assert.ok(
        (await store.newestRows()).some(({ bytes }) => !bytes),
        'a bucket is gone',
      );
    });
  });

  it('proves numbers of the height before the tip', async () => {
    const validators = new ValidatorSet(
      (await loadValidators(directory, { mayCreate: false })).map(({ seed, power }) => ({
        publicKey: rawPublicKey(privateKeyOf(seed)),
        power,
      })),
    );
    await inStore(async (store) => {
      const prover = await openProver(store);
      for (const [text, kind] of [
        ['msisdn-8610001', 'ported'],
        ['msisdn-8610002', 'prefix'],
        ['msisdn-999', undefined],
      ]) {
        const proof = encodeProof(await prover.number(parseUeId(text!)!));
        const { claim, height } = verifyProof(proof, validators, chainId) as never as {
          claim: { entry: { kind: string } | null };
          height: number;
        };
        assert.equal(height, 4);
        assert.equal(claim.entry?.kind, kind);
      }
    });
  });

  it('forgets blocks below a height, tells so, and goes on', async () => {
    await inStore(async (store) => {
      assert.equal(await store.firstHeight(), 1);
      await assert.rejects(store.prune(6), RangeError);
      await store.prune(4);
      assert.equal(await store.firstHeight(), 4);
      await assert.rejects(store.prune(3), RangeError);
      for (const height of [1, 2, 3]) assert.equal(await store.block(height), undefined);
      assert.ok((await store.block(4)) && (await store.commit(4)) && (await store.codes(4)));
      assert.equal(await store.findTransaction(blocks[0]!.results[0]!.id), undefined);
      assert.equal((await store.findTransaction(blocks[3]!.results[0]!.id))!.height, 4);
      await store.prune(4);
    });
    const ledger = await open();
    try {
      await assert.rejects(
        async () => {
          for await (const _ of ledger.changesSince(2));
        },
        { code: 'BCHF_STORE_PRUNED' },
      );
      const heights: number[] = [];
      for await (const { height } of ledger.changesSince(3)) heights.push(height);
      assert.deepEqual(heights, [4, 5]);
      assert.deepEqual(await ledger.blockHashAt(3), blocks[2]!.blockHash);
      assert.equal(await ledger.blockHashAt(2), undefined);
      assert.equal((await ledger.commit([])).height, 6);
    } finally {
      await ledger.close();
    }
  });
});

describe('the rows of a block in one value', () => {
  const rows = [
    { table: 'ported msisdn', id: 2 ** 50 + 3, bytes: Uint8Array.of(1, 2) },
    { table: 'members', id: 7, bytes: undefined },
    { table: 'ported msisdn', id: 9, bytes: new Uint8Array(0) },
  ] as const;

  it('come back as they were, and in the order of the store when sorted', () => {
    const read = decodeRows(encodeRows(rows));
    assert.deepEqual(
      read.map((row) => ({ ...row, bytes: row.bytes && Uint8Array.from(row.bytes) })),
      rows,
    );
    assert.deepEqual(
      [...read].sort(compareRows).map(({ id }) => id),
      [7, 9, 2 ** 50 + 3],
    );
    assert.deepEqual(decodeRows(new Uint8Array(0)), []);
  });

  it('are refused where they break off', () => {
    const bytes = encodeRows(rows);
    for (let length = 1; length < bytes.length; length++) {
      if ([15, 28].includes(length)) continue; // The ends of the first two rows.
      assert.throws(() => decodeRows(bytes.subarray(0, length)), RangeError);
    }
  });
});
