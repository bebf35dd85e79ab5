// Figures 10 and 11 on a devnet: numbers are injected under a pricing contract, allocated, transferred,
// led elsewhere, paid for and released, and every resolver answers so.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TransactionBody } from '../../ledger/transaction-body.ts';
import { signTransaction } from '../../ledger/transaction-codec.ts';
import { DEVNET_CHAIN_ID } from '../node-devnet.ts';
import { bodyOfJson } from '../node-transaction-json.ts';
import { runBchf } from './bchf-process.ts';
import { range, type TestDevnet } from './test-devnet.ts';

const identity = 'msisdn' as const;
const PERIOD_MS = 200;
const PRICE = 2;
const FEE = 1;

function allocation(member: number, from: string, to: string, settlement = 0): TransactionBody {
  const body = { kind: 'allocate' as const, member: `member-${member}`, identity };
  const paid = settlement > 0 ? { settlement } : {};
  return { ...body, ranges: [range(from, to)], route: `member-${member}-udm`, ...paid };
}

function transfer(
  from: number,
  to: number,
  ranges: ReturnType<typeof range>[],
  paid: { price?: number; settlement?: number } = {},
): TransactionBody {
  return {
    kind: 'transfer',
    identity,
    ranges,
    transferor: `member-${from}`,
    recipient: `member-${to}`,
    route: `member-${to}-udm`,
    ...paid,
  };
}

export function poolFlows(devnet: TestDevnet): void {
  /** What the node of a member offers it, as a transaction to be signed. */
  const propose = async (member: number, wish: string): Promise<TransactionBody> => {
    const query = `allocations?member=member-${member}&route=member-${member}-udm&${wish}`;
    const found = await (await devnet.client(member)).read<{ transaction: object }>(query);
    return bodyOfJson(found!.transaction);
  };

  test('pool injection: a member puts numbers in, under a contract of its own', async () => {
    await devnet.commit(3, {
      kind: 'create-pricing-contract',
      member: 'member-2',
      contract: 'pool-2',
      identity,
      periodMs: PERIOD_MS,
      price: PRICE,
      transferFee: FEE,
      tariffs: [],
      ranges: [],
    });
    const inject: TransactionBody = {
      kind: 'inject-pool',
      member: 'member-2',
      identity,
      ranges: [range('99902000000', '99902000999')],
      contract: 'pool-2',
    };
    const height = await devnet.commit(2, inject);
    await devnet.expectEverywhere('99902000005', height, 'prefix', 'member-2-udm');
    assert.equal((await devnet.handIn(2, inject)).code, 'BCHF_TX_NOT_FREE');
    const foreign = { ...inject, ranges: [range('99903000000')], contract: 'pool-2' };
    assert.equal((await devnet.handIn(2, foreign)).code, 'BCHF_TX_NOT_OWNER');
  });

  test('allocation: numbers that the node finds are paid for, and lead to who takes them', async () => {
    const short = allocation(3, '99902000000', '99902000009', 10 * PRICE);
    assert.equal((await devnet.handIn(3, short)).code, 'BCHF_TX_INSUFFICIENT_DEPOSIT');
    await devnet.commit(1, { kind: 'deposit', member: 'member-3', amount: 100_000 });
    await devnet.commit(1, { kind: 'deposit', member: 'member-4', amount: 100_000 });
    const wrong = allocation(3, '99902000000', '99902000009', 10 * PRICE - 1);
    assert.equal((await devnet.handIn(3, wrong)).code, 'BCHF_TX_WRONG_SETTLEMENT');
    const body = await propose(3, 'count=10&prefix=99902');
    assert.deepEqual(body, allocation(3, '99902000000', '99902000009', 10 * PRICE));
    const height = await devnet.commit(3, body);
    await devnet.expectEverywhere('99902000009', height, 'fragmented', 'member-3-udm');
    await devnet.expectEverywhere('99902000010', height, 'prefix', 'member-2-udm');
    assert.deepEqual(await devnet.balances(4, [2, 3]), [20, 99_980]);
  });

  test('two members that race for the same number: one is told why not, and gets another', async () => {
    const wish = 'count=1&prefix=999000';
    const bodies = await Promise.all([propose(2, wish), propose(3, wish)]);
    const ranges = bodies.map((body) => (body as { ranges: unknown }).ranges);
    assert.deepEqual(ranges[0], ranges[1]);
    const outcomes = await Promise.all(bodies.map((body, at) => devnet.handIn(at + 2, body)));
    const codes = outcomes.map(({ code }) => code);
    assert.deepEqual([...codes].sort(), ['BCHF_TX_NOT_FREE', 'OK']);
    const [winner, loser] = codes[0] === 'OK' ? [2, 3] : [3, 2];
    const height = Math.max(...outcomes.map((outcome) => outcome.height!));
    await devnet.expectEverywhere('999000000000', height, 'fragmented', `member-${winner}-udm`);
    const again = await propose(loser, wish);
    const later = await devnet.commit(loser, again);
    await devnet.expectEverywhere('999000000001', later, 'fragmented', `member-${loser}-udm`);
  });

  test('transfer: with both signatures, fees and price the numbers lead to the recipient', async () => {
    const single = [range('99902000003')];
    const alone = transfer(3, 4, single, { price: 50, settlement: FEE });
    assert.equal((await devnet.handIn(3, transfer(3, 4, single))).code, 'BCHF_TX_WRONG_SETTLEMENT');
    const foreign = transfer(2, 4, single, { settlement: FEE });
    assert.equal((await devnet.handIn(2, foreign)).code, 'BCHF_TX_NOT_OWNER');
    const poor = transfer(3, 4, single, { price: 1_000_000, settlement: FEE });
    assert.equal((await devnet.handIn(3, poor)).code, 'BCHF_TX_INSUFFICIENT_DEPOSIT');
    const before = await devnet.balances(1, [2, 3, 4]);
    const height = await devnet.commit(4, alone);
    await devnet.expectEverywhere('99902000003', height, 'ported', 'member-4-udm');
    await devnet.expectEverywhere('99902000004', height, 'fragmented', 'member-3-udm');
    const after = await devnet.balances(1, [2, 3, 4]);
    assert.deepEqual(
      after.map((balance, at) => balance - before[at]!),
      [FEE, 50, -50 - FEE],
    );
    const run = transfer(3, 4, [range('99902000006', '99902000007')], { settlement: 2 * FEE });
    const later = await devnet.commit(3, run);
    await devnet.expectEverywhere('99902000007', later, 'fragmented', 'member-4-udm');
    const back = await devnet.commit(4, transfer(4, 3, single, { settlement: FEE }));
    await devnet.expectEverywhere('99902000003', back, 'fragmented', 'member-3-udm');
  });

  test('a change of route leads numbers of the pool to another element of their owner', async () => {
    await devnet.commit(4, {
      kind: 'declare-routes',
      member: 'member-4',
      routes: [{ ...(await devnet.answer(4, '99904000000')).route, id: 'member-4-hss' } as never],
    });
    const change = (member: number): TransactionBody => ({
      kind: 'change-route',
      member: `member-${member}`,
      identity,
      route: member === 4 ? 'member-4-hss' : 'member-3-udm',
      prefixes: [],
      ranges: [range('99902000006', '99902000007')],
      numbers: [],
    });
    assert.equal((await devnet.handIn(3, change(3))).code, 'BCHF_TX_NOT_OWNER');
    const height = await devnet.commit(4, change(4));
    await devnet.expectEverywhere('99902000006', height, 'fragmented', 'member-4-hss');
  });

  test('occupation is charged by block time and settled; released numbers are the pool’s', async () => {
    const owes = async (): Promise<number> => {
      const told = await (await devnet.client(1)).read<{ due: number }>('members/member-3');
      return told!.due;
    };
    // Time passes with blocks; a refused transaction makes one as well.
    const tick = () => devnet.handIn(3, allocation(3, '99901000000', '99901000000'));
    for (let tries = 0; tries < 100 && (await owes()) === 0; tries++) await tick();
    const before = await devnet.balances(1, [2, 3]);
    await devnet.commit(2, {
      kind: 'settle-occupation',
      member: 'member-2',
      contract: 'pool-2',
      occupant: 'member-3',
    });
    const after = await devnet.balances(1, [2, 3]);
    const paid = after[0]! - before[0]!;
    assert.ok(paid > 0 && paid % PRICE === 0, `${paid} was paid`);
    assert.equal(before[1]! - after[1]!, paid);
    const release: TransactionBody = {
      kind: 'release',
      member: 'member-3',
      identity,
      ranges: [range('99902000000', '99902000005')],
    };
    const height = await devnet.commit(3, release);
    await devnet.expectEverywhere('99902000003', height, 'prefix', 'member-2-udm');
    assert.equal((await devnet.handIn(3, release)).code, 'BCHF_TX_IN_POOL');
    const body = await propose(4, 'count=3&prefix=99902');
    assert.deepEqual((body as { ranges: unknown }).ranges, [range('99902000000', '99902000002')]);
  });

  test('what cannot wait for a block is refused where it is handed in, with its code', async () => {
    const client = await devnet.client(3);
    const body = allocation(3, '999000000700', '999000000700');
    const bytes = await client.sign(body, devnet.keys);
    const forged = Uint8Array.from(bytes);
    forged[forged.length - 1]! ^= 1;
    assert.equal((await devnet.handIn(3, forged)).code, 'BCHF_TX_BAD_SIGNATURE');
    assert.equal((await devnet.handIn(3, bytes.subarray(1))).code, 'BCHF_TX_MALFORMED');
    assert.equal((await devnet.handIn(3, bytes)).code, 'OK');
    const own = devnet.keys.find(({ member }) => member === 'member-3')!.privateKey;
    const elsewhere = signTransaction(body, 1_000_000, 'another-chain', [own]);
    assert.equal((await devnet.handIn(3, elsewhere)).code, 'BCHF_TX_BAD_SIGNATURE');
    const stale = signTransaction(body, 1_000_000, DEVNET_CHAIN_ID, [own], 1);
    assert.equal((await devnet.handIn(3, stale)).code, 'BCHF_TX_STALE');
    const old = signTransaction(body, 0, DEVNET_CHAIN_ID, [own]);
    assert.equal((await devnet.handIn(2, old)).code, 'BCHF_TX_REPLAYED');
  });

  test('the command line finds numbers, takes them, and says what became of it', async () => {
    const server = ['--server', `http://127.0.0.1:${devnet.node(4).ports.ledger}`];
    const wish = ['--member', 'member-4', '--route', 'member-4-udm', '--prefix', '9990008'];
    const found = await runBchf('tx', 'propose', ...wish, '--count', '10', ...server);
    assert.equal(found.code, 0, found.stderr);
    const file = join(devnet.directory, 'allocate.json');
    writeFileSync(file, found.stdout);
    const keyFile = join(devnet.directory, 'member-4', 'member.json');
    const submit = (...more: string[]) =>
      runBchf('tx', 'submit', file, '--key', keyFile, ...server, '--json', ...more);
    const taken = await submit();
    assert.equal(taken.code, 0, taken.stderr);
    const { status, code, height } = JSON.parse(taken.stdout);
    assert.deepEqual([status, code], ['committed', 'OK']);
    await devnet.expectEverywhere('999000800009', height, 'fragmented', 'member-4-udm');
    const [again, old, none] = await Promise.all([
      submit(),
      submit('--sequence', '0'),
      runBchf('tx', 'propose', ...wish.slice(0, 4), '--prefix', '99901', ...server),
    ]);
    assert.equal(again.code, 1);
    assert.equal(JSON.parse(again.stdout).code, 'BCHF_TX_NOT_FREE');
    assert.equal(old.code, 1);
    const refused = JSON.parse(old.stdout);
    assert.deepEqual([refused.status, refused.code], ['refused', 'BCHF_TX_REPLAYED']);
    assert.equal(none.code, 3, none.stderr);
  });
}
