// Tests of refused transactions: each case says the code and what is wrong; a refused transaction
// changes nothing but the sequence that it uses up. Every code must be in the cases of some test file.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Row } from '../state/tables.ts';
import type { TransactionBody } from '../transaction-body.ts';
import type { TransactionCode } from '../transaction-code.ts';
import type { TestChain } from './consortium.ts';

/** The code, what is wrong, and the transaction. */
export type Refusal = [TransactionCode, string, TransactionBody | Uint8Array];

/** One test for each case on a chain, which stays as it is. */
export function testRefusals(chain: TestChain, refusals: readonly Refusal[]): void {
  for (const [code, what, transaction] of refusals) {
    it(`has the code ${code} (${what}) and changes nothing`, () => {
      const before = chain.state.appHash();
      const { codes, changes, changedRoutes, rows, appHash } = chain.block([transaction]);
      assert.deepEqual(codes, [code]);
      assert.deepEqual(
        { changes, changedRoutes, rows: rows.filter((row) => !isSequence(row)) },
        { changes: [], changedRoutes: [], rows: [] },
      );
      if (rows.length === 0) assert.deepEqual(appHash, before);
    });
  }
}

/** Whether a row says which sequence was used last, by a member or by a proposal. */
export function isSequence({ table, id }: Row): boolean {
  return table === 'sequences' || (table === 'parameters' && id === 1);
}
