// Bytes of blocks and commits from strangers: one byte form, limits, and a code for every refusal.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeBlock, decodeCommit, encodeBlock, encodeCommit } from '../block/block-codec.ts';
import { BlockError, type BlockErrorCode } from '../block/block-error.ts';
import {
  BLOCK_BYTES_MAX,
  BLOCK_TRANSACTIONS_MAX,
  COMMIT_BYTES_MAX,
  COMMIT_SIGNATURES_MAX,
} from '../block/limits.ts';
import { ProtobufWriter } from '../block/protobuf.ts';
import type { Block, Commit } from '../block/types.ts';
import { ValidatorSet } from '../block/validator-set.ts';
import { foundation } from './consortium.ts';
import { randomFrom, seed } from './seed.ts';
import { SignedChain } from './signed-chain.ts';

const chain = new SignedChain();
chain.block(foundation);
const { block: encoded, commit: encodedCommit } = chain.block([foundation[1]!]);
const block = decodeBlock(encoded);
const commit = decodeCommit(encodedCommit);

function refuses(decode: () => unknown, code: BlockErrorCode): void {
  assert.throws(decode, (error) => error instanceof BlockError && error.code === code);
}

/** Bytes that are read are those of what was read. */
function isWholeOrRefused<T>(
  bytes: Uint8Array,
  decode: (b: Uint8Array) => T,
  encode: (v: T) => Uint8Array,
) {
  let value: T;
  try {
    value = decode(bytes);
  } catch (error) {
    assert.ok(error instanceof BlockError, String(error));
    return false;
  }
  assert.deepEqual(Buffer.from(encode(value)), Buffer.from(bytes));
  return true;
}

function changeEveryByte(bytes: Uint8Array, isWhole: (form: Uint8Array) => boolean): void {
  const next = randomFrom(seed);
  const random = (below: number): number => Math.floor(next() * below);
  let refused = 0;
  for (let at = 0; at < bytes.length; at++) {
    const changed = Uint8Array.from(bytes);
    changed[at]! ^= 1 << random(8);
    const cut = bytes.subarray(0, at);
    const grown = Buffer.concat([cut, Uint8Array.of(random(256)), bytes.subarray(at)]);
    for (const form of [changed, cut, grown]) if (!isWhole(form)) refused++;
  }
  assert.ok(refused > bytes.length);
}

describe('block and commit bytes', () => {
  it('come back byte for byte, or are refused: every byte changed, cut and inserted', () => {
    for (const bytes of [encoded.subarray(0, 1_200), encoded]) {
      changeEveryByte(bytes, (form) => isWholeOrRefused(form, decodeBlock, encodeBlock));
    }
    changeEveryByte(encodedCommit, (form) => isWholeOrRefused(form, decodeCommit, encodeCommit));
  });

  it('have one form: no field twice, out of order, unknown, zero or longer than it needs', () => {
    const malformed = (bytes: Uint8Array) =>
      refuses(() => decodeCommit(bytes), 'BCHF_BLOCK_MALFORMED');
    const blockId = new ProtobufWriter().message(2, new Uint8Array(0)).finish();
    const good = new ProtobufWriter().integer(1, 5).message(3, blockId).finish();
    assert.equal(decodeCommit(good).height, 5);
    malformed(Buffer.concat([good, Uint8Array.of(8, 5)]));
    malformed(Buffer.concat([Uint8Array.of(8, 5), good]));
    malformed(Buffer.concat([good.subarray(2), good.subarray(0, 2)]));
    malformed(Buffer.concat([good, Uint8Array.of(0x28, 1)]));
    malformed(Buffer.concat([Uint8Array.of(8, 0), good.subarray(2)]));
    malformed(Buffer.concat([Uint8Array.of(8, 0x85, 0), good.subarray(2)]));
    malformed(Buffer.concat([Uint8Array.of(8, ...Array(9).fill(0xff), 0x7f), good.subarray(2)]));
    malformed(Buffer.concat([Uint8Array.of(8, ...Array(10).fill(0xff), 1), good.subarray(2)]));
    malformed(Buffer.concat([Uint8Array.of(8, ...Array(8).fill(0xff), 1), good.subarray(2)]));
    const negative = Buffer.concat([Uint8Array.of(8, ...Array(9).fill(0xff), 1), good.subarray(2)]);
    assert.equal(decodeCommit(negative).height, -1);
  });

  it('refuse evidence and a chain id that is not UTF-8', () => {
    const bytes = Buffer.from(encoded);
    const at = bytes.indexOf('test-chain');
    bytes[at] = 0xff;
    refuses(() => decodeBlock(bytes), 'BCHF_BLOCK_MALFORMED');
    const evidence = Buffer.from(encoded).indexOf(Uint8Array.of(0x1a, 0, 0x22));
    const withEvidence = Buffer.concat([
      encoded.subarray(0, evidence),
      Uint8Array.of(0x1a, 1, 0),
      encoded.subarray(evidence + 2),
    ]);
    refuses(() => decodeBlock(withEvidence), 'BCHF_BLOCK_MALFORMED');
  });
});

describe('the limits of a block', () => {
  const of = (change: Partial<Block>): Uint8Array => encodeBlock({ ...block, ...change });
  const commitOf = (change: Partial<Commit>): Uint8Array => encodeCommit({ ...commit, ...change });
  const place = commit.signatures[0]!;

  it('are in bytes', () => {
    const room = BLOCK_BYTES_MAX - of({ transactions: [] }).length - 10;
    const fits = of({ transactions: [new Uint8Array(room)] });
    assert.ok(fits.length <= BLOCK_BYTES_MAX && fits.length > BLOCK_BYTES_MAX - 20);
    assert.equal(decodeBlock(fits).transactions[0]!.length, room);
    const over = of({ transactions: [new Uint8Array(room + 20)] });
    refuses(() => decodeBlock(over), 'BCHF_BLOCK_TOO_LARGE');
  });

  it('are in transactions, empty ones too', () => {
    const transactions = Array.from({ length: BLOCK_TRANSACTIONS_MAX }, () => new Uint8Array(0));
    assert.equal(decodeBlock(of({ transactions })).transactions.length, BLOCK_TRANSACTIONS_MAX);
    transactions.push(new Uint8Array(0));
    refuses(() => decodeBlock(of({ transactions })), 'BCHF_BLOCK_TOO_MANY_TRANSACTIONS');
  });

  it('are in signatures and bytes of a commit, alone and inside of a block', () => {
    const signatures = Array.from({ length: COMMIT_SIGNATURES_MAX }, () => place);
    const fits = commitOf({ signatures });
    assert.ok(fits.length <= COMMIT_BYTES_MAX);
    assert.equal(decodeCommit(fits).signatures.length, COMMIT_SIGNATURES_MAX);
    const empty = { ...place, validatorAddress: new Uint8Array(0), signature: new Uint8Array(0) };
    const many = Array.from({ length: COMMIT_SIGNATURES_MAX + 1 }, () => empty);
    refuses(() => decodeCommit(commitOf({ signatures: many })), 'BCHF_COMMIT_TOO_MANY_SIGNATURES');
    const large = { ...place, signature: new Uint8Array(COMMIT_BYTES_MAX) };
    refuses(() => decodeCommit(commitOf({ signatures: [large] })), 'BCHF_COMMIT_TOO_LARGE');
    const lastCommit = { ...commit, signatures: many };
    refuses(() => decodeBlock(of({ lastCommit })), 'BCHF_COMMIT_TOO_MANY_SIGNATURES');
  });

  it('end the reading of hostile bytes at the first field that does not fit', () => {
    // Each repeats one small field as often as the bytes allow; none is read beyond its limit.
    const pairs = (...pair: number[]) => Buffer.alloc(BLOCK_BYTES_MAX, Uint8Array.from(pair));
    refuses(() => decodeBlock(pairs(8, 1)), 'BCHF_BLOCK_MALFORMED');
    refuses(() => decodeBlock(pairs(10, 0)), 'BCHF_BLOCK_MALFORMED');
    refuses(() => decodeBlock(pairs(0x80)), 'BCHF_BLOCK_MALFORMED');
    const head = encoded.subarray(0, 2 + (encoded[1]! & 0x7f) + 0x80 * (encoded[2]! & 0x7f) + 1);
    const length = Uint8Array.of(0x12, 0x80, 0x80, 0x80, 1);
    const hostile = Buffer.concat([head, length, Buffer.alloc(0x200000, Uint8Array.of(10, 0))]);
    refuses(() => decodeBlock(hostile), 'BCHF_BLOCK_TOO_MANY_TRANSACTIONS');
  });
});

describe('a validator set', () => {
  const own = chain.engine.validators();

  it('is the same in whatever order its validators are given', () => {
    const powers = own.map((validator, index) => ({ ...validator, power: 1 + (index % 2) }));
    const sorted = new ValidatorSet(powers);
    assert.deepEqual(new ValidatorSet([...powers].reverse()), sorted);
    assert.deepEqual(
      sorted.validators.map(({ power }) => power),
      [2, 2, 1, 1],
    );
    assert.equal(sorted.power, 6n);
    for (const at of [0, 2]) {
      const [one, next] = [sorted.validators[at]!, sorted.validators[at + 1]!];
      assert.ok(Buffer.compare(one.address, next.address) < 0);
    }
  });

  it('refuses validators that no set can have', () => {
    const [first, ...rest] = own;
    for (const broken of [
      [...own, first!],
      [{ ...first!, power: 0 }, ...rest],
      [{ ...first!, power: 2 ** 53 }, ...rest],
      [{ ...first!, publicKey: new Uint8Array(31) }, ...rest],
      Array.from({ length: COMMIT_SIGNATURES_MAX + 1 }, (_, index) => ({
        publicKey: Buffer.alloc(32, index),
        power: 1,
      })),
    ]) {
      assert.throws(() => new ValidatorSet(broken), RangeError);
    }
  });
});
