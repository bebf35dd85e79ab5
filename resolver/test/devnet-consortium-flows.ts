// What a consortium needs besides numbers, on a devnet: roaming, keys of terminals, money, members and
// parameters by quorum.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { privateKeyOf, rawPublicKey } from '../../ledger/ed25519.ts';
import type { MemberRecord, TransactionBody } from '../../ledger/transaction-body.ts';
import type { Parameters } from '../../ledger/transaction-proposal.ts';
import { roamingContractAddress } from '../../ledger/transaction-roaming.ts';
import type { MemberKey } from '../node-client.ts';
import { key, range, type TestDevnet } from './test-devnet.ts';

const identity = 'msisdn' as const;
const quorum = ['member-1', 'member-2', 'member-3'];

function newKey(member: string, fill: number): MemberKey & { publicKey: Uint8Array } {
  const privateKey = privateKeyOf(new Uint8Array(32).fill(fill));
  return { member, privateKey, publicKey: rawPublicKey(privateKey) };
}

export function consortiumFlows(devnet: TestDevnet): void {
  test('roaming: the answer leads to the terms, use is reported, counted and settled', async () => {
    const address = roamingContractAddress('member-3', 'world');
    await devnet.commit(3, {
      kind: 'register-roaming-contract',
      member: 'member-3',
      name: 'world',
      prices: [{ service: 'messages', price: 3 }],
    });
    const { route } = await devnet.answer(3, '99903000001');
    const height = await devnet.commit(3, {
      kind: 'declare-routes',
      member: 'member-3',
      routes: [{ ...route, contractAddress: address } as never],
    });
    const visitor = await devnet.answer(2, '99903000001', height);
    assert.equal(visitor.route.contractAddress, address);
    const client = await devnet.client(2);
    const terms = await client.read<{ member: string; prices: unknown }>(
      `roaming-contracts/${visitor.route.contractAddress}`,
    );
    assert.deepEqual(terms!.prices, [{ service: 'messages', price: 3 }]);
    const report = (digits: string, service: 'messages' | 'voice-seconds'): TransactionBody => ({
      kind: 'report-roaming-usage',
      member: 'member-2',
      contract: address,
      identity,
      usage: [{ number: key(digits), service, units: 7 }],
    });
    await devnet.commit(2, report('99903000001', 'messages'));
    const unknown = await devnet.handIn(2, report('99903000001', 'voice-seconds'));
    assert.equal(unknown.code, 'BCHF_TX_UNKNOWN_SERVICE');
    const foreign = await devnet.handIn(2, report('99904000001', 'messages'));
    assert.equal(foreign.code, 'BCHF_TX_NOT_OWNER');
    const tally = () =>
      devnet
        .node(4)
        .client.read<{ due: number; paid: number; units: number[] }>(
          `roaming-contracts/${address}/member-2`,
        );
    const settle = (amount: number): TransactionBody => ({
      kind: 'settle-roaming',
      home: 'member-3',
      visited: 'member-2',
      contract: address,
      amount,
    });
    assert.equal((await devnet.handIn(3, settle(20))).code, 'BCHF_TX_WRONG_SETTLEMENT');
    const before = await devnet.balances(1, [2, 3]);
    const settled = await devnet.commit(3, settle(21));
    await devnet.answer(4, '99903000001', settled);
    const { due, paid, units } = (await tally())!;
    assert.deepEqual([due, paid, units], [0, 21, [0, 7, 0]]);
    const after = await devnet.balances(1, [2, 3]);
    assert.deepEqual([after[0]! - before[0]!, after[1]! - before[1]!], [21, -21]);
    assert.equal((await devnet.handIn(3, settle(21))).code, 'BCHF_TX_NOTHING_DUE');
  });

  test('keys of terminals: registered, rotated and revoked by who has the number', async () => {
    const number = key('99904000007');
    const [first, second] = [newKey('', 11).publicKey, newKey('', 12).publicKey];
    const set = (
      kind: 'register-terminal-keys' | 'rotate-terminal-keys',
      publicKey: Uint8Array,
      member = 4,
    ): TransactionBody => ({
      kind,
      member: `member-${member}`,
      identity,
      keys: [{ number, publicKey }],
    });
    const told = async (height: number): Promise<string | undefined> => {
      await devnet.answer(1, '99904000007', height);
      const path = 'terminal-keys/msisdn-99904000007';
      return (await (await devnet.client(1)).read<{ publicKey: string }>(path))?.publicKey;
    };
    const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
    const foreign = await devnet.handIn(3, set('register-terminal-keys', first, 3));
    assert.equal(foreign.code, 'BCHF_TX_NOT_OWNER');
    const none = await devnet.handIn(4, set('rotate-terminal-keys', first));
    assert.equal(none.code, 'BCHF_TX_UNKNOWN_KEY');
    const registered = await devnet.commit(4, set('register-terminal-keys', first));
    assert.equal(await told(registered), hex(first));
    const same = await devnet.handIn(4, set('rotate-terminal-keys', first));
    assert.equal(same.code, 'BCHF_TX_KEY_EXISTS');
    const rotated = await devnet.commit(4, set('rotate-terminal-keys', second));
    assert.equal(await told(rotated), hex(second));
    const revoked = await devnet.commit(4, {
      kind: 'revoke-terminal-keys',
      member: 'member-4',
      identity,
      numbers: [number],
    });
    assert.equal(await told(revoked), undefined);
  });

  test('money comes in and goes out with the authority, never more than there is', async () => {
    const [before] = await devnet.balances(2, [1]);
    await devnet.commit(1, { kind: 'deposit', member: 'member-1', amount: 70 });
    const withdraw = (amount: number): TransactionBody => ({
      kind: 'withdraw',
      member: 'member-1',
      amount,
    });
    const over = await devnet.handIn(1, withdraw(before! + 71));
    assert.equal(over.code, 'BCHF_TX_INSUFFICIENT_DEPOSIT');
    await devnet.commit(1, withdraw(before! + 70));
    assert.deepEqual(await devnet.balances(1, [1]), [0]);
  });

  test('members: one joins by quorum and with its key, gets numbers, and leaves without any', async () => {
    const own = newKey('member-5', 5);
    const record: MemberRecord = {
      id: 'member-5',
      name: 'Member 5',
      publicKey: own.publicKey,
      plmns: [{ mcc: '999', mnc: '05' }],
    };
    const join = (approvers = quorum): TransactionBody => ({
      kind: 'join-member',
      member: record,
      approvers,
    });
    const alone = await devnet.handIn(1, { kind: 'admit-members', members: [record] });
    assert.equal(alone.code, 'BCHF_TX_FOUNDED');
    // Somebody else's key in the place of the joiner's.
    const imposter = { ...record, publicKey: newKey('', 6).publicKey };
    const client = await devnet.client(2);
    await assert.rejects(client.sign({ ...join(), member: imposter } as never, devnet.keys), {
      code: 'BCHF_TX_FILE_INVALID',
    });
    devnet.keys.push(own);
    const few = await devnet.handIn(2, join(['member-1', 'member-2']));
    assert.equal(few.code, 'BCHF_TX_NO_QUORUM');
    const forged = Uint8Array.from(await client.sign(join(), devnet.keys));
    forged[forged.length - 1]! ^= 1;
    assert.equal((await devnet.handIn(2, forged)).code, 'BCHF_TX_BAD_SIGNATURE');
    await devnet.commit(2, join());

    const { route } = await devnet.answer(4, '99904000000');
    const id = 'member-5-udm';
    const declare = (mnc: string): TransactionBody => ({
      kind: 'declare-routes',
      member: 'member-5',
      routes: [{ ...route, id, member: 'member-5', plmn: { mcc: '999', mnc } } as never],
    });
    assert.equal((await devnet.handIn(2, declare('04'))).code, 'BCHF_TX_FOREIGN_PLMN');
    await devnet.commit(3, declare('05'));
    const grant = (to: string): TransactionBody => ({
      kind: 'grant-prefixes',
      identity,
      assignments: [{ route: to, prefixes: [key('99905')] }],
      approvers: ['member-1', 'member-2', 'member-3', 'member-5'],
    });
    const assign: TransactionBody = {
      kind: 'assign-prefixes',
      identity,
      assignments: [{ route: id, prefixes: [key('99901')] }],
    };
    assert.equal((await devnet.handIn(1, assign)).code, 'BCHF_TX_FOUNDED');
    const granted = await devnet.commit(4, grant(id));
    await devnet.expectEverywhere('99905000000', granted, 'prefix', id);

    const leave: TransactionBody = {
      kind: 'leave-member',
      member: 'member-5',
      approvers: ['member-1', 'member-2', 'member-3', 'member-4'],
    };
    assert.equal((await devnet.handIn(1, leave)).code, 'BCHF_TX_HAS_NUMBERS');
    const taken = await devnet.commit(4, grant('member-1-udm'));
    await devnet.expectEverywhere('99905000000', taken, 'prefix', 'member-1-udm');
    await devnet.commit(1, leave);
    const gone = await devnet.handIn(3, declare('05'));
    assert.equal(gone.code, 'BCHF_TX_UNKNOWN_MEMBER');
  });

  test('members: a key is rotated by quorum and with the new one; the old one counts no more', async () => {
    const fresh = newKey('member-4', 44);
    const rotate: TransactionBody = {
      kind: 'rotate-member-key',
      member: 'member-4',
      publicKey: fresh.publicKey,
      approvers: quorum,
    };
    const declare: TransactionBody = {
      kind: 'declare-routes',
      member: 'member-4',
      routes: [(await devnet.answer(1, '99904000000')).route as never],
    };
    const old = devnet.keys;
    devnet.keys = [...old, fresh];
    await devnet.commit(1, rotate);
    devnet.keys = old;
    assert.equal((await devnet.handIn(1, declare)).code, 'BCHF_TX_BAD_SIGNATURE');
    devnet.keys = [...old.filter(({ member }) => member !== 'member-4'), fresh];
    await devnet.commit(1, declare);
  });

  test('parameters: a quorum says how much an allocation takes, and who buys numbers', async () => {
    const change = (parameters: Partial<Parameters>): TransactionBody => ({
      kind: 'change-parameters',
      parameters: {
        itemsMax: 10_000,
        numbersMax: 1_000_000,
        periodMsMin: 1,
        purchaser: '',
        ...parameters,
      },
      approvers: quorum,
    });
    await devnet.commit(4, change({ numbersMax: 5, purchaser: 'member-2' }));
    const allocate: TransactionBody = {
      kind: 'allocate',
      member: 'member-2',
      identity,
      ranges: [range('999000700000', '999000700005')],
      route: 'member-2-udm',
    };
    assert.equal((await devnet.handIn(2, allocate)).code, 'BCHF_TX_TOO_MANY_NUMBERS');
    const buy = (member: number, from: string): TransactionBody => ({
      kind: 'inject-pool',
      member: `member-${member}`,
      identity,
      ranges: [range(from)],
    });
    assert.equal((await devnet.handIn(3, buy(3, '99950000000'))).code, 'BCHF_TX_NOT_PURCHASER');
    await devnet.commit(2, buy(2, '99950000000'));
    const height = await devnet.commit(3, {
      ...allocate,
      member: 'member-3',
      ranges: [range('99950000000')],
      route: 'member-3-udm',
    });
    await devnet.expectEverywhere('99950000000', height, 'fragmented', 'member-3-udm');
    await devnet.commit(4, change({}));
    await devnet.commit(2, allocate);
  });
}
