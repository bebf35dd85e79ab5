// Blocks against CometBFT's own Go code: fixtures/cometbft-0.38.25.json (its `source` says how it
// was made).

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { decodeBlock, decodeCommit, encodeBlock, encodeCommit } from '../block/block-codec.ts';
import { precommitSignBytes, verifyCommit } from '../block/commit.ts';
import {
  addressOf,
  blockIdOf,
  commitHash,
  consensusHash,
  dataHash,
  headerHash,
  partSetHeader,
  resultsHash,
  sortValidators,
  validatorsHash,
} from '../block/hashes.ts';
import { merkleRoot } from '../block/merkle.ts';
import {
  BLOCK_ID_FLAG,
  type Block,
  type BlockId,
  type Commit,
  type Header,
  NO_TIME,
  type Timestamp,
  type Validator,
} from '../block/types.ts';
import { privateKeyOf, rawPublicKey, signMessage } from '../ed25519.ts';

// The fixture stays in the source tree; compiled tests run two folders deeper.
const golden = JSON.parse(
  readFileSync(
    new URL('../../../ledger/test/fixtures/cometbft-0.38.25.json', import.meta.url),
    'utf8',
  ),
);

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'));
const hex = (value: Uint8Array): string => Buffer.from(value).toString('hex');

/** pattern(length, start)[i] = (7 i + start) mod 256, as in the fixture. */
function pattern(length: number, start: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => 7 * index + start);
}

interface BlockIdJson {
  hash: string;
  partSetHeader: { total: number; hash: string };
}
function blockId({ hash, partSetHeader }: BlockIdJson): BlockId {
  return {
    hash: bytes(hash),
    partSetHeader: { total: partSetHeader.total, hash: bytes(partSetHeader.hash) },
  };
}

interface CommitJson {
  height: number;
  round: number;
  blockId: BlockIdJson;
  signatures: {
    flag: number;
    validatorAddress: string;
    timestamp: Timestamp;
    signature: string;
  }[];
}
function commitOf(json: CommitJson): Commit {
  return {
    height: json.height,
    round: json.round,
    blockId: blockId(json.blockId),
    signatures: json.signatures.map((signature) => ({
      ...signature,
      validatorAddress: bytes(signature.validatorAddress),
      signature: bytes(signature.signature),
    })),
  };
}

function headerOf(json: Record<string, string> & { lastBlockId: BlockIdJson }): Header {
  const hashes = Object.entries(json)
    .filter(([name]) => /Hash$|Address$/.test(name))
    .map(([name, value]) => [name, bytes(value as string)]);
  return {
    ...json,
    ...Object.fromEntries(hashes),
    lastBlockId: blockId(json.lastBlockId),
  } as unknown as Header;
}

interface ChainCase {
  chainId: string;
  validators: Validator[];
  cases: { block: Block; commit: Commit; golden: Record<string, never> }[];
}
const chains: ChainCase[] = golden.chains.map(
  (chain: {
    chainId: string;
    validatorSet: { sorted: { publicKey: string; power: number }[] };
    blocks: Record<string, never>[];
  }) => ({
    chainId: chain.chainId,
    validators: chain.validatorSet.sorted.map(({ publicKey, power }) => ({
      publicKey: bytes(publicKey),
      power,
    })),
    cases: chain.blocks.map((block) => ({
      golden: block,
      commit: commitOf(block.commit!),
      block: {
        header: headerOf(block.header!),
        transactions: (block.transactionLengths as unknown as number[]).map(pattern),
        lastCommit: commitOf(block.lastCommit!),
      },
    })),
  }),
);
const cases = chains.flatMap(({ chainId, validators, cases }) =>
  cases.map((one) => ({ chainId, validators, ...one })),
);

describe('CometBFT golden vectors', () => {
  it('gives the Merkle root of 0 to 9 items', () => {
    for (const { count, root } of golden.merkle) {
      const items = Array.from({ length: count }, (_, index) => pattern(index * 3, index));
      assert.equal(hex(merkleRoot(items)), root);
    }
  });

  it('orders and hashes validator sets', () => {
    for (const set of golden.validatorSets) {
      const given = set.given.map(({ seed, power }: { seed: string; power: number }) => ({
        publicKey: rawPublicKey(privateKeyOf(bytes(seed))),
        power,
      }));
      const sorted = sortValidators<Validator>(given);
      assert.deepEqual(
        sorted.map(({ publicKey, power }) => ({
          address: hex(addressOf(publicKey)),
          power,
          publicKey: hex(publicKey),
        })),
        set.sorted,
      );
      assert.equal(hex(validatorsHash(sorted)), set.hash);
    }
  });

  it('hashes transactions, results and consensus parameters', () => {
    for (const { lengths, hash } of golden.data) {
      assert.equal(hex(dataHash(lengths.map(pattern))), hash);
    }
    for (const { codes, hash } of golden.results) assert.equal(hex(resultsHash(codes)), hash);
    const { maxBytes, maxGas, hash } = golden.consensusParams;
    assert.equal(hex(consensusHash(maxBytes, maxGas)), hash);
  });

  it('hashes headers, data and commits, and names blocks by their parts', () => {
    for (const { block, golden } of cases) {
      const encoded = encodeBlock(block);
      assert.equal(hex(headerHash(block.header)), golden.headerHash);
      assert.equal(hex(dataHash(block.transactions)), hex(block.header.dataHash));
      assert.equal(hex(commitHash(block.lastCommit)), golden.lastCommitHash);
      assert.equal(encoded.length, golden.blockBytesLength);
      assert.deepEqual(blockIdOf(block.header, encoded), blockId(golden.blockId!));
    }
    assert.ok(cases.some(({ block }) => partSetHeader(encodeBlock(block)).total > 2));
  });

  it('writes and reads blocks and commits byte for byte', () => {
    for (const { block, commit, golden } of cases) {
      if (golden.blockBytes) assert.equal(hex(encodeBlock(block)), golden.blockBytes);
      assert.equal(hex(encodeCommit(commit)), golden.commitBytes);
      assert.equal(hex(commitHash(commit)), golden.commitHash);
      assert.equal(hex(encodeBlock(decodeBlock(encodeBlock(block)))), hex(encodeBlock(block)));
      assert.equal(hex(encodeCommit(decodeCommit(bytes(golden.commitBytes!)))), golden.commitBytes);
    }
  });

  it('signs what CometBFT signs', () => {
    for (const { chainId, commit, golden } of cases) {
      for (const [index, { flag, timestamp }] of commit.signatures.entries()) {
        if (flag === BLOCK_ID_FLAG.absent) continue;
        const { height, round } = commit;
        const voted = flag === BLOCK_ID_FLAG.commit ? commit.blockId : undefined;
        const message = precommitSignBytes({ height, round, blockId: voted, timestamp }, chainId);
        assert.equal(hex(message), (golden.commitSignBytes as unknown as string[])[index]);
      }
    }
  });

  it('accepts commits that CometBFT accepts', () => {
    for (const { chainId, validators, block, commit } of cases) {
      assert.equal(verifyCommit(block.header, commit, validators, chainId), undefined);
    }
  });
});

describe('a commit that proves nothing', () => {
  const four = cases.find(({ validators }) => validators.length === 4)!;
  const { block, commit, validators, chainId } = four;
  const verify = (changed: Partial<Commit>): string | undefined =>
    verifyCommit(block.header, { ...commit, ...changed }, validators, chainId);
  const absent = {
    flag: BLOCK_ID_FLAG.absent,
    validatorAddress: new Uint8Array(0),
    timestamp: NO_TIME,
    signature: new Uint8Array(0),
  };
  const changedAt = (place: number, change: Partial<Commit['signatures'][number]>) => ({
    signatures: commit.signatures.map((signature, index) =>
      index === place ? { ...signature, ...change } : signature,
    ),
  });

  it('is refused for another chain, block, height or validator set', () => {
    const { header } = block;
    assert.equal(verifyCommit(header, commit, validators, 'other'), 'BCHF_COMMIT_WRONG_CHAIN');
    assert.equal(verify({ height: commit.height + 1 }), 'BCHF_COMMIT_WRONG_BLOCK');
    assert.equal(
      verifyCommit({ ...header, appHash: new Uint8Array(32) }, commit, validators, chainId),
      'BCHF_COMMIT_WRONG_BLOCK',
    );
    assert.equal(
      verifyCommit(header, commit, validators.slice(1), chainId),
      'BCHF_COMMIT_WRONG_VALIDATORS',
    );
  });

  it('is refused when it is forged', () => {
    const { signature } = commit.signatures[2]!;
    const forged = Uint8Array.from(signature, (byte, index) => (index === 7 ? byte ^ 1 : byte));
    assert.equal(verify(changedAt(2, { signature: forged })), 'BCHF_COMMIT_BAD_SIGNATURE');
    assert.equal(verify(changedAt(2, { flag: BLOCK_ID_FLAG.nil })), 'BCHF_COMMIT_BAD_SIGNATURE');
    assert.equal(
      verify(changedAt(2, { timestamp: { seconds: 1, nanos: 0 } })),
      'BCHF_COMMIT_BAD_SIGNATURE',
    );
    assert.equal(verify({ round: 1 }), 'BCHF_COMMIT_BAD_SIGNATURE');
  });

  it('is refused when its places are out of form or swapped', () => {
    const [first, second, ...rest] = commit.signatures;
    assert.equal(verify({ signatures: [second!, first!, ...rest] }), 'BCHF_COMMIT_MALFORMED');
    assert.equal(verify({ signatures: rest }), 'BCHF_COMMIT_MALFORMED');
    assert.equal(verify(changedAt(1, { flag: 4 })), 'BCHF_COMMIT_MALFORMED');
    assert.equal(verify(changedAt(1, { flag: BLOCK_ID_FLAG.absent })), 'BCHF_COMMIT_MALFORMED');
    for (const timestamp of [
      { ...NO_TIME, seconds: 0 },
      { ...NO_TIME, nanos: 1 },
    ]) {
      assert.equal(verify(changedAt(1, { ...absent, timestamp })), 'BCHF_COMMIT_MALFORMED');
    }
    assert.equal(
      verify(changedAt(1, { signature: first!.signature.subarray(1) })),
      'BCHF_COMMIT_MALFORMED',
    );
  });

  it('needs more than two thirds of the power: 2 of 4 do not do, 3 of 4 do', () => {
    assert.equal(verify(changedAt(0, absent)), undefined);
    const two = commit.signatures.map((signature, index) => (index < 2 ? absent : signature));
    assert.equal(verify({ signatures: two }), 'BCHF_COMMIT_UNDERPOWERED');
  });

  it('needs more than two thirds: exactly two of three equal ones do not do', () => {
    const keys = golden.validatorSets[1].given
      .slice(0, 3)
      .map(({ seed }: { seed: string }) => privateKeyOf(bytes(seed)));
    const signers = sortValidators(
      keys.map((key: (typeof keys)[number]) => ({ key, publicKey: rawPublicKey(key), power: 5 })),
    ) as (Validator & { key: (typeof keys)[number] })[];
    const header = { ...block.header, validatorsHash: validatorsHash(signers) };
    const voted = { ...commit.blockId, hash: headerHash(header) };
    const { height, round } = commit;
    const timestamp = { seconds: 1_700_000_000, nanos: 0 };
    const message = precommitSignBytes({ height, round, blockId: voted, timestamp }, chainId);
    const signatures = signers.map(({ key, publicKey }) => ({
      flag: BLOCK_ID_FLAG.commit,
      validatorAddress: addressOf(publicKey),
      timestamp,
      signature: signMessage(message, key),
    }));
    const of = (places: Commit['signatures']) =>
      verifyCommit(header, { height, round, blockId: voted, signatures: places }, signers, chainId);
    assert.equal(of(signatures), undefined);
    assert.equal(of([absent, ...signatures.slice(1)]), 'BCHF_COMMIT_UNDERPOWERED');
  });
});

describe('block bytes of no block', () => {
  it('are refused: truncated, with a field more, or in another order', () => {
    const encoded = encodeBlock(cases[1]!.block);
    for (let length = 0; length < encoded.length; length += 7) {
      assert.throws(() => decodeBlock(encoded.subarray(0, length)), RangeError);
    }
    assert.throws(() => decodeBlock(Buffer.concat([encoded, Uint8Array.of(40, 1)])), RangeError);
    assert.throws(() => decodeBlock(Buffer.concat([encoded, Uint8Array.of(9)])), RangeError);
    assert.throws(() => decodeBlock(Buffer.alloc(20, 0xff)), RangeError);
  });
});
