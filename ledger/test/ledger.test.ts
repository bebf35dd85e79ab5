// The ledger on disk: what it promises across blocks, restarts and mistakes.

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, it, mock } from 'node:test';
import { ClassicLevel } from 'classic-level';
import { decodeBlock, decodeCommit } from '../block/block-codec.ts';
import { verifyCommit } from '../block/commit.ts';
import { addressOf, blockIdOf, commitHash, dataHash, resultsHash } from '../block/hashes.ts';
import { privateKeyOf, rawPublicKey } from '../ed25519.ts';
import { VALIDATORS_MAX } from '../engine/validator-file.ts';
import type { EntryChange } from '../entry.ts';
import {
  BLOCK_TRANSACTION_BYTES_MAX,
  BLOCK_TRANSACTIONS_MAX,
  type CommittedBlock,
  type Ledger,
  type LedgerOptions,
  openLedger,
} from '../ledger.ts';
import { LedgerStore } from '../store/ledger-store.ts';
import type { TransactionBody } from '../transaction-body.ts';
import { numberOfCode } from '../transaction-code.ts';
import { roamingContractAddress } from '../transaction-roaming.ts';
import { authorityPublicKey, chainId, foundation, key, member, Signer } from './consortium.ts';

const directories: string[] = [];
const ledgers: Ledger[] = [];

async function newDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'bchf-ledger-'));
  directories.push(directory);
  return directory;
}

async function open(directory: string, more: Partial<LedgerOptions> = {}): Promise<Ledger> {
  const ledger = await openLedger({
    directory,
    chainId,
    authorityPublicKey,
    settings: { ported: 1 },
    now: () => 1_700_000_000_000,
    ...more,
  });
  ledgers.push(ledger);
  return ledger;
}

afterEach(async () => {
  for (const ledger of ledgers.splice(0)) await ledger.close();
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true });
});

const port = (donor: string, recipient: string, ...numbers: string[]): TransactionBody => ({
  kind: 'port',
  identity: 'msisdn',
  numbers: numbers.map(key),
  donor,
  recipient,
  route: `${recipient}1`,
});

/** Three blocks with every kind of change, a rejected transaction and bytes that are none. */
async function commitSome(ledger: Ledger): Promise<CommittedBlock[]> {
  const signer = new Signer();
  const sign = (bodies: TransactionBody[]) => bodies.map((body) => signer.sign(body));
  const ranges = [{ from: key('8611000'), to: key('8611099') }];
  return [
    await ledger.commit(sign(foundation)),
    await ledger.commit([
      ...sign([
        { kind: 'inject-pool', member: 'a', identity: 'msisdn', ranges },
        { kind: 'allocate', member: 'b', identity: 'msisdn', ranges, route: 'b1' },
        port('a', 'c', '8610001', '8610003'),
        port('a', 'c', '8620001'),
      ]),
      Uint8Array.of(1, 2, 3),
    ]),
    await ledger.commit(sign([port('c', 'a', '8610001'), port('c', 'b', '8610003')])),
  ];
}

/** The entries that a list of changes leaves behind, by their names. */
function applied(changes: Iterable<EntryChange>): Map<string, number> {
  const entries = new Map<string, number>();
  for (const { identity, entry, from, to, route } of changes) {
    const name = [identity, entry, from, to].join(' ');
    if (route !== null) entries.set(name, route);
    else assert.ok(entries.delete(name), `${name} disappears but was never set`);
  }
  return entries;
}

async function allChanges(ledger: Ledger, since = 0): Promise<EntryChange[]> {
  const all: EntryChange[] = [];
  for await (const { changes } of ledger.changesSince(since)) all.push(...changes);
  return all;
}

describe('a ledger', () => {
  it('tells balances, roaming terms, keys of terminals, and what a member could allocate', async () => {
    const directory = await newDirectory();
    const created = await open(directory);
    const signer = new Signer();
    const publicKey = new Uint8Array(32).fill(1);
    const ranges = [{ from: key('8611000'), to: key('8611099') }];
    const bodies: TransactionBody[] = [
      ...foundation,
      { kind: 'deposit', member: 'a', amount: 5 },
      { kind: 'inject-pool', member: 'a', identity: 'msisdn', ranges },
      {
        kind: 'register-roaming-contract',
        member: 'a',
        name: 'world',
        prices: [{ service: 'messages', price: 1 }],
      },
      {
        kind: 'register-terminal-keys',
        member: 'a',
        identity: 'msisdn',
        keys: [{ number: key('8610000'), publicKey }],
      },
      { kind: 'join-member', member: member('d'), approvers: ['a', 'b', 'c'] },
    ];
    assert.equal(created.lastProposalSequence(), -1);
    const { results } = await created.commit(bodies.map((body) => signer.sign(body)));
    assert.deepEqual(new Set(results.map(({ code }) => code)), new Set(['OK']));
    await created.close();
    const opened = await open(directory);
    assert.equal(opened.balanceOf('a'), 5);
    assert.equal(opened.balanceOf('nobody'), 0);
    assert.equal(opened.roamingTerms(roamingContractAddress('a', 'world'))?.member, 'a');
    assert.equal(opened.roamingTerms(`0x${'0'.repeat(40)}`), undefined);
    assert.deepEqual(opened.terminalKey('msisdn', key('8610000')), publicKey);
    assert.equal(opened.terminalKey('imsi', key('8610000')), undefined);
    assert.equal(opened.lastProposalSequence(), bodies.length);
    const wish = { member: 'b', identity: 'msisdn', route: 'b1', count: 10 } as const;
    const { body, count } = opened.proposeAllocation(wish)!;
    assert.equal(count, 10);
    const committed = await opened.commit([signer.sign(body)]);
    assert.equal(committed.results[0]!.code, 'OK');
  });

  it('begins at height 0 with the settings given, and keeps those it began with', async () => {
    const directory = await newDirectory();
    const created = await open(directory);
    assert.deepEqual(created.tip, { height: 0, blockHash: new Uint8Array(32), timeMs: 0 });
    assert.equal(created.transactionCount, 0);
    assert.deepEqual(created.members(), []);
    await created.close();
    const opened = await open(directory, { settings: { ported: 2 } });
    assert.deepEqual(opened.settings, { ported: 1 });
  });

  it('commits blocks whose results and changes are what the rules say', async () => {
    const ledger = await open(await newDirectory());
    const [first, second, third] = await commitSome(ledger);
    assert.deepEqual(
      [first, second, third].map((block) => block!.results.map(({ code }) => code)),
      [
        Array(6).fill('OK'),
        ['OK', 'OK', 'OK', 'BCHF_TX_NOT_OWNER', 'BCHF_TX_MALFORMED'],
        ['OK', 'OK'],
      ],
    );
    assert.deepEqual(first!.changedRoutes, [0, 1, 2, 3]);
    assert.equal(ledger.routes()[3]!.id, 'c1');
    assert.deepEqual(ledger.members(), ['a', 'b', 'c'].map(member));
    assert.equal(ledger.transactionCount, 13);
    assert.equal(ledger.tip.height, 3);
    assert.ok(third!.timeMs > second!.timeMs, 'time goes on under a clock that stands');
    assert.ok(ledger.lastSequence('a') > 0);
    assert.equal(ledger.lastSequence('nobody'), -1);
    assert.deepEqual(await ledger.blockHashAt(2), second!.blockHash);
    assert.equal(await ledger.blockHashAt(4), undefined);
  });

  it('stands after a restart where it stood, and goes on', async () => {
    const directory = await newDirectory();
    const ledger = await open(directory);
    await commitSome(ledger);
    const { tip, appHash, transactionCount } = ledger;
    const [routes, entries] = [[...ledger.routes()], [...ledger.entries()]];
    await ledger.close();
    const again = await open(directory, { now: () => 0 });
    assert.deepEqual(again.tip, tip);
    assert.deepEqual(again.appHash, appHash);
    assert.equal(again.transactionCount, transactionCount);
    assert.deepEqual(again.routes(), routes);
    assert.deepEqual([...again.entries()], entries);
    const next = await again.commit([]);
    assert.equal(next.height, tip.height + 1);
    assert.ok(next.timeMs > tip.timeMs, 'time goes on although the clock has gone back');
  });

  it('tells changes from which the entries of its state follow, from any height', async () => {
    const directory = await newDirectory();
    const ledger = await open(directory);
    const blocks = await commitSome(ledger);
    const expected = applied(ledger.entries());
    assert.deepEqual(applied(blocks.flatMap(({ changes }) => changes)), expected);
    assert.deepEqual(applied(await allChanges(ledger)), expected);
    assert.deepEqual(await allChanges(ledger, 2), blocks[2]!.changes);
    assert.deepEqual(await allChanges(ledger, 3), []);
    const heights: number[] = [];
    for await (const { height, blockHash, timeMs } of ledger.changesSince(1)) {
      heights.push(height);
      assert.deepEqual(blockHash, blocks[height - 1]!.blockHash);
      assert.equal(timeMs, blocks[height - 1]!.timeMs);
    }
    assert.deepEqual(heights, [2, 3]);
  });

  it('stores a chain that a follower can verify block by block', async () => {
    const directory = await newDirectory();
    const seeds = [1, 2, 3, 4].map((byte) => Buffer.alloc(32, byte));
    const validators = seeds.map((seed) => ({ seed: seed.toString('hex'), power: 5 }));
    await writeFile(join(directory, 'validator.json'), JSON.stringify({ validators }));
    const ledger = await open(directory);
    await commitSome(ledger);
    const { appHash } = ledger;
    await ledger.close();

    const store = await LedgerStore.open(join(directory, 'store'));
    const keys = seeds.map((seed) => rawPublicKey(privateKeyOf(seed)));
    let previous: { commit: Uint8Array; codes: number[] } | undefined;
    for (let height = 1; height <= 3; height++) {
      const encoded = (await store.block(height))!;
      const commitBytes = (await store.commit(height))!;
      const { header, transactions, lastCommit } = decodeBlock(encoded);
      const commit = decodeCommit(commitBytes);
      const set = commit.signatures.map(({ validatorAddress }) => ({
        publicKey: keys.find((key) => addressIs(key, validatorAddress))!,
        power: 5,
      }));
      assert.equal(verifyCommit(header, commit, set, chainId), undefined);
      assert.deepEqual(commit.blockId, blockIdOf(header, encoded));
      assert.deepEqual(header.dataHash, dataHash(transactions));
      assert.deepEqual(header.lastCommitHash, commitHash(lastCommit));
      if (previous) {
        assert.deepEqual(lastCommit, decodeCommit(previous.commit));
        assert.deepEqual(header.lastResultsHash, resultsHash(previous.codes));
      }
      const codes = (await store.codes(height))!.map(numberOfCode);
      previous = { commit: commitBytes, codes };
    }
    assert.equal(await store.codes(4), undefined);
    assert.deepEqual((await store.tip()).appHash, appHash);
    await store.close();
  });

  it('runs commits that are asked for at once one after the other', async () => {
    const ledger = await open(await newDirectory());
    const signer = new Signer();
    const transactions = foundation.map((body) => signer.sign(body));
    const blocks = await Promise.all(transactions.map((bytes) => ledger.commit([bytes])));
    assert.deepEqual(
      blocks.map(({ height, results }) => [height, results[0]!.code]),
      transactions.map((_, index) => [index + 1, 'OK']),
    );
  });

  it('commits what it was given, whatever becomes of the array', async () => {
    const ledger = await open(await newDirectory());
    const signer = new Signer();
    const transactions = foundation.map((body) => signer.sign(body));
    const committed = ledger.commit(transactions);
    transactions.length = 1;
    assert.equal((await committed).results.length, foundation.length);
    assert.equal(ledger.transactionCount, foundation.length);
  });

  it('takes the same bytes once: in a block, in later blocks, and after a restart', async () => {
    const directory = await newDirectory();
    const ledger = await open(directory);
    const signer = new Signer();
    await ledger.commit(foundation.map((body) => signer.sign(body)));
    const bytes = signer.sign(port('a', 'c', '8610001'));
    const codesOf = ({ results }: CommittedBlock) => results.map(({ code }) => code);
    assert.deepEqual(codesOf(await ledger.commit([bytes, bytes])), ['OK', 'BCHF_TX_REPLAYED']);
    assert.deepEqual(codesOf(await ledger.commit([bytes])), ['BCHF_TX_REPLAYED']);
    await ledger.close();
    const again = await open(directory);
    assert.deepEqual(codesOf(await again.commit([bytes])), ['BCHF_TX_REPLAYED']);
  });

  it('has one state for one order of transactions, however they are split into blocks', async () => {
    const signer = new Signer();
    const ranges = [{ from: key('8611000'), to: key('8611099') }];
    const bodies: TransactionBody[] = [
      ...foundation,
      { kind: 'inject-pool', member: 'a', identity: 'msisdn', ranges },
      { kind: 'allocate', member: 'b', identity: 'msisdn', ranges, route: 'b1' },
      port('b', 'c', '8611007', '8611008'),
      port('c', 'b', '8611007'),
    ];
    const transactions = bodies.map((body) => signer.sign(body));
    const hashOf = async (blockLength: number, reopens: boolean): Promise<string> => {
      const directory = await newDirectory();
      let ledger = await open(directory, { now: () => blockLength });
      for (let at = 0; at < transactions.length; at += blockLength) {
        await ledger.commit(transactions.slice(at, at + blockLength));
        if (!reopens) continue;
        await ledger.close();
        ledger = await open(directory, { now: () => 0 });
      }
      return Buffer.from(ledger.appHash).toString('hex');
    };
    const whole = await hashOf(transactions.length, false);
    assert.equal(await hashOf(1, true), whole);
    assert.equal(await hashOf(3, false), whole);
  });

  it('checks a signature under the key that counts when the block is executed', async () => {
    const ledger = await open(await newDirectory());
    const signer = new Signer();
    const forged = signer.sign(foundation[1]!);
    forged[forged.length - 1]! ^= 1;
    const { results } = await ledger.commit([signer.sign(foundation[0]!), forged]);
    assert.deepEqual(
      results.map(({ code }) => code),
      ['OK', 'BCHF_TX_BAD_SIGNATURE'],
    );
  });
});

function addressIs(publicKey: Uint8Array, address: Uint8Array): boolean {
  return Buffer.compare(addressOf(publicKey), address) === 0;
}

describe('a ledger refuses', () => {
  it('blocks of too many transactions or bytes, and goes on', async () => {
    const ledger = await open(await newDirectory());
    const many = Array.from({ length: BLOCK_TRANSACTIONS_MAX + 1 }, () => new Uint8Array(0));
    await assert.rejects(ledger.commit(many), { code: 'BCHF_BLOCK_TOO_MANY_TRANSACTIONS' });
    const large = [new Uint8Array(BLOCK_TRANSACTION_BYTES_MAX), Uint8Array.of(1)];
    await assert.rejects(ledger.commit(large), { code: 'BCHF_BLOCK_TOO_LARGE' });
    const fitting = await ledger.commit(large.slice(0, 1));
    assert.deepEqual([fitting.height, fitting.results[0]!.code], [1, 'BCHF_TX_TOO_LARGE']);
  });

  it('to commit once it is closed', async () => {
    const ledger = await open(await newDirectory());
    await ledger.close();
    await assert.rejects(ledger.commit([]), { code: 'BCHF_LEDGER_CLOSED' });
  });

  it('to go on after a block could not be stored, and stands before it when opened again', async () => {
    const directory = await newDirectory();
    const ledger = await open(directory);
    const [, , third] = await commitSome(ledger);
    const { appHash } = ledger;
    const full = mock.method(ClassicLevel.prototype, 'batch', () => {
      throw new Error('no space left');
    });
    const refused = new Signer().sign(foundation[1]!);
    await assert.rejects(ledger.commit([refused]), { code: 'BCHF_STORE_FAILED' });
    full.mock.restore();
    await assert.rejects(ledger.commit([]), { code: 'BCHF_LEDGER_CLOSED' });
    assert.equal(ledger.tip.height, 3);
    await ledger.close();
    const again = await open(directory);
    assert.deepEqual(again.tip.blockHash, third!.blockHash);
    assert.deepEqual(again.appHash, appHash);
    assert.equal((await again.commit([])).height, 4);
  });

  it('a directory in use', async () => {
    const directory = await newDirectory();
    await open(directory);
    await assert.rejects(open(directory), { code: 'BCHF_STORE_LOCKED' });
  });

  it('the directory of another chain or another authority', async () => {
    const directory = await newDirectory();
    await (await open(directory)).close();
    await assert.rejects(open(directory, { chainId: 'other' }), {
      code: 'BCHF_STORE_WRONG_CHAIN',
    });
    await assert.rejects(open(directory, { authorityPublicKey: new Uint8Array(32) }), {
      code: 'BCHF_STORE_WRONG_CHAIN',
    });
    await open(directory);
  });

  it('chain ids and keys of a wrong length', async () => {
    const directory = await newDirectory();
    await assert.rejects(open(directory, { chainId: '' }), RangeError);
    await assert.rejects(open(directory, { chainId: 'x'.repeat(51) }), RangeError);
    await assert.rejects(open(directory, { authorityPublicKey: new Uint8Array(31) }), RangeError);
  });

  it('a path that cannot hold a store', async () => {
    const directory = await newDirectory();
    await writeFile(join(directory, 'file'), '');
    await assert.rejects(open(join(directory, 'file')), { code: 'BCHF_STORE_FAILED' });
  });

  it('validators that did not make the chain, and files of validators that are none', async () => {
    const directory = await newDirectory();
    const ledger = await open(directory);
    await commitSome(ledger);
    await ledger.close();
    const file = join(directory, 'validator.json');
    const own = await readFile(file);
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    const other = { validators: [{ seed: '00'.repeat(32), power: 10 }] };
    await writeFile(file, JSON.stringify(other));
    await assert.rejects(open(directory), { code: 'BCHF_ENGINE_VALIDATOR_CHANGED' });
    for (const text of [
      '',
      '{}',
      '{"validators": []}',
      '{"validators": [{"seed": "", "power": 1}]}',
    ]) {
      await writeFile(file, text);
      await assert.rejects(open(directory), { code: 'BCHF_ENGINE_VALIDATOR_INVALID' });
    }
    const crowd = Array.from({ length: VALIDATORS_MAX + 1 }, () => other.validators[0]);
    await writeFile(file, JSON.stringify({ validators: crowd }));
    await assert.rejects(open(directory), { code: 'BCHF_ENGINE_VALIDATOR_INVALID' });
    await rm(file);
    await assert.rejects(open(directory), { code: 'BCHF_ENGINE_VALIDATOR_INVALID' });
    await writeFile(file, own);
    await open(directory);
  });
});
