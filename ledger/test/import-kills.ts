// An import that is killed again and again: what it had stored is whole, and it ends where it would have
// ended undisturbed. Shared by the quick test and the long one.

import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeBlockFile } from '../store/block-file.ts';
import { LedgerStore } from '../store/ledger-store.ts';
import { loadStoredState, storedBlocks } from '../sync/stored-chain.ts';
import type { TransactionBody } from '../transaction-body.ts';
import { encodeTrust } from '../trust-codec.ts';
import { authorityPublicKey, chainId, foundation, key } from './consortium.ts';
import { randomFrom, seed } from './seed.ts';
import { SignedChain } from './signed-chain.ts';

const NUMBERS_PER_BLOCK = 200;
const BLOCKS_BETWEEN_KILLS_MAX = 3;

/** Ports the same numbers from a to c at even heights and home at odd ones. */
function makeChain(blocks: number): SignedChain {
  const chain = new SignedChain();
  chain.block(foundation);
  const numbers = Array.from({ length: NUMBERS_PER_BLOCK }, (_, at) => key('86100000') + at * 37);
  for (let block = 0; block < blocks; block++) {
    const [donor, recipient] = block % 2 === 0 ? ['a', 'c'] : ['c', 'a'];
    const body: TransactionBody = {
      kind: 'port',
      identity: 'msisdn',
      numbers,
      donor: donor!,
      recipient: recipient!,
      route: `${recipient}1`,
    };
    assert.deepEqual(chain.block([body]).codes, ['OK']);
  }
  return chain;
}

/** Kills an import `kills` times, each time some blocks on, and lets it end. */
export async function killImport(kills: number): Promise<void> {
  const chain = makeChain(kills * BLOCKS_BETWEEN_KILLS_MAX + 1);
  const directory = await mkdtemp(join(tmpdir(), 'bchf-import-'));
  const [store, file, trust] = ['store', 'chain.blocks', 'trust.json'].map((name) =>
    join(directory, name),
  ) as [string, string, string];
  const random = randomFrom(seed);
  try {
    const authority = Buffer.from(authorityPublicKey).toString('hex');
    const head = { chainId, authorityPublicKey: authority, settings: {} };
    await writeBlockFile(file, head, 1, async function* (first) {
      yield* chain.blocks.slice(first - 1);
    });
    const { validators } = chain;
    await writeFile(trust, encodeTrust({ chainId, authorityPublicKey, validators }));
    let before = 0;
    for (let kill = 0; kill <= kills; kill++) {
      const blocks =
        kill < kills
          ? 1 + Math.floor(random() * BLOCKS_BETWEEN_KILLS_MAX)
          : Number.MAX_SAFE_INTEGER;
      // A kill comes late on a busy machine: the import may have stored all, and then tells nothing.
      const stored = (await runImport([store, file, trust], blocks)) ?? before;
      assert.ok(stored >= before);
      before = await checkStore(store, chain, stored);
    }
    assert.equal(before, chain.blocks.length);
  } finally {
    await rm(directory, { recursive: true });
  }
}

/**
 * Runs the importing process, kills it when so many blocks are stored; gives the last height told,
 * `undefined` where there was nothing left to import.
 */
function runImport(argv: string[], blocks: number): Promise<number | undefined> {
  const child = fork(fileURLToPath(new URL('./import-process.js', import.meta.url)), argv);
  let height: number | undefined;
  let count = 0;
  return new Promise((resolve, reject) => {
    child.on('message', (stored: number) => {
      height = stored;
      if (++count === blocks) child.kill('SIGKILL');
    });
    child.on('exit', (code, signal) => {
      if (signal === 'SIGKILL' || code === 0) resolve(height);
      else reject(new Error(`the import ended with code ${code}`));
    });
  });
}

/** Every stored block is the chain's own, and the state is that after the last; gives its height. */
async function checkStore(path: string, chain: SignedChain, told: number): Promise<number> {
  const store = await LedgerStore.open(path);
  try {
    const tip = await store.tip();
    assert.ok(tip.height >= told, `height ${tip.height} after ${told} was told`);
    assert.deepEqual(tip.appHash, chain.blocks[tip.height - 1]!.appHash);
    await loadStoredState(store, tip);
    let height = 0;
    for await (const { block, codes } of storedBlocks(store, 1, tip.height)) {
      const own = chain.blocks[height++]!;
      assert.equal(Buffer.compare(block, own.block), 0);
      assert.deepEqual(codes, own.codes);
    }
    assert.equal(height, tip.height);
    assert.equal(await store.block(height + 1), undefined);
    return height;
  } finally {
    await store.close();
  }
}
