// Replay: a chain executed again ends where it ended, and a block that is not right ends it before.

import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { encodeBlock, encodeCommit } from '../block/block-codec.ts';
import { commitHash, dataHash, resultsHash } from '../block/hashes.ts';
import type { Block } from '../block/types.ts';
import {
  type EncodedChainBlock,
  ReplayError,
  type ReplayOptions,
  replayBlocks,
  replayStart,
} from '../sync/replay.ts';
import { SignaturePool } from '../sync/signature-pool.ts';
import type { TransactionBody } from '../transaction-body.ts';
import { numberOfCode } from '../transaction-code.ts';
import type { ChainTrust } from '../trust-codec.ts';
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

const chain = new SignedChain();
chain.block(foundation);
const away = chain.signer.sign(port('8610001', 'a', 'c'));
const forged = chain.signer.sign(port('8610009', 'a', 'c'));
forged[forged.length - 1]! ^= 1;
chain.block([away, forged, port('8620001', 'a', 'c'), Uint8Array.of(1, 2)]);
chain.block([]);
chain.block([port('8610001', 'c', 'b'), port('8610002', 'a', 'b'), forged]);
chain.block([port('8610001', 'b', 'a')]);
const { blocks } = chain;

const trust: ChainTrust = { chainId, validators: chain.validators, authorityPublicKey };
const pool = new SignaturePool(2);
after(() => pool.close());

/** Heights replayed and the app hash behind the last; with the code at which it ended. */
async function run(source: readonly EncodedChainBlock[], options?: ReplayOptions) {
  const start = replayStart(trust);
  let height = 0;
  let fault: string | undefined;
  try {
    for await (const { position, codes } of replayBlocks(trust, start, source, options)) {
      height = position.height;
      assert.deepEqual(codes, blocks[height - 1]!.codes);
      assert.deepEqual(position.appHash, blocks[height - 1]!.appHash);
    }
  } catch (error) {
    assert.ok(error instanceof ReplayError, String(error));
    assert.equal(error.lastHeight, height, 'the error says where it ended');
    fault = error.code;
  }
  const expected = height === 0 ? replayStart(trust).state.appHash() : blocks[height - 1]!.appHash;
  assert.deepEqual(start.state.appHash(), expected, 'the state is that of the last good height');
  return { height, fault };
}

const withoutCodes = blocks.map(({ block, commit }) => ({ block, commit }));

/** The chain with block 4 made anew from changed content, signed by the same validators. */
function withFourth(change: (block: Block) => Partial<Block>): EncodedChainBlock[] {
  const { block } = blocks[3]!.proven;
  const changed = { ...block, ...change(block) };
  return blocks.map((one, at) => (at === 3 ? { ...one, block: encodeBlock(changed) } : one));
}

describe('a replay', () => {
  it('ends where the chain ended: by the results given, or with every signature checked', async () => {
    assert.equal(blocks[1]!.codes[1], 'BCHF_TX_BAD_SIGNATURE');
    const whole = { height: 5, fault: undefined };
    assert.deepEqual(await run(blocks), whole);
    assert.deepEqual(await run(withoutCodes), whole);
    assert.deepEqual(await run(blocks, { audit: pool }), whole);
    assert.deepEqual(await run(withoutCodes, { audit: pool }), whole);
    assert.deepEqual(await run(blocks, { verifyFrom: 4 }), whole);
    assert.deepEqual(await run([]), { height: 0, fault: undefined });
  });

  it('goes on from a state in the middle', async () => {
    const start = replayStart(trust);
    let position = start.position;
    for await (const block of replayBlocks(trust, start, blocks.slice(0, 2))) {
      position = block.position;
    }
    const rest = { state: start.state, position };
    for await (const block of replayBlocks(trust, rest, blocks.slice(2))) position = block.position;
    assert.equal(position.height, 5);
    assert.deepEqual(position.appHash, blocks[4]!.appHash);
  });

  it('ends before a block that is missing, comes twice, or is not one', async () => {
    const [first, second, third] = blocks as unknown as [
      EncodedChainBlock,
      EncodedChainBlock,
      EncodedChainBlock,
    ];
    const wrongHeight = { height: 1, fault: 'BCHF_BLOCK_WRONG_HEIGHT' };
    assert.deepEqual(await run([first, third]), wrongHeight);
    assert.deepEqual(await run([first, first]), wrongHeight);
    assert.deepEqual(await run([first, third], { verifyFrom: 9 }), wrongHeight);
    const broken = { ...second, block: second.block.subarray(1) };
    const malformed = { height: 1, fault: 'BCHF_BLOCK_MALFORMED' };
    assert.deepEqual(await run([first, broken, third]), malformed);
    assert.deepEqual(await run([first, broken, third], { audit: pool }), malformed);
    assert.deepEqual(await run([first, { ...second, commit: third.commit }]), {
      height: 1,
      fault: 'BCHF_COMMIT_WRONG_BLOCK',
    });
  });

  it('ends before a block whose commit is not of its content', async () => {
    const end = (fault: string) => ({ height: 3, fault });
    const transactions = [forged];
    const header = blocks[3]!.proven.block.header;
    assert.deepEqual(
      await run(withFourth(() => ({ transactions }))),
      end('BCHF_COMMIT_WRONG_BLOCK'),
    );
    assert.deepEqual(
      await run(
        withFourth(() => ({
          transactions,
          header: { ...header, dataHash: dataHash(transactions) },
        })),
      ),
      end('BCHF_COMMIT_WRONG_BLOCK'),
    );
    const { commit } = blocks[3]!.proven;
    const signatures = commit.signatures.map((one) => ({ ...one, signature: new Uint8Array(64) }));
    const unsigned = blocks.map((one, at) =>
      at === 3 ? { ...one, commit: encodeCommit({ ...commit, signatures }) } : one,
    );
    assert.deepEqual(await run(unsigned), end('BCHF_COMMIT_BAD_SIGNATURE'));
    const lastCommit = { ...blocks[3]!.proven.block.lastCommit, round: 1 };
    assert.notEqual(commitHash(lastCommit), undefined);
    assert.deepEqual(await run(withFourth(() => ({ lastCommit }))), end('BCHF_COMMIT_WRONG_BLOCK'));
  });

  it('finds results that are not true one block later, whichever way they lie', async () => {
    const accepted = blocks.map((one, at) =>
      at === 1 ? { ...one, codes: one.codes.map(() => 'OK' as const) } : one,
    );
    const refused = blocks.map((one, at) =>
      at === 3 ? { ...one, codes: one.codes.map(() => 'BCHF_TX_BAD_SIGNATURE' as const) } : one,
    );
    for (const [source, height] of [
      [accepted, 2],
      [refused, 4],
    ] as const) {
      let last = 0;
      await assert.rejects(
        async () => {
          for await (const { position } of replayBlocks(trust, replayStart(trust), source)) {
            last = position.height;
          }
        },
        { code: 'BCHF_BLOCK_WRONG_APP_HASH', lastHeight: height },
      );
      assert.equal(last, height);
      // An audit does not believe them.
      assert.deepEqual(await run(source, { audit: pool }), { height: 5, fault: undefined });
    }
  });

  it('finds an app hash and results that the validators have signed and that are not its own', async () => {
    // The same validators sign another block 5, whose parent is said to have ended elsewhere.
    const fourth = blocks[3]!;
    const parent = {
      height: 4,
      timeMs: fourth.proven.timeMs,
      appHash: fourth.appHash,
      resultsHash: resultsHash(fourth.codes.map(numberOfCode)),
      commit: fourth.proven.commit,
    };
    const other = new Uint8Array(32);
    for (const [change, fault] of [
      [{ appHash: other }, 'BCHF_BLOCK_WRONG_APP_HASH'],
      [{ resultsHash: other }, 'BCHF_BLOCK_WRONG_RESULTS'],
    ] as const) {
      const { encoded, commit } = chain.engine.makeBlock({ ...parent, ...change }, []);
      const source = [...blocks.slice(0, 4), { block: encoded, commit: encodeCommit(commit) }];
      assert.deepEqual(await run(source), { height: 4, fault });
    }
  });
});

describe('signature threads', () => {
  it('give a verdict for each signature, in order, over many tasks', async () => {
    const message = Buffer.from('message');
    const { proven } = blocks[0]!;
    const [place] = proven.commit.signatures;
    const publicKey = chain.validators.validators[0]!.publicKey;
    const records = Array.from({ length: 250 }, () => ({
      publicKey,
      message,
      signature: place!.signature,
    }));
    assert.deepEqual(
      await pool.verify(records),
      records.map(() => false),
    );
    assert.deepEqual(await pool.verify([]), []);
  });
});
