// What a follower checks of a header before it executes the block.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeBlock, decodeCommit, encodeBlock, encodeCommit } from '../../block/block-codec.ts';
import { blockIdOf } from '../../block/hashes.ts';
import type { Header } from '../../block/types.ts';
import { encodeHead } from '../../gossip/message-codec.ts';
import { chainId } from '../../test/consortium.ts';
import {
  type ChainPosition,
  faultAfter,
  hashOf,
  proveAnnouncement,
  proveBlock,
} from '../verify-block.ts';
import { validators } from './simulated-member.ts';
import { Validators } from './validators.ts';

const trust = { chainId, validators };
const chain = new Validators();
const first = chain.make();
const { appHash, resultsHash, timeMs } = chain.parent;
const second = chain.make();
const { header } = decodeBlock(second.block);
const tip: ChainPosition = {
  height: 1,
  blockHash: hashOf(decodeBlock(first.block).header),
  timeMs,
  appHash,
  resultsHash,
};
const HASH = Buffer.alloc(32, 9);

describe('the header of the next block', () => {
  it('is taken where it follows the tip', () => {
    assert.equal(faultAfter(tip, header, validators), undefined);
    const genesis: ChainPosition = {
      height: 0,
      blockHash: new Uint8Array(32),
      timeMs: 0,
      appHash: decodeBlock(first.block).header.appHash,
      resultsHash: decodeBlock(first.block).header.lastResultsHash,
    };
    assert.equal(faultAfter(genesis, decodeBlock(first.block).header, validators), undefined);
  });

  for (const [what, change, fault] of [
    ['another height', { height: 3 }, 'BCHF_BLOCK_WRONG_HEIGHT'],
    [
      'another parent',
      { lastBlockId: { ...header.lastBlockId, hash: HASH } },
      'BCHF_BLOCK_WRONG_PARENT',
    ],
    ['another state', { appHash: HASH }, 'BCHF_BLOCK_WRONG_APP_HASH'],
    ['other results', { lastResultsHash: HASH }, 'BCHF_BLOCK_WRONG_RESULTS'],
    ['another block version', { version: { block: 10, app: 1 } }, 'BCHF_BLOCK_WRONG_HEADER'],
    [
      'the time of the tip',
      { time: { seconds: timeMs / 1_000, nanos: 0 } },
      'BCHF_BLOCK_WRONG_PARENT',
    ],
    ['other next validators', { nextValidatorsHash: HASH }, 'BCHF_BLOCK_WRONG_HEADER'],
    ['evidence', { evidenceHash: HASH }, 'BCHF_BLOCK_WRONG_HEADER'],
    [
      'a proposer of no validator',
      { proposerAddress: HASH.subarray(20) },
      'BCHF_BLOCK_WRONG_HEADER',
    ],
  ] satisfies [string, Partial<Header>, string][]) {
    it(`is refused with ${what}`, () => {
      assert.equal(faultAfter(tip, { ...header, ...change }, validators), fault);
    });
  }
});

describe('a block and its commit', () => {
  it('prove themselves, and so does the header alone', () => {
    const { proven } = proveBlock(second, trust);
    assert.equal(proven?.block.header.height, 2);
    const announced = proveAnnouncement({ head: encodeHead(header), commit: second.commit }, trust);
    assert.deepEqual(announced.proven, header);
  });

  it('are refused where a byte of either is another', () => {
    for (const part of ['block', 'commit'] as const) {
      const { length } = second[part];
      for (let at = 0; at < length; at += 7) {
        const bytes = Uint8Array.from(second[part]);
        bytes[at]! ^= 0x10;
        assert.ok(proveBlock({ ...second, [part]: bytes }, trust).fault, `${part} at ${at}`);
      }
    }
  });

  it('are refused under other validators and on another chain', () => {
    const others = { ...trust, validators: validators.slice(1) };
    assert.equal(proveBlock(second, others).fault, 'BCHF_COMMIT_WRONG_VALIDATORS');
    const elsewhere = { ...trust, chainId: 'elsewhere' };
    assert.equal(proveBlock(second, elsewhere).fault, 'BCHF_COMMIT_WRONG_CHAIN');
  });

  it('are refused where the content is not what the header says, whoever signs', () => {
    const block = decodeBlock(second.block);
    const encoded = encodeBlock({ ...block, transactions: [Buffer.from('one more')] });
    const commit = decodeCommit(second.commit);
    const { fault } = proveBlock({ block: encoded, commit: second.commit }, trust);
    assert.equal(fault, 'BCHF_COMMIT_WRONG_BLOCK');
    // With the parts of the changed block, the signatures do not fit.
    const blockId = blockIdOf(block.header, encoded);
    const forged = encodeCommit({ ...commit, blockId });
    const again = proveBlock({ block: encoded, commit: forged }, trust);
    assert.equal(again.fault, 'BCHF_COMMIT_BAD_SIGNATURE');
  });
});
