// Proofs about numbers: whatever a number is, its proof says so to somebody who has only the validators;
// and nothing else can be proven.

import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { decodeCommit, decodeHeader, encodeCommit, encodeHeader } from '../block/block-codec.ts';
import { BLOCK_ID_FLAG, NO_TIME } from '../block/types.ts';
import { ValidatorSet } from '../block/validator-set.ts';
import { digitsOf, lengthOf, parseUeId, type UeId } from '../number.ts';
import type { NumberClaim } from '../proof/number-claim.ts';
import {
  decodeProof,
  encodeProof,
  PROOF_CHARACTERS_MAX,
  PROOF_STATE_MAX,
  type Proof,
} from '../proof/proof-codec.ts';
import { type ProvenState, proveNumber } from '../proof/prove.ts';
import { verifyProof } from '../proof/verify-proof.ts';
import { Commitment } from '../state/commitment.ts';
import { NOT_PORTED } from '../state/ported-map.ts';
import { NO_PREFIX } from '../state/prefix-map.ts';
import type { TransactionBody } from '../transaction-body.ts';
import { chainId, foundation, key } from './consortium.ts';
import { randomFrom, seed } from './seed.ts';
import { type ChainBlock, SignedChain } from './signed-chain.ts';

/** A chain, the state behind its last block but one, and the block that vouches for it. */
class ProvenChain {
  readonly chain = new SignedChain();
  readonly state: ProvenState;
  readonly next: ChainBlock;

  constructor(...blocks: TransactionBody[][]) {
    for (const bodies of blocks) {
      const { codes } = this.chain.block(bodies);
      assert.ok(
        codes.every((code) => code === 'OK'),
        codes.join(),
      );
    }
    const rows = new Map(this.chain.rows);
    const commitment = new Commitment();
    for (const row of rows.values()) commitment.set(row);
    this.state = { commitment, row: async (table, id) => rows.get(`${table} ${id}`)?.bytes };
    this.next = this.chain.block([]);
  }

  prove(ueId: UeId): Promise<Proof> {
    const { header } = this.next.proven.block;
    return proveNumber(ueId, this.state, header, this.next.proven.commit);
  }

  verify(text: string) {
    return verifyProof(text, this.chain.validators, chainId);
  }

  /** What the state itself says. */
  expected({ identity, key: number }: UeId): NumberClaim {
    const { state } = this.chain;
    const { ported, runs, transferred, free, prefixes } = state.spaces[identity];
    const of = (
      kind: 'ported' | 'fragmented' | 'prefix',
      from: number,
      to: number,
      route: number,
    ) => ({
      kind,
      from: digitsOf(from),
      to: digitsOf(to),
      route: state.routes[route]!,
    });
    const away = ported.get(number);
    const run = transferred.find(number) ?? runs.find(number);
    let prefix = number;
    while (prefix >= 10 && prefixes.get(prefix) === undefined) prefix = Math.floor(prefix / 10);
    const route = prefixes.find(number, lengthOf(number));
    let entry: NumberClaim['entry'] = null;
    if (away !== NOT_PORTED) entry = of('ported', number, number, away);
    else if (run) {
      const kind = transferred.find(number) && run.start === run.end ? 'ported' : 'fragmented';
      entry = of(kind, run.start, run.end, run.value);
    } else if (route !== NO_PREFIX) entry = of('prefix', prefix, prefix, route);
    const pool = away === NOT_PORTED && !run ? free.find(number) : undefined;
    const injectedBy = pool && state.members[pool.value]!.id;
    let holder: NumberClaim['holder'] = null;
    if (injectedBy) holder = { pool: true, injectedBy };
    else if (entry) holder = { member: entry.route.member };
    return { number: `${identity}-${digitsOf(number)}`, entry, holder };
  }
}

const range = (from: string, to: string) => [{ from: key(from), to: key(to) }];
const port = (donor: string, recipient: string, ...numbers: string[]): TransactionBody => ({
  kind: 'port',
  identity: 'msisdn',
  numbers: numbers.map(key),
  donor,
  recipient,
  route: `${recipient}1`,
});

/** Numbers of five digits behind 861, so that buckets are dense, sparse, empty and shared. */
const proven = new ProvenChain(foundation, [
  {
    kind: 'inject-pool',
    member: 'a',
    identity: 'msisdn',
    ranges: [...range('86110100', '86112999'), ...range('86114000', '86114000')],
  },
  {
    kind: 'allocate',
    member: 'b',
    identity: 'msisdn',
    ranges: [...range('86110500', '86111499'), ...range('86112100', '86112104')],
    route: 'b1',
  },
  {
    kind: 'allocate',
    member: 'c',
    identity: 'msisdn',
    ranges: range('86112900', '86112999'),
    route: 'c1',
  },
  {
    kind: 'transfer',
    identity: 'msisdn',
    ranges: [...range('86110700', '86110799'), ...range('86111200', '86111200')],
    transferor: 'b',
    recipient: 'c',
    route: 'c1',
  },
  port('a', 'c', '86113000', '86113001', '86113999', '86118000'),
  port('b', 'c', '86110500', '86111000', '86151234'),
]);

describe('a proof about a number', () => {
  it('says what the state says: ported, in a run, free, below a prefix, or nothing', async () => {
    const next = randomFrom(seed);
    const numbers = [
      ...['86110099', '86110100', '86110499', '86110500', '86110501', '86111000', '86111499'],
      ...['86110699', '86110700', '86110799', '86110800', '86111199', '86111200', '86111201'],
      ...['86111500', '86112099', '86112104', '86112105', '86112900', '86112999', '86113000'],
      ...['86113002', '86113999', '86114000', '86114001', '86151234', '86118000', '862', '861'],
      ...['87', '8', '0', '000', '86113000000', '999999999999999'],
      ...Array.from({ length: 40 }, () => `861${10_000 + Math.floor(next() * 9_000)}`),
    ].flatMap((digits) => [`msisdn-${digits}`, `imsi-${digits}`]);
    const kinds = new Set<string>();
    for (const text of [...numbers, 'imsi-460001234567890']) {
      const ueId = parseUeId(text)!;
      const proof = encodeProof(await proven.prove(ueId));
      const { claim, height, fault } = proven.verify(proof) as never as Record<string, never>;
      assert.equal(fault, undefined, text);
      assert.deepEqual(claim, proven.expected(ueId));
      assert.equal(height, 2);
      const { entry, holder } = claim as NumberClaim;
      kinds.add(`${entry?.kind} ${holder && Object.keys(holder)[0]}`);
    }
    assert.deepEqual([...kinds].sort(), [
      'fragmented member',
      'ported member',
      'prefix member',
      'prefix pool',
      'undefined null',
    ]);
  });

  it('can be had of a state without any numbers, and of one with a single entry', async () => {
    for (const blocks of [[], [foundation.slice(0, 2)], [foundation]]) {
      const chain = new ProvenChain(...blocks);
      for (const text of ['msisdn-8611', 'msisdn-1', 'imsi-46000', 'imsi-4600']) {
        const ueId = parseUeId(text)!;
        const verdict = chain.verify(encodeProof(await chain.prove(ueId)));
        assert.deepEqual(verdict.claim, chain.expected(ueId));
      }
    }
  });

  it('is not made for a header of another state', async () => {
    const { header } = proven.chain.blocks[1]!.proven.block;
    const { commit } = proven.chain.blocks[1]!.proven;
    const ueId = parseUeId('msisdn-86113000')!;
    await assert.rejects(proveNumber(ueId, proven.state, header, commit), RangeError);
  });
});

describe('a proof that was tampered with', () => {
  let ported: Proof;
  let absent: Proof;
  let text: string;

  before(async () => {
    ported = await proven.prove(parseUeId('msisdn-86113000')!);
    absent = await proven.prove(parseUeId('msisdn-86113002')!);
    text = encodeProof(ported);
    assert.equal(proven.verify(text).fault, undefined);
  });

  const faultOf = (change: Partial<Proof>): string | undefined =>
    proven.verify(encodeProof({ ...ported, ...change })).fault;

  it('is refused with a code, whichever character of the file it was', () => {
    const next = randomFrom(seed);
    const places = new Set([0, text.length - 2, text.length - 1]);
    while (places.size < 250) places.add(Math.floor(next() * text.length));
    for (const at of places) {
      const other = text[at] === 'A' ? 'B' : 'A';
      const changed = text.slice(0, at) + other + text.slice(at + 1);
      assert.match(proven.verify(changed).fault ?? 'none', /^BCHF_/, `character ${at}`);
      const without = text.slice(0, at) + text.slice(at + 1);
      assert.match(proven.verify(without).fault ?? 'none', /^BCHF_/, `without character ${at}`);
    }
    assert.equal(proven.verify(` ${text}`).fault, 'BCHF_PROOF_MALFORMED');
    assert.equal(proven.verify(`${text}\n`).fault, 'BCHF_PROOF_MALFORMED');
  });

  it('is refused in each field', () => {
    const claim = { ...ported.claim, holder: { member: 'a' } };
    assert.equal(faultOf({ claim }), 'BCHF_PROOF_WRONG_CLAIM');
    assert.equal(faultOf({ claim: absent.claim }), 'BCHF_PROOF_WRONG_CLAIM');
    assert.equal(faultOf({ number: 'msisdn-86113001' }), 'BCHF_PROOF_WRONG_CLAIM');
    assert.equal(faultOf({ number: 'msisdn-86118000' }), 'BCHF_PROOF_BROKEN');
    assert.equal(faultOf({ number: 'imsi-86113000' }), 'BCHF_PROOF_BROKEN');
    assert.equal(faultOf({ number: '86113000' }), 'BCHF_PROOF_MALFORMED');
    const header = { ...proven.next.proven.block.header, appHash: new Uint8Array(32) };
    assert.equal(faultOf({ header: encodeHeader(header) }), 'BCHF_COMMIT_WRONG_BLOCK');
    const earlier = proven.chain.blocks[1]!.proven;
    assert.equal(
      faultOf({ header: encodeHeader(earlier.block.header), commit: encodeCommit(earlier.commit) }),
      'BCHF_PROOF_BROKEN',
    );
    assert.equal(faultOf({ header: ported.header.subarray(1) }), 'BCHF_BLOCK_MALFORMED');
    for (const [at, bytes] of ported.state.entries()) {
      for (const place of [0, 1, bytes.length >> 1, bytes.length - 1]) {
        const state = ported.state.map((one) => Uint8Array.from(one));
        state[at]![place]! ^= 1;
        assert.equal(faultOf({ state }), 'BCHF_PROOF_BROKEN', `byte ${place} of ${at}`);
      }
      const state = ported.state.filter((_, index) => index !== at);
      assert.equal(faultOf({ state }), 'BCHF_PROOF_BROKEN', `without ${at}`);
      assert.equal(faultOf({ state: [...ported.state, bytes] }), 'BCHF_PROOF_BROKEN', 'one more');
    }
    const reversed = [...ported.state].reverse();
    assert.equal(faultOf({ state: reversed }), 'BCHF_PROOF_BROKEN');
  });

  it('is refused with the commit of too few, forged, or by others', () => {
    const commit = decodeCommit(ported.commit);
    const none = new Uint8Array(0);
    const absentPlace = {
      flag: BLOCK_ID_FLAG.absent,
      validatorAddress: none,
      timestamp: NO_TIME,
      signature: none,
    };
    const signatures = commit.signatures.map((one, index) => (index < 2 ? absentPlace : one));
    const underpowered = encodeCommit({ ...commit, signatures });
    assert.equal(faultOf({ commit: underpowered }), 'BCHF_COMMIT_UNDERPOWERED');
    const forged = commit.signatures.map((one) => ({
      ...one,
      signature: new Uint8Array(64).fill(7),
    }));
    assert.equal(
      faultOf({ commit: encodeCommit({ ...commit, signatures: forged }) }),
      'BCHF_COMMIT_BAD_SIGNATURE',
    );
    const others = new ValidatorSet([{ publicKey: new Uint8Array(32).fill(9), power: 1 }]);
    assert.equal(verifyProof(text, others, chainId).fault, 'BCHF_COMMIT_WRONG_VALIDATORS');
    assert.equal(
      verifyProof(text, proven.chain.validators, 'other').fault,
      'BCHF_COMMIT_WRONG_CHAIN',
    );
  });

  it('cannot deny an entry by leaving it out of its bucket, or the bucket out of its node', async () => {
    // Without the entry, as if it had never been: right in itself, but of another app hash.
    const other = new ProvenChain(foundation);
    const denial = await other.prove(parseUeId('msisdn-86113000')!);
    assert.equal(other.verify(encodeProof(denial)).fault, undefined);
    assert.equal(faultOf({ state: denial.state, claim: denial.claim }), 'BCHF_PROOF_BROKEN');
    const leaf = ported.state.findIndex((bytes) => bytes[0] === 0 && bytes.length > 14);
    const state = [...ported.state];
    const bytes = Buffer.from(state[leaf]!);
    state[leaf] = Buffer.concat([bytes.subarray(0, 10), bytes.subarray(14)]);
    assert.equal(faultOf({ state }), 'BCHF_PROOF_BROKEN');
    for (const [at, node] of ported.state.entries()) {
      if (node[0] !== 1) continue;
      const count = (node.length - 11) / 33;
      const smaller = Buffer.concat([
        node.subarray(0, 11 + count - 1),
        node.subarray(11 + count, node.length - 32),
      ]);
      const cut = ported.state.map((one, index) => (index === at ? smaller : one));
      assert.equal(faultOf({ state: cut }), 'BCHF_PROOF_BROKEN');
    }
  });

  it('is not read beyond its limits', () => {
    assert.equal(proven.verify('['.repeat(PROOF_CHARACTERS_MAX + 1)).fault, 'BCHF_PROOF_TOO_LARGE');
    assert.equal(proven.verify('['.repeat(PROOF_CHARACTERS_MAX)).fault, 'BCHF_PROOF_MALFORMED');
    const state = Array.from({ length: PROOF_STATE_MAX + 1 }, () => new Uint8Array(0));
    assert.equal(decodeProof(encodeProof({ ...ported, state })), undefined);
    assert.ok(decodeProof(encodeProof({ ...ported, state: state.slice(1) })));
    const header = encodeHeader({ ...decodeHeader(ported.header), chainId: 'x'.repeat(600) });
    assert.equal(faultOf({ header }), 'BCHF_BLOCK_TOO_LARGE');
  });
});
