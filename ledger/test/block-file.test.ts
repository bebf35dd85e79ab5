// Files of blocks: what was written is read, what broke off is written on, what is damaged is refused;
// and an import of them ends where the chain ended, however often it was interrupted.

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parseUeId } from '../number.ts';
import { encodeProof } from '../proof/proof-codec.ts';
import { openProver, openProverAt } from '../proof/stored-proof.ts';
import { verifyProof } from '../proof/verify-proof.ts';
import { BlockFile, writeBlockFile } from '../store/block-file.ts';
import {
  type BlockFileHead,
  type BlockFrame,
  encodeFileHead,
  encodeFrame,
} from '../store/block-file-codec.ts';
import { findEntryOrigin, findEntryOrigins, type OriginOptions } from '../store/entry-origin.ts';
import { LedgerStore } from '../store/ledger-store.ts';
import { replayBlocks } from '../sync/replay.ts';
import { importStart, loadStoredState, storedBlocks, storeReplayed } from '../sync/stored-chain.ts';
import type { TransactionBody } from '../transaction-body.ts';
import { transactionId } from '../transaction-codec.ts';
import { type ChainTrust, decodeTrust, encodeTrust } from '../trust-codec.ts';
import { authorityPublicKey, chainId, foundation, key } from './consortium.ts';
import { SignedChain } from './signed-chain.ts';

const port = (number: string, donor: string, recipient: string): TransactionBody => ({
  kind: 'port',
  identity: 'msisdn',
  numbers: [key(number)],
  donor,
  recipient,
  route: `${recipient}1`,
});
const range = [{ from: key('8611000'), to: key('8611099') }];

const chain = new SignedChain();
chain.block(foundation);
chain.block([port('8610001', 'a', 'c'), port('8610002', 'a', 'c'), port('8620001', 'a', 'b')]);
chain.block([]);
chain.block([
  { kind: 'inject-pool', member: 'a', identity: 'msisdn', ranges: range },
  { kind: 'allocate', member: 'b', identity: 'msisdn', ranges: range, route: 'b1' },
  port('8610001', 'c', 'b'),
]);
chain.block([port('8610002', 'c', 'a')]);

const frames: BlockFrame[] = chain.blocks.map(({ height, block, commit, codes }) => ({
  height,
  block,
  commit,
  codes,
}));
const trust: ChainTrust = { chainId, authorityPublicKey, validators: chain.validators };
const head: BlockFileHead = {
  chainId,
  authorityPublicKey: Buffer.from(authorityPublicKey).toString('hex'),
  settings: { ported: 1 },
};

let directory: string;
const pathOf = (name: string): string => join(directory, name);
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bchf-blocks-'));
});
after(() => rm(directory, { recursive: true }));

async function* from(height: number, last = frames.length): AsyncIterableIterator<BlockFrame> {
  yield* frames.slice(height - 1, last);
}
async function readAll(path: string): Promise<BlockFrame[]> {
  const file = await BlockFile.open(path);
  try {
    const read: BlockFrame[] = [];
    for await (const frame of file.blocks()) read.push(frame);
    return read;
  } finally {
    await file.close();
  }
}
const plain = (list: readonly BlockFrame[]) =>
  list.map(({ height, block, commit, codes }) => ({
    height,
    block: Buffer.from(block).toString('hex'),
    commit: Buffer.from(commit).toString('hex'),
    codes,
  }));

/** Imports a file's blocks above the store's tip, up to a height. */
async function importInto(store: LedgerStore, path: string, last = Number.MAX_SAFE_INTEGER) {
  const file = await BlockFile.open(path);
  try {
    const start = await importStart(store, trust, file.head.settings);
    let { tip } = start;
    const blocks = (async function* () {
      for await (const frame of file.blocks()) {
        if (frame.height > start.position.height && frame.height <= last) yield frame;
      }
    })();
    for await (const block of replayBlocks(trust, start, blocks)) {
      tip = await storeReplayed(store, block, tip);
    }
    return tip;
  } finally {
    await file.close();
  }
}

describe('a file of blocks', () => {
  it('holds what was written, and goes on where it ended', async () => {
    const path = pathOf('whole');
    assert.equal(await writeBlockFile(path, head, 1, (height) => from(height, 2)), 2);
    assert.deepEqual(plain(await readAll(path)), plain(frames.slice(0, 2)));
    assert.equal(await writeBlockFile(path, head, 1, from), 5);
    assert.equal(await writeBlockFile(path, head, 1, from), 5);
    assert.deepEqual(plain(await readAll(path)), plain(frames));
    assert.deepEqual((await BlockFile.open(path).then(closed)).head, head);
  });

  it('is written on from its last whole block, wherever it broke off', async () => {
    const path = pathOf('whole');
    const bytes = await readFile(path);
    const broken = pathOf('broken');
    const headBytes = encodeFileHead(head).length;
    const wholeAt = new Set([headBytes]);
    for (const frame of frames) wholeAt.add(Math.max(...wholeAt) + encodeFrame(frame).length);
    assert.ok(wholeAt.has(bytes.length));
    for (let length = headBytes; length < bytes.length; length += 211) {
      await writeFile(broken, bytes.subarray(0, length));
      if (!wholeAt.has(length)) {
        await assert.rejects(readAll(broken), { code: 'BCHF_BLOCK_FILE_INVALID' });
      }
      assert.equal(await writeBlockFile(broken, head, 1, from), 5);
      assert.ok((await readFile(broken)).equals(bytes), `broken off at ${length}`);
    }
  });

  it('is refused where any of its bytes has changed', async () => {
    const bytes = await readFile(pathOf('whole'));
    const damaged = pathOf('damaged');
    for (let at = 0; at < bytes.length; at += 97) {
      const changed = Buffer.from(bytes);
      changed[at]! ^= 4;
      await writeFile(damaged, changed);
      await assert.rejects(readAll(damaged), { code: 'BCHF_BLOCK_FILE_INVALID' }, `byte ${at}`);
    }
    // A length beyond the limits is not believed.
    const huge = Buffer.from(bytes);
    huge.writeUInt32LE(0xffff_ffff, encodeFileHead(head).length + 8);
    await writeFile(damaged, huge);
    await assert.rejects(readAll(damaged), { code: 'BCHF_BLOCK_FILE_INVALID' });
    huge.writeUInt32LE(0xffff_ffff, 8);
    await writeFile(damaged, huge);
    await assert.rejects(readAll(damaged), { code: 'BCHF_BLOCK_FILE_INVALID' });
  });

  it('of another chain, or no such file, is not written over', async () => {
    const path = pathOf('other');
    await writeBlockFile(path, { ...head, chainId: 'other' }, 1, (height) => from(height, 1));
    const before = await readFile(path);
    await assert.rejects(writeBlockFile(path, head, 1, from), { code: 'BCHF_BLOCK_FILE_INVALID' });
    assert.ok((await readFile(path)).equals(before));
    await writeFile(path, 'something else');
    await assert.rejects(writeBlockFile(path, head, 1, from), { code: 'BCHF_BLOCK_FILE_INVALID' });
    assert.equal(await readFile(path, 'utf8'), 'something else');
    await assert.rejects(readAll(pathOf('missing')), { code: 'BCHF_BLOCK_FILE_IO' });
    await assert.rejects(readAll(directory), { code: 'BCHF_BLOCK_FILE_IO' });
  });

  it('may begin later than the chain, but has no gaps', async () => {
    const path = pathOf('later');
    assert.equal(await writeBlockFile(path, head, 3, from), 5);
    assert.deepEqual(plain(await readAll(path)), plain(frames.slice(2)));
    const gap = pathOf('gap');
    await writeBlockFile(gap, head, 1, async function* () {
      yield frames[0]!;
      yield frames[2]!;
    });
    await assert.rejects(readAll(gap), { code: 'BCHF_BLOCK_FILE_INVALID' });
  });
});

describe('an import', () => {
  it('ends where the chain ended, in one go or block by block with the store reopened', async () => {
    const whole = await LedgerStore.open(pathOf('store whole'));
    const tip = await importInto(whole, pathOf('whole'));
    assert.deepEqual(tip.appHash, chain.blocks[4]!.appHash);
    const stepwise = pathOf('store stepwise');
    for (let height = 0; height <= 5; height++) {
      const store = await LedgerStore.open(stepwise);
      const reached = await importInto(store, pathOf('whole'), height);
      assert.equal(reached.height, height);
      assert.deepEqual((await loadStoredState(store, reached)).appHash(), reached.appHash);
      if (height === 5) {
        assert.deepEqual(reached, tip);
        const blocks: BlockFrame[] = [];
        for await (const block of storedBlocks(store, 1, 5)) blocks.push(block);
        assert.deepEqual(plain(blocks), plain(frames));
      }
      await store.close();
    }
    await whole.close();
  });

  it('ends at the last good height where a block is not right, and goes on with a good file', async () => {
    const path = pathOf('forged');
    const forged = { ...frames[3]!, commit: frames[2]!.commit };
    await writeBlockFile(path, head, 1, async function* () {
      yield* frames.map((frame) => (frame.height === 4 ? forged : frame));
    });
    const store = await LedgerStore.open(pathOf('store forged'));
    await assert.rejects(importInto(store, path), {
      code: 'BCHF_COMMIT_WRONG_BLOCK',
      lastHeight: 3,
    });
    const tip = await store.tip();
    assert.equal(tip.height, 3);
    assert.deepEqual(tip.appHash, chain.blocks[2]!.appHash);
    await loadStoredState(store, tip);
    assert.equal((await importInto(store, pathOf('whole'))).height, 5);
    await store.close();
  });

  it('does not go into the ledger of another chain', async () => {
    const store = await LedgerStore.open(pathOf('store whole'));
    for (const other of [
      { ...trust, chainId: 'other' },
      { ...trust, authorityPublicKey: new Uint8Array(32) },
    ]) {
      await assert.rejects(importStart(store, other, {}), { code: 'BCHF_STORE_WRONG_CHAIN' });
    }
    assert.equal((await store.genesis())!.authorityPublicKey, head.authorityPublicKey);
    await store.close();
  });
});

describe('what an imported store tells', () => {
  let store: LedgerStore;
  before(async () => {
    store = await LedgerStore.open(pathOf('store whole'));
  });
  after(() => store.close());

  it('proofs of every height but the last, by the newest state or by replay', async () => {
    const ueId = parseUeId('msisdn-8610001')!;
    const holders: (string | undefined)[] = [];
    for (let height = 0; height < 5; height++) {
      const prover = await openProverAt(store, height, trust);
      const text = encodeProof(await prover.number(ueId));
      const verdict = verifyProof(text, trust.validators, chainId);
      assert.equal(verdict.fault, undefined);
      const { claim, height: proven } = verdict as Extract<typeof verdict, { height: number }>;
      assert.equal(proven, height);
      holders.push(claim.holder && 'member' in claim.holder ? claim.holder.member : undefined);
      if (height === 4)
        assert.equal(text, encodeProof(await (await openProver(store)).number(ueId)));
    }
    assert.deepEqual(holders, [undefined, 'a', 'c', 'c', 'b']);
    for (const height of [5, 6]) {
      await assert.rejects(openProverAt(store, height, trust), { code: 'BCHF_PROOF_UNAVAILABLE' });
    }
  });

  it('where an entry comes from: block and transaction', async () => {
    const originOf = async (
      entry: 'ported' | 'fragmented' | 'prefix',
      first: string,
      last = first,
    ) => {
      const name = { entry, identity: 'msisdn' as const, from: key(first), to: key(last) };
      const origin = await findEntryOrigin(store, name);
      return origin && [origin.height, origin.transaction?.index, origin.transaction?.id];
    };
    const idOf = (height: number, index: number) =>
      transactionId(chain.blocks[height - 1]!.proven.block.transactions[index]!);
    assert.deepEqual(await originOf('ported', '8610001'), [4, 2, idOf(4, 2)]);
    // It was taken away again by block 5.
    assert.deepEqual(await originOf('ported', '8610002'), [5, 0, idOf(5, 0)]);
    assert.deepEqual(await originOf('fragmented', '8611000', '8611099'), [4, 1, idOf(4, 1)]);
    assert.equal(await originOf('fragmented', '8611000', '8611098'), undefined);
    assert.deepEqual(await originOf('prefix', '8615'), [1, 4, idOf(1, 4)]);
    assert.equal(await originOf('ported', '8620001'), undefined, 'that transaction was refused');
  });

  it('where several entries come from, as of a height and for as long as somebody waits', async () => {
    const entries = ['8610001', '8610002', '8610003'].map((digits) => {
      return {
        entry: 'ported' as const,
        identity: 'msisdn' as const,
        from: key(digits),
        to: key(digits),
      };
    });
    const heights = async (options: OriginOptions) =>
      (await findEntryOrigins(store, entries, options)).map((origin) => origin?.height);
    const newest = await heights({});
    assert.deepEqual(newest.slice(0, 2), [4, 5]);
    const before = await heights({ heightMax: 4 });
    assert.equal(before[0], 4);
    assert.notEqual(before[1], 5);
    assert.deepEqual(await heights({ heightMax: 1 }), [undefined, undefined, undefined]);
    const unwanted = { signal: AbortSignal.abort() };
    assert.deepEqual(await heights(unwanted), [undefined, undefined, undefined]);
  });

  it('that pruned blocks are needed for a replay', async () => {
    await store.prune(3);
    await assert.rejects(openProverAt(store, 3, trust), { code: 'BCHF_STORE_PRUNED' });
    assert.equal(
      (await (await openProverAt(store, 4, trust)).number(parseUeId('imsi-1')!)).claim.entry,
      null,
    );
  });
});

describe('the file that says whom to trust', () => {
  it('comes back as it was, its validators in any order', () => {
    const text = encodeTrust(trust);
    assert.deepEqual(decodeTrust(text), trust);
    const { validators, ...rest } = JSON.parse(text);
    assert.deepEqual(
      decodeTrust(JSON.stringify({ ...rest, validators: validators.reverse() })),
      trust,
    );
  });

  it('is refused where it is not of that form', async () => {
    const fields = JSON.parse(encodeTrust(trust));
    const [validator] = fields.validators;
    for (const broken of [
      '',
      '[]',
      JSON.stringify({ ...fields, validators: [] }),
      JSON.stringify({ ...fields, validators: [validator, validator] }),
      JSON.stringify({ ...fields, validators: [{ ...validator, power: 0 }] }),
      JSON.stringify({ ...fields, chainId: '' }),
      JSON.stringify({ ...fields, chainId: 'x'.repeat(51) }),
      JSON.stringify({ ...fields, authorityPublicKey: 'AB' }),
      JSON.stringify({ ...fields, more: 1 }),
    ]) {
      assert.throws(() => decodeTrust(broken), { code: 'BCHF_TRUST_INVALID' });
    }
    await truncate(pathOf('whole'), 4);
    await assert.rejects(readAll(pathOf('whole')), { code: 'BCHF_BLOCK_FILE_INVALID' });
  });
});

async function closed(file: BlockFile): Promise<BlockFile> {
  await file.close();
  return file;
}
