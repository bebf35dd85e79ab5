// What a node says of transactions while the ledger is at work.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { PendingPool } from '../pending-pool.ts';
import { TransactionExchange } from '../transaction-exchange.ts';

/** An exchange that has taken a transaction with sequence 5, and the ledger and clock that it goes by. */
async function exchangeWithOne() {
  const ledger = {
    chainId: 'test',
    sequence: 4,
    admit: async () => ({ admitted: { signer: 'a', sequence: 5 } }),
    lastSequence: () => ledger.sequence,
  };
  const clock = {
    tick: (): void => {},
    nowMs: () => 0,
    after(_delayMs: number, action: () => void) {
      clock.tick = action;
      return () => {};
    },
  };
  const exchange = new TransactionExchange({
    ledger,
    clock,
    transport: { subscribe: () => {}, publish: async () => {} },
    pool: new PendingPool(),
    isCurrent: () => true,
    onPending: () => {},
  });
  exchange.start();
  const { id } = await exchange.submit(Uint8Array.of(1));
  assert.equal(exchange.status(id).status, 'pending');
  return { exchange, id, ledger, clock };
}

it('a transaction is pending while its block is being stored, and committed then', async () => {
  const { exchange, id, ledger, clock } = await exchangeWithOne();
  // The ledger counts the transactions of a block before it has stored it.
  ledger.sequence = 5;
  clock.tick();
  assert.equal(exchange.status(id).status, 'pending');
  exchange.committed({ height: 1, results: [{ id: Buffer.from(id, 'hex'), code: 'OK' }] });
  assert.equal(exchange.status(id).status, 'committed');
});

it('a transaction is told as expired that another with its sequence was faster than', async () => {
  const { exchange, id, ledger } = await exchangeWithOne();
  ledger.sequence = 5;
  exchange.committed({ height: 1, results: [] });
  assert.equal(exchange.status(id).status, 'expired');
});
