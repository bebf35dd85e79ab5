// A block that is committed while the resolver serves: every thread answers from it, whole.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { parseDigits } from '../../ledger/number.ts';
import { readNumberingData } from '../../ledger/population/numbering-data.ts';
import { createPopulation } from '../../ledger/population/population.ts';
import { signersOf, type TransactionBody } from '../../ledger/transaction-body.ts';
import { signTransaction } from '../../ledger/transaction-codec.ts';
import { configure, startOptions } from '../config.ts';
import type { RoutingInfo } from '../http/schemas.ts';
import { createLog } from '../log.ts';
import { silentProgress } from '../progress.ts';
import { type Started, start } from '../start.ts';
import { openBatchClient } from '../udp/batch-client.ts';
import { exampleRoute } from './example-route.ts';

const options = { ported: 2_000, fragmented: 200, profile: 25, seed: 3 } as const;
const population = createPopulation({ data: readNumberingData(), ...options });
const directory = mkdtempSync(join(tmpdir(), 'bchf-live-'));
let started: Started;
let sequence = population.transactionCount();

before(async () => {
  const flags = {
    ...options,
    data: directory,
    httpPort: 0,
    udpPort: 0,
    enumPort: 0,
    pdbPort: 0,
    sbiPort: 0,
    adminPort: 0,
    workers: 2,
  };
  const opened = await start({
    configuration: configure(startOptions, { flags, environment: {} }),
    log: createLog('error', 'text'),
    progress: silentProgress,
    signal: new AbortController().signal,
    onFailure: (error) => {
      throw error;
    },
  });
  assert.ok(opened);
  started = opened;
});
after(async () => {
  await started?.stop();
  rmSync(directory, { recursive: true });
});

function commit(...bodies: TransactionBody[]) {
  return started.commit(
    bodies.map((body) => {
      sequence++;
      const keys = signersOf(body).map((signer) => population.keyPairOf(signer).privateKey);
      return signTransaction(body, sequence, started.ledger.chainId, keys);
    }),
  );
}

async function routingInfo(digits: string, query = '') {
  const url = `http://127.0.0.1:${started.service.ports.http}/nbchf-routing/v1/routing-info`;
  const response = await fetch(`${url}/msisdn-${digits}${query}`, {
    headers: { connection: 'close' },
  });
  return { status: response.status, body: (await response.json()) as RoutingInfo };
}

test('a number ported to a new route is answered with it at the new height', async () => {
  const digits = '358409999999';
  const key = parseDigits(digits)!;
  const before = await routingInfo(digits);
  assert.equal(before.body.match.entry, 'prefix');
  const donor = before.body.route.member as string;
  const recipient = population.members.find(({ id }) => id.startsWith('fi-') && id !== donor)!.id;
  const { plmn } = population.routes.find(({ member }) => member === recipient)!;
  const route = exampleRoute('fi-new-element', { member: recipient, plmn });
  const block = await commit(
    { kind: 'declare-routes', member: recipient, routes: [route] },
    { kind: 'port', identity: 'msisdn', numbers: [key], donor, recipient, route: route.id },
  );
  assert.deepEqual(
    block.results.map(({ code }) => code),
    ['OK', 'OK'],
  );
  assert.equal(block.height, before.body.ledger.height + 1);
  // Every new connection may land on another thread.
  for (let count = 0; count < 10; count++) {
    const { body } = await routingInfo(digits);
    assert.equal(body.match.entry, 'ported');
    assert.deepEqual(body.route, route);
    assert.equal(body.ledger.height, block.height);
    assert.equal(body.ledger.blockHash, Buffer.from(block.blockHash).toString('hex').toUpperCase());
    assert.equal(body.ledger.lagMs, 0);
  }
});

test('an explanation names the block and the transaction that set each entry', async () => {
  const explained = async (digits: string) => {
    const { body } = await routingInfo(digits, '?explain=true');
    return body.explanation!.map(({ match, setBy }) => ({ entry: match.entry, setBy }));
  };
  const { body } = await routingInfo('358409999997');
  const recipient = population.members.find(
    ({ id }) => id.startsWith('fi-') && id !== body.route.member,
  )!.id;
  const numbers = [parseDigits('358409999997')!];
  const route = population.routes.find(({ member }) => member === recipient)!.id;
  const donor = body.route.member;
  const { height, results } = await commit({
    kind: 'port',
    identity: 'msisdn',
    numbers,
    donor,
    recipient,
    route,
  });
  const transaction = Buffer.from(results[0]!.id).toString('hex').toUpperCase();
  const [ported, prefix] = await explained('358409999997');
  assert.deepEqual(ported, { entry: 'ported', setBy: { height, transaction } });
  assert.equal(prefix?.entry, 'prefix');
  assert.ok(prefix.setBy!.height < height);
  assert.match(prefix.setBy!.transaction!, /^[0-9A-F]{64}$/);
  // Many at once take turns; those for whom there is none get an answer without.
  const all = await Promise.all(Array.from({ length: 60 }, () => explained('358409999997')));
  for (const [first] of all) {
    assert.ok(first!.setBy === null || first!.setBy?.height === height);
  }
});

test('a route with new details is served and clients see the route table change', async () => {
  const { ports } = started.service;
  const client = await openBatchClient({ host: '127.0.0.1', port: ports.batch });
  try {
    const key = parseDigits('358409999999')!;
    const first = await client.lookup('msisdn', [key]);
    const answer = first.answers[0];
    assert.ok(answer?.status === 'found');
    const { route } = await client.route(answer.routeNumber);
    assert.ok(route);
    const moved = { ...route, ipv4Addresses: ['10.9.9.9'] };
    await commit({ kind: 'declare-routes', member: route.member, routes: [moved] });
    const second = await client.lookup('msisdn', [key]);
    assert.notEqual(second.routeTableVersion, first.routeTableVersion);
    assert.deepEqual((await client.route(answer.routeNumber)).route, moved);
    assert.deepEqual((await routingInfo('358409999999')).body.route, moved);
  } finally {
    await client.close();
  }
});

test('a transaction that the rules reject changes no answer', async () => {
  const digits = '358409999998';
  const { body } = await routingInfo(digits);
  const stranger = population.members.find(({ id }) => id !== body.route.member)!.id;
  const block = await commit({
    kind: 'port',
    identity: 'msisdn',
    numbers: [parseDigits(digits)!],
    donor: stranger,
    recipient: 'fi-dna',
    route: population.routes.find(({ member }) => member === 'fi-dna')!.id,
  });
  assert.deepEqual(
    block.results.map(({ code }) => code),
    ['BCHF_TX_NOT_OWNER'],
  );
  assert.deepEqual((await routingInfo(digits)).body.route, body.route);
});
