// A node as one process sees it: what it serves, what its ledger port takes, and what it does when
// the validators vouch for something that cannot be.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ValidatorSet } from '../../ledger/block/validator-set.ts';
import { type Libp2pTransport, openLibp2pTransport } from '../../ledger/gossip/libp2p-transport.ts';
import { encodeBlockMessage, namesOf } from '../../ledger/gossip/message-codec.ts';
import { loadNodeKey } from '../../ledger/gossip/node-key.ts';
import { verifyStateProofFile } from '../../ledger/proof/state-proof.ts';
import { verifyProof } from '../../ledger/proof/verify-proof.ts';
import { validators } from '../../ledger/sync/test/simulated-member.ts';
import { Validators } from '../../ledger/sync/test/validators.ts';
import { authorityPublicKey, chainId, key, Signer } from '../../ledger/test/consortium.ts';
import type { TransactionBody } from '../../ledger/transaction-body.ts';
import { TRANSACTION_BYTES_MAX } from '../../ledger/transaction-codec.ts';
import { configure } from '../config.ts';
import type { RoutingInfo } from '../http/schemas.ts';
import { PROOFS_AT_ONCE_MAX } from '../ledger-desk.ts';
import { createLog } from '../log.ts';
import { type StartedNode, startNode } from '../node.ts';
import { nodeOptions, readGenesis } from '../node-config.ts';
import { bodyOfJson } from '../node-transaction-json.ts';

const directory = mkdtempSync(join(tmpdir(), 'bchf-node-'));
const fileIn = (name: string) => join(directory, name);
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const genesis = {
  chainId,
  authorityPublicKey: hex(authorityPublicKey),
  validators: validators.map(({ publicKey, power }) => ({ publicKey: hex(publicKey), power })),
};
const chain = new Validators();
let peer: Libp2pTransport;
let started: StartedNode;

before(async () => {
  writeFileSync(fileIn('genesis.json'), JSON.stringify(genesis));
  const peerKey = await loadNodeKey(fileIn('peer-key.json'));
  const { peerId } = await loadNodeKey(fileIn('node-key.json'));
  const { blockTopic, transactionTopic } = namesOf(chainId);
  peer = await openLibp2pTransport({
    key: peerKey,
    listen: ['/ip4/127.0.0.1/tcp/0'],
    bootstrap: [],
    allow: [peerId],
    topics: [blockTopic, transactionTopic],
  });
  peer.subscribe(blockTopic, () => 'accept');
  const flags = {
    ...{
      httpPort: 0,
      udpPort: 0,
      enumPort: 0,
      pdbPort: 0,
      sbiPort: 0,
      adminPort: 0,
      ledgerPort: 0,
      workers: 1,
    },
    data: fileIn('data'),
    genesis: fileIn('genesis.json'),
    nodeKey: fileIn('node-key.json'),
    gossipListen: '/ip4/127.0.0.1/tcp/0',
    gossipBootstrap: peer.addresses().join(','),
    gossipAllow: peerKey.peerId,
  };
  started = await startNode({
    configuration: configure(nodeOptions, { flags, environment: {} }, nodeOptions),
    log: createLog('silent', 'text'),
    onFailure: (error) => {
      throw error;
    },
  });
  for (let tries = 0; tries < 200 && peer.peers().length === 0; tries++) await sleep(50);
  assert.equal(peer.peers().length, 1);
  // Until the node's subscription has come.
  await sleep(1_000);
});
after(async () => {
  await started?.stop();
  await peer?.close();
  rmSync(directory, { recursive: true });
});

async function ask(path: string, init?: RequestInit) {
  const url = `http://127.0.0.1:${started.ledgerPort}${path}`;
  const response = await fetch(url, { ...init, headers: { connection: 'close' } });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json');
  return { status: response.status, body: isJson ? JSON.parse(text) : text };
}

async function lookup(digits: string) {
  const { http } = started.service.ports;
  const url = `http://127.0.0.1:${http}/nbchf-routing/v1/routing-info/msisdn-${digits}`;
  const response = await fetch(url, { headers: { connection: 'close' } });
  return (await response.json()) as RoutingInfo;
}

async function until(what: string, isSo: () => Promise<boolean> | boolean): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    if (await isSo()) return;
    await sleep(25);
  }
  assert.fail(`in vain waited until ${what}`);
}

async function publish(...given: Parameters<Validators['make']>): Promise<void> {
  await peer.publish(namesOf(chainId).blockTopic, encodeBlockMessage(chain.make(...given)));
}

test('a block that is published is in the answers', async () => {
  await publish();
  await until('the block is served', async () => (await lookup('8611234567')).ledger?.height === 1);
  const { route, ledger } = await lookup('8611234567');
  assert.equal(route.id, 'a1');
  assert.equal(ledger.lagMs, 0);
  const { body } = await ask('/ledger/v1/status');
  assert.deepEqual([body.height, body.state, body.halted], [1, 'following', null]);
});

test('the ledger port takes a signed transaction once and says what it is', async () => {
  const body: TransactionBody = {
    kind: 'port',
    identity: 'msisdn',
    numbers: [key('8611234567')],
    donor: 'a',
    recipient: 'b',
    route: 'b1',
  };
  const signer = new Signer();
  // The foundation has used the first sequences.
  for (let used = 0; used < 10; used++) signer.sign(body);
  const transaction = Buffer.from(signer.sign(body));
  const post = (bytes: Uint8Array) =>
    ask('/ledger/v1/transactions', { method: 'POST', body: Buffer.from(bytes) });
  const first = await post(transaction);
  assert.equal(first.status, 202);
  assert.deepEqual(await post(transaction), first);
  const { id } = first.body;
  assert.equal((await ask(`/ledger/v1/transactions/${id}`)).body.status, 'pending');
  const tampered = Buffer.from(transaction);
  tampered[tampered.length - 1]! ^= 1;
  const refused = await post(tampered);
  assert.deepEqual([refused.status, refused.body.code], [422, 'BCHF_TX_BAD_SIGNATURE']);
  const noise = await post(Buffer.from('noise'));
  assert.deepEqual([noise.status, noise.body.code], [422, 'BCHF_TX_MALFORMED']);
  await publish([transaction]);
  await until('it stands in a block', async () => {
    return (await ask(`/ledger/v1/transactions/${id}`)).body.status === 'committed';
  });
  const { body: found } = await ask(`/ledger/v1/transactions/${id}`);
  assert.deepEqual([found.height, found.code], [2, 'OK']);
  await until('it is served', async () => (await lookup('8611234567')).route.id === 'b1');
});

test('the ledger port proves what the state says, while the node goes on', async () => {
  const { body } = await ask('/ledger/v1/proofs/msisdn-8611234567');
  const set = new ValidatorSet(validators);
  const verdict = verifyProof(`${JSON.stringify(body)}\n`, set, chainId);
  assert.equal(verdict.fault, undefined);
  assert.equal(verdict.height, started.ledger.tip.height - 1);
  // The newest block has ported the number; the chain vouches for what was so before.
  assert.equal((await lookup('8611234567')).route.id, 'b1');
  assert.equal(verdict.claim.entry?.route.id, 'a1');
  const state = await ask('/ledger/v1/proofs/state');
  const vouched = verifyStateProofFile(`${JSON.stringify(state.body)}\n`, set, chainId);
  assert.ok(!('fault' in vouched));
  assert.equal(vouched.height, verdict.height);
  assert.equal((await ask('/ledger/v1/proofs/358')).status, 400);
  const all = await Promise.all(
    Array.from({ length: 3 * PROOFS_AT_ONCE_MAX }, () => ask('/ledger/v1/proofs/imsi-46000')),
  );
  const statuses = new Set(all.map(({ status }) => status));
  assert.ok([...statuses].every((status) => status === 200 || status === 503));
  assert.ok(statuses.has(200));
});

test('the ledger port refuses what it does not have, and what is too long', async () => {
  const long = { method: 'POST', body: Buffer.alloc(TRANSACTION_BYTES_MAX + 1) };
  assert.equal((await ask('/ledger/v1/transactions', long)).status, 413);
  for (const [path, status] of [
    ['/', 404],
    ['/ledger/v1/other', 404],
    ['/ledger/v1/members/nobody', 404],
    ['/ledger/v1/members/a/b', 404],
    ['/ledger/v1/roaming-contracts/0x00', 404],
    ['/ledger/v1/terminal-keys/msisdn-8611', 404],
    ['/ledger/v1/terminal-keys/8611', 400],
    ['/ledger/v1/allocations', 400],
    ['/ledger/v1/allocations?member=a&route=a1&count=x', 400],
    ['/ledger/v1/allocations?member=a&route=a1&prefix=8x', 400],
    ['/ledger/v1/allocations?member=a&route=a1&identity=sip', 400],
    ['/ledger/v1/allocations?member=a&route=a1&from=8611', 404],
    ['/ledger/v1/transactions/none', 400],
    [`/ledger/v1/transactions/${'0'.repeat(64)}`, 404],
    ['/ledger/v1/transactions', 405],
    ['/ledger/v1/members/a', 200],
  ] as const) {
    assert.equal((await ask(path)).status, status, path);
  }
  assert.equal((await ask('/ledger/v1/status', { method: 'POST' })).status, 405);
});

test('after a block that cannot be, the last good height is served and marked as behind', async () => {
  await publish([], { appHash: Buffer.alloc(32, 7) });
  await until('the node halts', () => started.node.halted !== undefined);
  const { body } = await ask('/ledger/v1/status');
  assert.equal(body.state, 'halted');
  assert.deepEqual([body.halted.height, body.halted.code], [2, 'BCHF_BLOCK_WRONG_APP_HASH']);
  const metrics = (await ask('/metrics')).body as string;
  assert.match(metrics, /^bchf_node_halted 1$/m);
  await sleep(20);
  const { route, ledger } = await lookup('8611234567');
  assert.equal(route.id, 'b1');
  assert.equal(ledger.height, 2);
  assert.ok(ledger.lagMs! > 0);
});

test('a genesis and lists of another form are refused with a code', async () => {
  for (const [name, content] of Object.entries({
    'no JSON': '{',
    'no validators': JSON.stringify({ ...genesis, validators: [] }),
    'a short key': JSON.stringify({ ...genesis, authorityPublicKey: 'ab' }),
    'a field too many': JSON.stringify({ ...genesis, more: 1 }),
  })) {
    writeFileSync(fileIn('bad.json'), content);
    await assert.rejects(readGenesis(fileIn('bad.json')), { code: 'BCHF_GENESIS_INVALID' }, name);
  }
  const given = (flags: Record<string, unknown>) => () =>
    configure(nodeOptions, { flags, environment: {} }, nodeOptions);
  assert.throws(given({ gossipAllow: 5 }), { code: 'BCHF_CONFIG_INVALID' });
  assert.throws(given({ propose: 'perhaps' }), { code: 'BCHF_CONFIG_INVALID' });
  const { values } = given({ gossipAllow: 'a, b,' })();
  assert.deepEqual(values.gossipAllow, ['a', 'b']);
});

test('a transaction as JSON becomes a body, or is refused with a reason', () => {
  const port = {
    kind: 'port',
    identity: 'msisdn',
    numbers: ['8611', '8612'],
    donor: 'a',
    recipient: 'b',
    route: 'b1',
  };
  assert.deepEqual(bodyOfJson(port), { ...port, numbers: [key('8611'), key('8612')] });
  const admit = {
    kind: 'admit-members',
    members: [{ id: 'a', name: 'A', publicKey: '00'.repeat(32), plmns: [] }],
  };
  assert.deepEqual(bodyOfJson(admit), {
    ...admit,
    members: [{ ...admit.members[0], publicKey: new Uint8Array(32) }],
  });
  for (const bad of [
    null,
    [],
    { ...port, kind: 'give' },
    { ...port, numbers: ['8612', '8611'] },
    { ...port, numbers: [8611] },
    { ...port, numbers: ['86x'] },
    { ...port, numbers: undefined },
    { ...port, identity: 'sip' },
    { ...port, remark: 'a field that the ledger would not hold' },
    { ...port, kind: 'transfer', transferor: 'a', ranges: [{ from: '8611', to: '8612' }] },
    { kind: 'rotate-member-key', member: 'a', publicKey: '00'.repeat(31), approvers: ['a'] },
    { ...admit, members: [{ ...admit.members[0], publicKey: 'zz' }] },
    { ...port, numbers: [[[[[['8611']]]]]] },
  ]) {
    assert.throws(() => bodyOfJson(bad), { code: 'BCHF_TX_FILE_INVALID' }, JSON.stringify(bad));
  }
});
