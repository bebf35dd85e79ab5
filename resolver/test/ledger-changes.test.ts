// The seam between ledger and index: random transactions of every kind, valid or not, are executed;
// the changes they give are applied to an index, and index and ledger say of every single number
// what the flows of the domain say of it.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EntryChange } from '../../ledger/entry.ts';
import { IDENTITIES, type Identity } from '../../ledger/number.ts';
import { LedgerState } from '../../ledger/state/state.ts';
import { executeBlock, type ReceivedTransaction } from '../../ledger/state/state-machine.ts';
import { authorityPublicKey } from '../../ledger/test/consortium.ts';
import { randomFrom, seed } from '../../ledger/test/seed.ts';
import { contentHash } from '../../wasm/content-hash.ts';
import type { NumberIndex } from '../../wasm/number-index.ts';
import { ReferenceIndex } from '../../wasm/reference-index.ts';
import { createWasmIndex } from '../../wasm/wasm-index.ts';
import { ConsortiumModel, numbersOf } from './consortium-model.ts';
import { bodiesFrom, DIGITS } from './random-transactions.ts';

const BLOCKS = 300;
const TRANSACTIONS_MAX = 12;
/** Every so many blocks the index is built anew from the state. */
const REBUILD_BLOCKS = 25;
const INDEX_BYTES_MAX = 64 << 20;

const numbersOfAllLengths = Array.from({ length: DIGITS }, (_, at) =>
  numbersOf({ from: 10 ** (at + 1), to: 2 * 10 ** (at + 1) - 1 }),
).flat();

function named(changes: Iterable<EntryChange>): string[] {
  return Array.from(changes, ({ identity, entry, from, to, route: by }) =>
    [identity, entry, from, to, by].join(' '),
  ).sort();
}

/** An index that is built from the state alone has the content of those that took every change. */
function assertRebuiltIsSame(state: LedgerState, indexes: Record<Identity, NumberIndex[]>): void {
  for (const identity of IDENTITIES) {
    const rebuilt = createWasmIndex({ memoryBytesMax: INDEX_BYTES_MAX });
    rebuilt.apply([...state.entries()].filter((entry) => entry.identity === identity));
    const expected = Buffer.from(contentHash(rebuilt)).toString('hex');
    for (const index of indexes[identity]) {
      assert.equal(Buffer.from(contentHash(index)).toString('hex'), expected);
    }
  }
}

describe('the entry changes of blocks', () => {
  it('lead an index to the ledger’s entries, as one built anew has them, and to what holds for every number', () => {
    const random = randomFrom(seed);
    const model = new ConsortiumModel();
    const nextBody = bodiesFrom(random, model);
    const state = LedgerState.genesis(authorityPublicKey);
    state.takeChangedRows();
    const indexes: Record<Identity, NumberIndex[]> = {
      imsi: [new ReferenceIndex(), createWasmIndex()],
      msisdn: [new ReferenceIndex(), createWasmIndex()],
    };
    const entries = new Map<string, EntryChange>();
    const accepted = new Map<string, number>();
    let sequence = 0;
    let wentHome = 0;
    for (let block = 0; block < BLOCKS; block++) {
      const forged = new Set<number>();
      const count = 1 + Math.floor(random() * TRANSACTIONS_MAX);
      const expected: boolean[] = [];
      const received = Array.from({ length: count }, (_, at): ReceivedTransaction => {
        const bytes = new Uint8Array(0);
        const mishap = random();
        if (mishap < 0.03) {
          expected.push(false);
          return { bytes, decoded: { code: 'BCHF_TX_MALFORMED' } };
        }
        const body = nextBody();
        const isReplayed = mishap < 0.06;
        if (mishap >= 0.06 && mishap < 0.09) forged.add(at);
        const isAllowed = mishap >= 0.09 && model.apply(body);
        expected.push(isAllowed);
        if (isAllowed) accepted.set(body.kind, (accepted.get(body.kind) ?? 0) + 1);
        const transaction = { body, sequence: isReplayed ? -1 : ++sequence, signatures: [] };
        return { bytes, decoded: { transaction } };
      });
      const { codes, changes } = executeBlock(state, received, (at) => !forged.has(at), 0);
      assert.deepEqual(
        codes.map((code) => code === 'OK'),
        expected,
        `block ${block}: ${codes}`,
      );
      for (const change of changes) {
        const name = [change.identity, change.entry, change.from, change.to].join(' ');
        if (change.route !== null) entries.set(name, change);
        else {
          assert.ok(entries.delete(name), `${name} disappears but was never set`);
          wentHome++;
        }
      }
      assert.deepEqual(named(entries.values()), named(state.entries()));
      for (const identity of IDENTITIES) {
        const own = changes.filter((change) => change.identity === identity);
        for (const index of indexes[identity]) index.apply(own);
      }
      if ((block + 1) % REBUILD_BLOCKS === 0) assertRebuiltIsSame(state, indexes);
    }
    for (const identity of IDENTITIES) {
      for (const index of indexes[identity]) {
        for (const key of numbersOfAllLengths) {
          assert.deepEqual(index.explain(key), model.explain(identity, key), `${identity} ${key}`);
        }
      }
    }
    const kinds = [
      'admit-members',
      'declare-routes',
      'assign-prefixes',
      'join-member',
      'grant-prefixes',
      'inject-pool',
      'allocate',
      'port',
      'transfer',
      'change-route',
      'release',
    ];
    assert.deepEqual([...accepted.keys()].sort(), kinds.sort(), 'every kind was accepted');
    assert.ok(wentHome > 0, 'some numbers were ported home');
  });
});
