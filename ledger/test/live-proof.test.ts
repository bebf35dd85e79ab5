// Proofs by a ledger that goes on: they are those of the state before its tip, whatever the newest block
// has changed, and the same bytes that the stopped ledger gives.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ValidatorSet } from '../block/validator-set.ts';
import { type Ledger, openLedger } from '../ledger.ts';
import type { UeId } from '../number.ts';
import { encodeProof } from '../proof/proof-codec.ts';
import { encodeStateProof, verifyStateProof } from '../proof/state-proof.ts';
import { openProver } from '../proof/stored-proof.ts';
import { verifyProof } from '../proof/verify-proof.ts';
import { HashTree } from '../state/hash-tree.ts';
import { LedgerStore } from '../store/ledger-store.ts';
import type { TransactionBody } from '../transaction-body.ts';
import { authorityPublicKey, chainId, foundation, key, Signer } from './consortium.ts';
import { randomFrom, seed } from './seed.ts';

const random = randomFrom(seed);

describe('a hash tree before its last changes', () => {
  it('has the nodes and the root that it had', () => {
    const ids = (count: number) =>
      Array.from({ length: count }, () => Math.floor(random() * 300) ** 2 * 7);
    const tree = new HashTree(5);
    const rows = new Map<number, Buffer>();
    const change = (changed: readonly number[], isKept: boolean): void => {
      for (const id of changed) {
        const row = random() < 0.3 ? undefined : Buffer.from([random() * 256, random() * 256]);
        tree.set(id, row);
        if (isKept && row) rows.set(id, row);
        else if (isKept) rows.delete(id);
      }
    };
    assert.equal(tree.before(), undefined);
    for (let round = 0; round < 30; round++) {
      change(round % 3 === 0 ? [...rows.keys()] : ids(round * 3), true);
      tree.mark();
      const expected = new HashTree(5);
      for (const [id, row] of rows) expected.set(id, row);
      expected.root();
      change([...ids(1 + round * 2), ...[...rows.keys()].slice(0, round)], false);
      tree.root();
      const before = tree.before()!;
      assert.deepEqual(before.root(), expected.root());
      for (let level = 8; level > 0; level--) {
        const prefixes = new Set([...rows.keys()].map((id) => Math.floor(id / 100 ** level)));
        for (const prefix of [...prefixes, 1, 2]) {
          assert.deepEqual(
            before.at(level, prefix),
            expected.at(level, prefix),
            `${level} ${prefix}`,
          );
        }
      }
      // Back to what is kept, so that the next round begins with it.
      for (let id = 0; id < 300; id++) tree.set(id ** 2 * 7, rows.get(id ** 2 * 7));
    }
  });
});

describe('a ledger that goes on', () => {
  const numbers = Array.from({ length: 6 }, (_, at): UeId => {
    return { identity: 'msisdn', key: key('86110000') + at * 700 };
  });

  async function assertProves(ledger: Ledger): Promise<string[]> {
    const validators = new ValidatorSet(ledger.validators);
    const { height } = ledger.tip;
    const texts: string[] = [];
    for (const ueId of numbers) {
      const text = encodeProof(await ledger.prove(ueId));
      const verdict = verifyProof(text, validators, chainId);
      assert.equal(verdict.fault, undefined);
      assert.ok(verdict.height! >= height - 1);
      texts.push(text);
    }
    if (height > 1) {
      const proof = await ledger.proveState();
      assert.ok(!('fault' in verifyStateProof(proof, validators, chainId)));
      texts.push(encodeStateProof(proof));
    }
    return texts;
  }

  it('proves the state before its tip, also at once after it was opened', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'bchf-live-proof-'));
    const open = () =>
      openLedger({ directory, chainId, authorityPublicKey, settings: {}, now: () => 1.8e12 });
    let ledger = await open();
    try {
      await assert.rejects(ledger.prove(numbers[0]!), { code: 'BCHF_PROOF_UNAVAILABLE' });
      const signer = new Signer();
      await ledger.commit(foundation.map((body) => signer.sign(body)));
      await assert.rejects(ledger.proveState(), { code: 'BCHF_PROOF_UNAVAILABLE' });
      for (let block = 0; block < 6; block++) {
        // Every other block ports a number, away and back again.
        const [donor, recipient] = block % 4 === 0 ? ['a', 'b'] : ['b', 'a'];
        const port: TransactionBody = {
          kind: 'port',
          identity: 'msisdn',
          numbers: [numbers[0]!.key],
          donor: donor!,
          recipient: recipient!,
          route: `${recipient}1`,
        };
        const transactions = block % 2 === 0 ? [signer.sign(port)] : [];
        const committed = ledger.commit(transactions);
        // Asked for before the block is done: they take their turn behind it.
        await Promise.all([committed, ledger.prove(numbers[0]!), ledger.prove(numbers[1]!)]);
        assert.ok((await committed).results.every(({ code }) => code === 'OK'));
        const live = await assertProves(ledger);
        await ledger.close();
        const store = await LedgerStore.open(join(directory, 'store'));
        const prover = await openProver(store);
        const stopped = [
          ...(await Promise.all(
            numbers.map(async (ueId) => encodeProof(await prover.number(ueId))),
          )),
          encodeStateProof(prover.state()),
        ];
        await store.close();
        assert.deepEqual(live, stopped);
        ledger = await open();
        assert.deepEqual(await assertProves(ledger), stopped);
      }
    } finally {
      await ledger.close();
      await rm(directory, { recursive: true });
    }
  });
});
