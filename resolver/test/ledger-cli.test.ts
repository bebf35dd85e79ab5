// `bchf ledger …` on a ledger on disk, as people and scripts meet it.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openLedger } from '../../ledger/ledger.ts';
import { deriveKeyPair } from '../../ledger/population/key-pairs.ts';
import { AUTHORITY, signersOf, type TransactionBody } from '../../ledger/transaction-body.ts';
import { signTransaction, transactionId } from '../../ledger/transaction-codec.ts';
import { createWasmIndex } from '../../wasm/wasm-index.ts';
import { createLog } from '../log.ts';
import { applyToIndexes } from '../served-content.ts';
import { SnapshotStore } from '../snapshot/snapshot-store.ts';
import { type BchfResult, openShell } from './bchf-process.ts';
import { exampleRoute } from './example-route.ts';

const CHAIN_ID = 'ledger-cli-test';
const SEED = 7;
const directory = mkdtempSync(join(tmpdir(), 'bchf ledger cli '));
const shell = openShell();
after(() => {
  shell.close();
  rmSync(directory, { recursive: true });
});
const fileIn = (name: string) => join(directory, name);
const data = fileIn('data');
const trust = fileIn('trust.json');
const ids: string[] = [];

const ledger = (...line: string[]) => shell.run('ledger', ...line);
const jsonOf = ({ code, stdout, stderr }: BchfResult) => {
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
};
function assertFails({ code, stdout, stderr }: BchfResult, exit: number, error: string): void {
  assert.equal(code, exit, stderr);
  assert.equal(stdout, '');
  assert.ok(stderr.includes(error), stderr);
  assert.ok(!stderr.includes('    at '), `no stack trace: ${stderr}`);
}

/** Four blocks: members a and b, a prefix of a, a number ported to b, one refused, nothing. */
async function makeLedger(): Promise<void> {
  const keys = (id: string) => deriveKeyPair(SEED, id);
  const opened = await openLedger({
    directory: join(data, 'ledger'),
    chainId: CHAIN_ID,
    authorityPublicKey: keys(AUTHORITY).publicKeyBytes,
    settings: { made: 'for a test' },
    now: () => 1_800_000_000_000,
  });
  let sequence = 0;
  const sign = (body: TransactionBody) => {
    const privateKeys = signersOf(body).map((id) => keys(id).privateKey);
    const bytes = signTransaction(body, ++sequence, CHAIN_ID, privateKeys);
    ids.push(Buffer.from(transactionId(bytes)).toString('hex'));
    return bytes;
  };
  const member = (id: string) => ({
    id,
    name: id,
    publicKey: keys(id).publicKeyBytes,
    plmns: [{ mcc: '244', mnc: '05' }],
  });
  const route = (id: string) => ({ ...exampleRoute(id), member: id });
  const port = (number: number): TransactionBody => ({
    kind: 'port',
    identity: 'msisdn',
    numbers: [number],
    donor: 'a',
    recipient: 'b',
    route: 'b',
  });
  const indexes = { imsi: createWasmIndex(), msisdn: createWasmIndex() };
  for (const bodies of [
    [
      { kind: 'admit-members', members: [member('a'), member('b')] },
      { kind: 'declare-routes', member: 'a', routes: [route('a')] },
      { kind: 'declare-routes', member: 'b', routes: [route('b')] },
      {
        kind: 'assign-prefixes',
        identity: 'msisdn',
        assignments: [{ route: 'a', prefixes: [1358] }],
      },
    ],
    [port(1_358_401_234), port(1_999_000_111)],
    [],
    [],
  ] satisfies TransactionBody[][]) {
    const block = await opened.commit(bodies.map(sign));
    applyToIndexes(indexes, block, block.changes);
    if (block.height !== 2) continue;
    const snapshots = new SnapshotStore(join(data, 'snapshots'), createLog('error', 'text'));
    const { height, blockHash, timeMs } = block;
    await snapshots.save(
      { indexes, routes: opened.routes(), block: { chainId: CHAIN_ID, height, blockHash, timeMs } },
      1,
    );
  }
  await opened.close();
}

before(async () => {
  await makeLedger();
  const { code, stderr } = await ledger('validators', '--data', data, '--out', trust);
  assert.equal(code, 0, stderr);
});

test('a snapshot is proven by the ledger, and without it by a proof and the validators', async () => {
  const snapshot = join(data, 'snapshots', '000000000002.bchf');
  const verify = (...line: string[]) => shell.run('snapshot', 'verify', snapshot, ...line);
  const expected = { isProven: true, chainId: CHAIN_ID, height: 2, entries: 2, routes: 2 };
  assert.deepEqual(jsonOf(await verify('--data', data, '--json')), expected);
  const proofAt = async (height: string) => {
    const file = fileIn(`state ${height}`);
    const line = ['--data', data, '--height', height, '--out', file, '--json'];
    assert.equal(jsonOf(await ledger('prove-state', ...line)).height, Number(height));
    return file;
  };
  const given = ['--validators', trust, '--json'];
  assert.deepEqual(jsonOf(await verify('--proof', await proofAt('2'), ...given)), expected);
  assertFails(await verify('--proof', await proofAt('3'), ...given), 1, 'BCHF_SNAPSHOT_UNPROVEN');
  assertFails(await verify('--proof', await proofAt('2')), 2, 'BCHF_CONFIG_INVALID');
  assertFails(await verify('--proof', trust, ...given), 1, 'BCHF_PROOF_MALFORMED');
});

test('status checks the root and counts what there is', async () => {
  const status = jsonOf(await ledger('status', '--data', data, '--json'));
  assert.deepEqual(
    [status.chainId, status.height, status.firstHeight, status.transactions, status.members],
    [CHAIN_ID, 4, 1, 6, 2],
  );
  assert.deepEqual(status.msisdn, { prefix: 1, fragmented: 0, ported: 1, freeIntervals: 0 });
  assert.match(status.appHash, /^[0-9a-f]{64}$/);
  const { stdout } = await ledger('status', '--data', data);
  assert.ok(stdout.includes('root                as recorded'), stdout);
});

test('blocks are listed from a height, and no more than asked for', async () => {
  const lines = async (...line: string[]) => {
    const { code, stdout, stderr } = await ledger('blocks', '--data', data, '--json', ...line);
    assert.equal(code, 0, stderr);
    return stdout
      .trim()
      .split('\n')
      .filter(Boolean)
      .map((text) => JSON.parse(text));
  };
  const all = await lines();
  assert.deepEqual(
    all.map(({ height, transactions, rejected }) => [height, transactions, rejected]),
    [
      [1, 4, 0],
      [2, 2, 1],
      [3, 0, 0],
      [4, 0, 0],
    ],
  );
  assert.deepEqual(await lines('--from', '2', '--limit', '1'), [all[1]]);
  assert.deepEqual(await lines('--from', '5'), []);
});

test('tx tells where a transaction is and why it was refused; 3 where there is none', async () => {
  const found = jsonOf(await ledger('tx', ids[5]!, '--data', data, '--json'));
  assert.equal(found.result, 'BCHF_TX_NOT_OWNER');
  assert.deepEqual([found.height, found.index, found.kind, found.sequence], [2, 1, 'port', 6]);
  const { result } = jsonOf(await ledger('tx', ids[0]!.toUpperCase(), '--data', data, '--json'));
  assert.equal(result, 'OK');
  assertFails(await ledger('tx', '0'.repeat(64), '--data', data), 3, 'not found');
  assertFails(await ledger('tx', 'abc', '--data', data), 2, 'BCHF_CONFIG_INVALID');
});

test('origin names block and transaction of an entry; 3 where no block set it', async () => {
  const line = ['origin', 'ported', 'msisdn', '358401234', '--data', data, '--json'];
  assert.deepEqual(jsonOf(await ledger(...line)), { height: 2, transaction: ids[4], index: 0 });
  assertFails(await ledger('origin', 'ported', 'imsi', '358401234', '--data', data), 3, 'no kept');
  assertFails(await ledger('origin', 'p', 'imsi', '1', '--data', data), 2, 'BCHF_CONFIG_INVALID');
  assertFails(
    await ledger('origin', 'ported', 'imsi', 'x', '--data', data),
    2,
    'BCHF_NUMBER_MALFORMED',
  );
});

test('a proof is verified with the validators alone, and a changed one is not', async () => {
  const proof = fileIn('proof.json');
  const made = jsonOf(
    await ledger('prove', '+358401234', '--data', data, '--out', proof, '--json'),
  );
  assert.deepEqual([made.entry, made.holder], ['ported 358401234', 'b']);
  const verified = jsonOf(await ledger('verify-proof', proof, '--validators', trust, '--json'));
  assert.deepEqual([verified.isProven, verified.height], [true, 3]);
  assert.deepEqual(verified.claim.holder, { member: 'b' });
  const { stdout } = await ledger('verify-proof', proof, '--validators', trust);
  assert.ok(stdout.includes('after block 3'), stdout);

  const early = await ledger('prove', 'msisdn-358401234', '--data', data, '--height', '1');
  writeFileSync(proof, early.stdout);
  const before = jsonOf(await ledger('verify-proof', proof, '--validators', trust, '--json'));
  assert.deepEqual([before.height, before.claim.holder], [1, { member: 'a' }]);

  const changed = early.stdout.replace('"member":"a"', '"member":"b"');
  writeFileSync(proof, changed);
  const verify = () => ledger('verify-proof', proof, '--validators', trust);
  assertFails(await verify(), 1, 'BCHF_PROOF_WRONG_CLAIM');
  writeFileSync(proof, ' '.repeat(3_000_000));
  assertFails(await verify(), 1, 'BCHF_PROOF_TOO_LARGE');
  writeFileSync(fileIn('no-trust.json'), '{}');
  assertFails(
    await ledger('verify-proof', proof, '--validators', fileIn('no-trust.json')),
    1,
    'BCHF_TRUST_INVALID',
  );
  assertFails(
    await ledger('prove', '1', '--data', data, '--height', '4'),
    1,
    'BCHF_PROOF_UNAVAILABLE',
  );
  assertFails(await ledger('prove', '12x', '--data', data), 2, 'BCHF_NUMBER_MALFORMED');
});

test('replay, export and import end at the same root, with and without an audit', async () => {
  const { appHash } = jsonOf(await ledger('status', '--data', data, '--json'));
  for (const line of [[], ['--audit'], ['--from', '3'], ['--validators', trust]]) {
    const replayed = jsonOf(await ledger('replay', '--data', data, '--json', ...line));
    assert.deepEqual(
      [replayed.height, replayed.appHash, replayed.rejected, replayed.root],
      [4, appHash, 1, 'as stored'],
    );
  }
  const file = fileIn('chain.blocks');
  const exported = jsonOf(await ledger('export', file, '--data', data, '--to', '2', '--json'));
  assert.equal(exported.height, 2);
  const copy = fileIn('copy');
  const importing = ['import', file, '--data', copy, '--validators', trust, '--json'];
  assert.equal(jsonOf(await ledger(...importing)).imported, 2);
  assert.equal(jsonOf(await ledger('export', file, '--data', data, '--json')).height, 4);
  assert.deepEqual(jsonOf(await ledger(...importing, '--audit')), {
    height: 4,
    appHash,
    imported: 2,
  });
  const replayed = ['replay', '--blocks', file, '--json'];
  assert.equal(jsonOf(await ledger(...replayed, '--validators', trust)).appHash, appHash);
  assertFails(await ledger(...replayed), 2, 'BCHF_CONFIG_INVALID');
  const bytes = readFileSync(file);
  writeFileSync(file, bytes.subarray(0, bytes.length - 1));
  assertFails(await ledger(...replayed, '--validators', trust), 1, 'BCHF_BLOCK_FILE_INVALID');
});

test('prune keeps what the newest snapshot needs to catch up, and a replay then says what is gone', async () => {
  assertFails(await ledger('prune', '--keep', '1', '--data', data), 1, 'BCHF_STORE_PRUNE_REFUSED');
  const pruned = jsonOf(await ledger('prune', '--keep', '2', '--data', data, '--json'));
  assert.deepEqual(pruned, { firstHeight: 3, height: 4, forgotten: 2 });
  assertFails(await ledger('replay', '--data', data), 1, 'BCHF_STORE_PRUNED');
  const { firstHeight } = jsonOf(await ledger('status', '--data', data, '--json'));
  assert.equal(firstHeight, 3);
  const everything = await ledger('prune', '--keep', '10', '--data', data, '--json');
  assert.equal(jsonOf(everything).forgotten, 0);
  assertFails(await ledger('prune', '--keep', '0', '--data', data), 2, 'BCHF_CONFIG_INVALID');
});

test('a directory without a ledger is said to have none', async () => {
  for (const line of [['status'], ['blocks'], ['replay'], ['prove', '1'], ['export', 'x']]) {
    assertFails(await ledger(...line, '--data', fileIn('nothing')), 1, 'BCHF_DATA_IO');
  }
});
