// The next block of a chain, as a follower receives it: what speaks against it has a code.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeBlock, decodeCommit, encodeBlock } from '../block/block-codec.ts';
import { resultsHash } from '../block/hashes.ts';
import type { Header } from '../block/types.ts';
import { type ChainPosition, chainStart, verifyBlock } from '../sync/verify-block.ts';
import { numberOfCode } from '../transaction-code.ts';
import { chainId, foundation } from './consortium.ts';
import { SignedChain } from './signed-chain.ts';

const chain = new SignedChain();
const genesis = chainStart(chain.state.appHash(), resultsHash([]));
const first = chain.block(foundation);
const second = chain.block([foundation[1]!]);
const { validators } = chain;

const afterFirst: ChainPosition = {
  height: 1,
  blockHash: first.proven.blockId.hash,
  timeMs: first.proven.timeMs,
  appHash: first.appHash,
  resultsHash: resultsHash(first.codes.map(numberOfCode)),
};

const received = ({ block, commit }: { block: Uint8Array; commit: Uint8Array }) => ({
  encoded: block,
  block: decodeBlock(block),
  commit: decodeCommit(commit),
});
const verify = (position: ChainPosition, one = received(second)) =>
  verifyBlock(one, position, { chainId, validators });

describe('the next block of a chain', () => {
  it('is taken from the first one on', () => {
    assert.equal(verify(genesis, received(first)), undefined);
    assert.equal(verify(afterFirst), undefined);
  });

  it('is refused at another height, behind another block, or not later', () => {
    assert.equal(verify({ ...afterFirst, height: 2 }), 'BCHF_BLOCK_WRONG_HEIGHT');
    assert.equal(verify(genesis), 'BCHF_BLOCK_WRONG_HEIGHT');
    const { hash } = second.proven.blockId;
    assert.equal(verify({ ...afterFirst, blockHash: hash }), 'BCHF_BLOCK_WRONG_PARENT');
    const { timeMs } = second.proven;
    assert.equal(verify({ ...afterFirst, timeMs }), 'BCHF_BLOCK_WRONG_PARENT');
  });

  it('is refused where state or results of the block before are others', () => {
    const other = new Uint8Array(32);
    assert.equal(verify({ ...afterFirst, appHash: other }), 'BCHF_BLOCK_WRONG_APP_HASH');
    assert.equal(verify({ ...afterFirst, resultsHash: other }), 'BCHF_BLOCK_WRONG_RESULTS');
  });

  it('is refused with other transactions, another last commit, or on another chain', () => {
    const own = received(second);
    const repacked = (change: Partial<typeof own.block>) => {
      const block = { ...own.block, ...change };
      const encoded = encodeBlock(block);
      return { ...own, block, encoded };
    };
    assert.equal(verify(afterFirst, repacked({ transactions: [] })), 'BCHF_COMMIT_WRONG_BLOCK');
    // The same parts under another content cannot be; the hashes of the header still say so.
    const swapped = { ...own, block: { ...own.block, transactions: [] } };
    assert.equal(verify(afterFirst, swapped), 'BCHF_BLOCK_WRONG_DATA');
    const lastCommit = { ...own.block.lastCommit, signatures: [] };
    assert.equal(
      verify(afterFirst, { ...own, block: { ...own.block, lastCommit } }),
      'BCHF_BLOCK_WRONG_DATA',
    );
    const header: Header = { ...own.block.header, chainId: 'other' };
    assert.equal(verify(afterFirst, repacked({ header })), 'BCHF_COMMIT_WRONG_CHAIN');
  });

  it('is refused with the commit of another block', () => {
    const commit = decodeCommit(first.commit);
    assert.equal(verify(afterFirst, { ...received(second), commit }), 'BCHF_COMMIT_WRONG_BLOCK');
    const own = received(second);
    const unproven = { ...own.commit, signatures: own.commit.signatures.slice(1) };
    assert.equal(
      verify(afterFirst, { ...received(second), commit: unproven }),
      'BCHF_COMMIT_MALFORMED',
    );
  });
});
