// A snapshot against the chain: it is proven by the header after its block, and nothing else is.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { EntryChange } from '../../ledger/entry.ts';
import {
  encodeStateProof,
  STATE_PROOF_CHARACTERS_MAX,
  type StateProof,
  verifyStateProof,
  verifyStateProofFile,
} from '../../ledger/proof/state-proof.ts';
import { chainId, foundation, key } from '../../ledger/test/consortium.ts';
import { SignedChain } from '../../ledger/test/signed-chain.ts';
import { createWasmIndex } from '../../wasm/wasm-index.ts';
import { applyToIndexes } from '../served-content.ts';
import { loadSnapshot, type SnapshotContent, writeSnapshot } from '../snapshot/snapshot-file.ts';
import { verifySnapshot } from '../snapshot/verify-snapshot.ts';

const directory = mkdtempSync(join(tmpdir(), 'bchf verify snapshot '));
after(() => rmSync(directory, { recursive: true }));

const chain = new SignedChain();
const HEIGHT = 3;
let proof: StateProof;

const range = (from: string, to: string) => [{ from: key(from), to: key(to) }];

before(() => {
  for (const bodies of [
    foundation,
    [
      {
        kind: 'inject-pool' as const,
        member: 'a',
        identity: 'msisdn' as const,
        ranges: range('86110100', '86112999'),
      },
      {
        kind: 'allocate' as const,
        member: 'b',
        identity: 'msisdn' as const,
        ranges: range('86110500', '86111499'),
        route: 'b1',
      },
    ],
    [
      {
        kind: 'transfer' as const,
        identity: 'msisdn' as const,
        ranges: range('86110600', '86110700'),
        transferor: 'b',
        recipient: 'a',
        route: 'a1',
      },
      {
        kind: 'port' as const,
        identity: 'msisdn' as const,
        numbers: ['86130001', '86130002', '86139999'].map(key),
        donor: 'a',
        recipient: 'b',
        route: 'b1',
      },
    ],
  ]) {
    const { codes } = chain.block(bodies);
    assert.ok(
      codes.every((code) => code === 'OK'),
      codes.join(),
    );
  }
  const state = Uint8Array.from(chain.state.stateBytes());
  const { header: headerBefore } = chain.blocks[HEIGHT - 1]!.proven.block;
  const { block, commit } = chain.block([]).proven;
  proof = { header: block.header, commit, before: headerBefore, state };
});

/** The snapshot of the block, with other entries where some are given. */
function content(entries: EntryChange[] = [...chain.state.entries()]): SnapshotContent {
  const { timeMs, blockId } = chain.blocks[HEIGHT - 1]!.proven;
  const block = { chainId, height: HEIGHT, blockHash: blockId.hash, timeMs };
  const indexes = { imsi: createWasmIndex(), msisdn: createWasmIndex() };
  applyToIndexes(indexes, block, entries);
  return { indexes, routes: chain.state.routes, block, state: chain.state.stateBytes() };
}

function vouched() {
  const verdict = verifyStateProof(proof, chain.validators, chainId);
  assert.ok(!('fault' in verdict));
  return verdict;
}

const isUnproven = { code: 'BCHF_SNAPSHOT_UNPROVEN' };

describe('a snapshot', () => {
  it('is proven by the block after its own, also once it was written and loaded', async () => {
    verifySnapshot(content(), vouched());
    const path = join(directory, 'snapshot');
    const manifest = await writeSnapshot(path, content(), 0);
    assert.deepEqual(Buffer.from(manifest.state!, 'base64'), Buffer.from(proof.state));
    verifySnapshot(await loadSnapshot(path), vouched());
  });

  it('is not proven with an entry more, less, or with another route', () => {
    const entries = [...chain.state.entries()];
    for (const kind of ['prefix', 'fragmented', 'ported'] as const) {
      const at = entries.findIndex(({ entry }) => entry === kind);
      const one = entries[at]!;
      const without = entries.toSpliced(at, 1);
      const routed = entries.with(at, { ...one, route: one.route! ^ 1 });
      for (const other of [without, routed]) {
        assert.throws(() => verifySnapshot(content(other), vouched()), isUnproven, kind);
      }
    }
    const ported = { entry: 'ported', from: key('46000'), to: key('46000'), route: 0 } as const;
    const more = [...entries, { ...ported, identity: 'imsi' as const }];
    assert.throws(() => verifySnapshot(content(more), vouched()), isUnproven);
  });

  it('is not proven with entries that no ledger has', () => {
    const nested = (from: string, to: string) => ({
      ...{ identity: 'msisdn' as const, entry: 'fragmented' as const, route: 0 },
      ...range(from, to)[0]!,
    });
    const entries = [...chain.state.entries(), nested('86110610', '86110620')];
    assert.throws(() => verifySnapshot(content(entries), vouched()), isUnproven);
    const withUserData = content();
    const [ported] = [...withUserData.indexes.msisdn.entries()].slice(-1);
    const { msisdn } = withUserData.indexes;
    msisdn.apply([{ ...ported!, userData: 7 }], msisdn.label());
    assert.throws(() => verifySnapshot(withUserData, vouched()), isUnproven);
  });

  it('is not proven with other routes, or as one of another block', () => {
    const right = content();
    const changed = right.routes.with(0, { ...right.routes[0]!, fqdn: 'udm.example.org' });
    for (const routes of [changed, right.routes.slice(1), [...right.routes, right.routes[0]!]]) {
      assert.throws(() => verifySnapshot({ ...right, routes }, vouched()), isUnproven);
    }
    for (const other of [
      { height: HEIGHT + 1 },
      { timeMs: right.block.timeMs + 1 },
      { blockHash: new Uint8Array(32) },
      { chainId: 'another' },
    ]) {
      const block = { ...right.block, ...other };
      assert.throws(() => verifySnapshot({ ...right, block }, vouched()), isUnproven);
    }
  });
});

describe('the proof of a state', () => {
  const faultOf = (text: string) => {
    const verdict = verifyStateProofFile(text, chain.validators, chainId);
    return 'fault' in verdict ? verdict.fault : undefined;
  };

  it('says which block led to the state', () => {
    const text = encodeStateProof(proof);
    assert.deepEqual(verifyStateProofFile(text, chain.validators, chainId), vouched());
    const { height, blockHash, state } = vouched();
    assert.equal(height, HEIGHT);
    assert.deepEqual(blockHash, chain.blocks[HEIGHT - 1]!.proven.blockId.hash);
    assert.deepEqual(Buffer.from(state), Buffer.from(chain.state.stateBytes()));
  });

  it('is refused in each part that is another', () => {
    const earlier = chain.blocks[HEIGHT - 2]!.proven.block.header;
    const state = Uint8Array.from(proof.state);
    state[40]! ^= 1;
    const [first, ...rest] = proof.commit.signatures;
    const signature = Uint8Array.from(first!.signature);
    signature[9]! ^= 1;
    const signatures = [{ ...first!, signature }, ...rest];
    const cases: [StateProof, string][] = [
      [{ ...proof, before: earlier }, 'BCHF_PROOF_BROKEN'],
      [{ ...proof, before: { ...proof.before, chainId: 'x' } }, 'BCHF_PROOF_BROKEN'],
      [{ ...proof, state }, 'BCHF_PROOF_BROKEN'],
      [{ ...proof, commit: { ...proof.commit, signatures } }, 'BCHF_COMMIT_BAD_SIGNATURE'],
      [{ ...proof, header: earlier }, 'BCHF_COMMIT_WRONG_BLOCK'],
    ];
    for (const [broken, fault] of cases) assert.equal(faultOf(encodeStateProof(broken)), fault);
    const another = verifyStateProofFile(encodeStateProof(proof), chain.validators, 'another');
    assert.deepEqual(another, { fault: 'BCHF_COMMIT_WRONG_CHAIN' });
  });

  it('has one form, and a limit', () => {
    const text = encodeStateProof(proof);
    for (const other of ['', '{}', `${text}\n`, text.trimEnd(), text.replace('{', '{ ')]) {
      assert.equal(faultOf(other), 'BCHF_PROOF_MALFORMED', JSON.stringify(other.slice(0, 9)));
    }
    assert.equal(faultOf(' '.repeat(STATE_PROOF_CHARACTERS_MAX + 1)), 'BCHF_PROOF_TOO_LARGE');
  });
});
