// A consortium of four processes: what one member hands in changes the answers of another's resolver,
// and a node that was away comes back to the same state.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseDigits } from '../../ledger/number.ts';
import type { TransactionBody } from '../../ledger/transaction-body.ts';
import type { RoutingInfo } from '../http/schemas.ts';
import type { MemberKey } from '../node-client.ts';
import { prepareDevnet, readDevnetKeys } from '../node-devnet.ts';
import { type DevnetNode, type RunningDevnet, startDevnet } from '../node-devnet-processes.ts';
import { runBchf } from './bchf-process.ts';

const COMMAND = fileURLToPath(new URL('./bchf-command.js', import.meta.url));
const WAIT_MS = 60_000;
const directory = mkdtempSync(join(tmpdir(), 'bchf-devnet-'));
const logs: string[] = [];
const failures: Error[] = [];
let running: RunningDevnet;
let keys: MemberKey[];

before(async () => {
  const devnet = await prepareDevnet({ directory, members: 4, blockTimeMs: 50 });
  keys = await readDevnetKeys(devnet);
  running = await startDevnet(devnet, {
    command: COMMAND,
    onLog: (member, line) => logs.push(`${member} ${line}`),
    onFailure: (error) => failures.push(error),
  }).catch((error) => {
    throw new Error(`the devnet does not start: ${logs.join('\n')}`, { cause: error });
  });
});
after(async () => {
  await running?.stop();
  rmSync(directory, { recursive: true });
  assert.deepEqual(failures, []);
});

function node(at: number): DevnetNode {
  return running.nodes[at - 1]!;
}

/** Hands a transaction in at a member and waits for its block. */
async function commit(at: DevnetNode, body: TransactionBody) {
  const id = await at.client.submit(await at.client.sign(body, keys));
  return at.client.committed(id, WAIT_MS);
}

async function lookup({ ports }: DevnetNode, digits: string) {
  const url = `http://127.0.0.1:${ports.http}/nbchf-routing/v1/routing-info/msisdn-${digits}`;
  const response = await fetch(url, { headers: { connection: 'close' } });
  return { status: response.status, body: (await response.json()) as RoutingInfo };
}

/** The answer of a member's resolver once it is at least at a height. */
async function answerAt(member: DevnetNode, digits: string, height: number): Promise<RoutingInfo> {
  for (const untilMs = Date.now() + WAIT_MS; Date.now() < untilMs; await sleep(20)) {
    const { body } = await lookup(member, digits);
    if (body.ledger && body.ledger.height >= height) return body;
  }
  assert.fail(`${member.id} does not come to height ${height}: ${logs.slice(-20).join('\n')}`);
}

const key = (digits: string): number => parseDigits(digits)!;

test('numbers that one member takes from the pool are answered with its route by all', async () => {
  const digits = '999000000123';
  assert.equal((await lookup(node(3), digits)).body.route.member, 'member-1');
  const { code, height } = await commit(node(2), {
    kind: 'allocate',
    member: 'member-2',
    identity: 'msisdn',
    ranges: [{ from: key('999000000100'), to: key('999000000149') }],
    route: 'member-2-udm',
  });
  assert.equal(code, 'OK');
  for (const member of running.nodes) {
    const { match, route, ledger } = await answerAt(member, digits, height);
    assert.equal(match.entry, 'fragmented');
    assert.equal(route.id, 'member-2-udm');
    assert.equal(ledger.lagMs, 0);
  }
});

test('a number that is ported is answered with the new route, and back home with the old', async () => {
  const digits = '99903555000';
  const port = (donor: string, recipient: string): TransactionBody => ({
    kind: 'port',
    identity: 'msisdn',
    numbers: [key(digits)],
    donor,
    recipient,
    route: `${recipient}-udm`,
  });
  const away = await commit(node(3), port('member-3', 'member-4'));
  assert.equal(away.code, 'OK');
  const answer = await answerAt(node(1), digits, away.height);
  assert.deepEqual([answer.match.entry, answer.route.id], ['ported', 'member-4-udm']);
  const home = await commit(node(4), port('member-4', 'member-3'));
  assert.equal(home.code, 'OK');
  const back = await answerAt(node(2), digits, home.height);
  assert.deepEqual([back.match.entry, back.route.id], ['prefix', 'member-3-udm']);
});

test('two members that race for the same free number: one gets it, the other is told why', async () => {
  const allocate = (at: number): TransactionBody => ({
    kind: 'allocate',
    member: `member-${at}`,
    identity: 'msisdn',
    ranges: [{ from: key('999000000500'), to: key('999000000500') }],
    route: `member-${at}-udm`,
  });
  const results = await Promise.all([commit(node(2), allocate(2)), commit(node(3), allocate(3))]);
  assert.deepEqual(results.map(({ code }) => code).sort(), ['BCHF_TX_NOT_FREE', 'OK']);
});

test('a transaction with a wrong signature is refused where it is handed in', async () => {
  const { client } = node(2);
  const body: TransactionBody = {
    kind: 'allocate',
    member: 'member-2',
    identity: 'msisdn',
    ranges: [{ from: key('999000000700'), to: key('999000000700') }],
    route: 'member-2-udm',
  };
  const bytes = Uint8Array.from(await client.sign(body, keys));
  bytes[bytes.length - 1]! ^= 1;
  await assert.rejects(client.submit(bytes), { code: 'BCHF_TX_NOT_COMMITTED' });
});

test('the command line submits a transaction and says what became of it', async () => {
  const file = join(directory, 'allocate.json');
  writeFileSync(
    file,
    JSON.stringify({
      kind: 'allocate',
      member: 'member-4',
      identity: 'msisdn',
      ranges: [{ from: '999000000800', to: '999000000809' }],
      route: 'member-4-udm',
    }),
  );
  const submit = () =>
    runBchf(
      ...['tx', 'submit', file, '--key', join(directory, 'member-4', 'member.json')],
      ...['--server', `http://127.0.0.1:${node(4).ports.ledger}`, '--json'],
    );
  const first = await submit();
  assert.equal(first.code, 0, first.stderr);
  const { status, code, height } = JSON.parse(first.stdout);
  assert.deepEqual([status, code], ['committed', 'OK']);
  assert.equal((await answerAt(node(1), '999000000805', height)).route.id, 'member-4-udm');
  const again = await submit();
  assert.equal(again.code, 1);
  assert.equal(JSON.parse(again.stdout).code, 'BCHF_TX_NOT_FREE');
});

test('a node that was killed takes what it has missed and answers as the others do', async () => {
  await running.stopNode('member-4', 'SIGKILL');
  let height = 0;
  for (let at = 0; at < 5; at++) {
    const number = key('99901000000') + at;
    const result = await commit(node(1), {
      kind: 'port',
      identity: 'msisdn',
      numbers: [number],
      donor: 'member-1',
      recipient: 'member-2',
      route: 'member-2-udm',
    });
    height = result.height;
  }
  const back = await running.startNode('member-4');
  const { route } = await answerAt(back, '99901000004', height);
  assert.equal(route.id, 'member-2-udm');
  const states = await Promise.all(running.nodes.map(({ client }) => client.status()));
  assert.equal(new Set(states.map(({ appHash }) => appHash)).size, 1);
});
