// The HTTP interface of a resolver that follows a ledger, over sockets and threads: listings, changes,
// answers as of a block, and lookups.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ValidatorSet } from '../../ledger/block/validator-set.ts';
import { type Ledger, openLedger } from '../../ledger/ledger.ts';
import { verifyProof } from '../../ledger/proof/verify-proof.ts';
import {
  authorityPublicKey,
  chainId,
  foundation,
  key,
  route,
  Signer,
} from '../../ledger/test/consortium.ts';
import type { TransactionBody } from '../../ledger/transaction-body.ts';
import { roamingContractAddress } from '../../ledger/transaction-roaming.ts';
import { createWasmIndex } from '../../wasm/wasm-index.ts';
import { configure, servingOptions } from '../config.ts';
import { NewestBlock } from '../freshness.ts';
import { blockChangesSchema, memberSchema, roamingContractSchema } from '../http/schemas.ts';
import { LedgerDesk } from '../ledger-desk.ts';
import { createLog } from '../log.ts';
import { FREE_PORTS } from '../probe-ports.ts';
import { openH2 } from '../sbi/test/h2-requests.ts';
import { type Service, startService } from '../service.ts';

const PATH = '/nbchf-routing/v1';
const directory = mkdtempSync(join(tmpdir(), 'bchf-nbchf-'));
const signer = new Signer();
let ledger: Ledger;
let service: Service;
/** Without a ledger. */
let snapshotService: Service;

function serve(more: { ledger?: LedgerDesk; workers: number; streams: number }): Promise<Service> {
  const flags = {
    ...FREE_PORTS,
    ...{ workers: more.workers, udpWorkers: 1, sbiWorkers: 1, httpStreamsMax: more.streams },
  };
  return startService({
    config: configure(servingOptions, { flags, environment: {} }, servingOptions).values,
    indexes: { imsi: createWasmIndex(), msisdn: createWasmIndex() },
    routes: [],
    newestBlock: new NewestBlock(),
    ...(more.ledger && { ledger: more.ledger }),
    log: createLog('silent', 'text'),
    onFailure: (error) => {
      throw error;
    },
  });
}

/** Makes a block of bodies and serves it. */
async function commit(...bodies: TransactionBody[]): Promise<number> {
  const block = await ledger.commit(bodies.map((body) => signer.sign(body)));
  assert.ok(
    block.results.every(({ code }) => code === 'OK'),
    JSON.stringify(block.results),
  );
  const changed = block.changedRoutes.map((number) => {
    return { number, route: ledger.routes()[number]! };
  });
  await service.applyBlock(block, block.changes, changed);
  return block.height;
}

before(async () => {
  ledger = await openLedger({
    ...{ directory, chainId, authorityPublicKey, settings: {}, now: Date.now },
  });
  service = await serve({ ledger: new LedgerDesk(ledger), workers: 2, streams: 8 });
  snapshotService = await serve({ workers: 1, streams: 4 });
});
after(async () => {
  await service?.stop();
  await snapshotService?.stop();
  await ledger?.close();
  rmSync(directory, { recursive: true });
});

async function get(path: string, from = service) {
  const url = `http://127.0.0.1:${from.ports.http}${PATH}${path}`;
  const response = await fetch(url, { headers: { connection: 'close' } });
  return { status: response.status, body: JSON.parse(await response.text()) };
}

/** An EventSource, as far as it is needed: gathers the blocks that come. */
function follow(path: string, headers: Record<string, string> = {}) {
  const heights: number[] = [];
  const blocks: ReturnType<typeof blockChangesSchema.parse>[] = [];
  let text = '';
  let status = 0;
  const asking = request(
    { ...{ host: '127.0.0.1', port: service.ports.http, path: `${PATH}${path}` }, headers },
    (response) => {
      status = response.statusCode!;
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        const events = (text + chunk).split('\n\n');
        text = events.pop()!;
        for (const event of events) {
          const data = /^data: (.*)$/m.exec(event)?.[1];
          if (!data) continue;
          blocks.push(blockChangesSchema.parse(JSON.parse(data)));
          heights.push(Number(/^id: (\d+)$/m.exec(event)![1]));
        }
      });
      response.on('error', () => {});
    },
  );
  asking.on('error', () => {});
  asking.end();
  return {
    ...{ heights, blocks },
    get status() {
      return status;
    },
    close: () => asking.destroy(),
  };
}

async function until(what: string, isSo: () => boolean): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    if (isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail(`in vain waited until ${what}`);
}

const ported = (digits: string, to: 'a' | 'b', from: 'a' | 'b'): TransactionBody => ({
  ...{ kind: 'port', identity: 'msisdn', numbers: [key(digits)] },
  ...{ donor: from, recipient: to, route: `${to}1` },
});

test('streams that stand in different threads get every block, as it becomes visible', async () => {
  const early = Array.from({ length: 4 }, () => follow('/changes'));
  await until('all are connected', () => early.every(({ status }) => status === 200));
  const heights = [await commit(...foundation), await commit(ported('8611000', 'b', 'a'))];
  await until('all are told', () => early.every((stream) => stream.heights.length === 2));
  for (const stream of early) {
    assert.deepEqual(stream.heights, heights);
    const { changes, routes } = stream.blocks[1]!;
    const one = { identity: 'msisdn', entry: 'ported', from: '8611000', to: '8611000', route: 2 };
    assert.deepEqual(changes, [one]);
    assert.equal(routes['2']!.id, 'b1');
    assert.equal(Object.keys(stream.blocks[0]!.routes).length, 4);
  }
  for (const stream of early) stream.close();
});

test('as many streams as allowed are open at once, and the places of those that end are given anew', async () => {
  // Two threads share the number; which thread takes a connection is the kernel's choice.
  const streams = Array.from({ length: 24 }, () => follow('/changes'));
  await until('all are answered', () => streams.every(({ status }) => status !== 0));
  const open = streams.filter(({ status }) => status === 200);
  assert.ok(streams.every(({ status }) => status === 200 || status === 503));
  assert.ok(open.length >= 4 && open.length <= 8);
  for (const stream of streams) stream.close();
  for (let tries = 0; ; tries++) {
    const again = follow('/changes');
    await until('it is answered', () => again.status !== 0);
    again.close();
    if (again.status === 200) break;
    assert.ok(tries < 50, 'there is room again');
  }
});

test('a stream goes on behind the last event that its client has', async () => {
  const late = follow('/changes?since=0');
  const again = follow('/changes?since=0', { 'last-event-id': '1' });
  const height = await commit(ported('8611000', 'a', 'b'));
  await until('both are told', () =>
    [late, again].every(({ heights }) => heights.includes(height)),
  );
  assert.deepEqual(late.heights, [1, 2, 3]);
  assert.deepEqual(again.heights, [2, 3]);
  // Ported back home, the entry is gone.
  assert.equal(late.blocks[2]!.changes[0]!.route, null);
  for (const stream of [late, again]) stream.close();
});

test('an answer as of a block is what was answered then, explanation and details of the route included', async () => {
  const { body: now } = await get('/routing-info/msisdn-8611000?explain=true');
  const { body: then } = await get('/routing-info/msisdn-8611000?explain=true&height=2');
  assert.deepEqual([now.route.id, now.ledger.height], ['a1', 3]);
  assert.deepEqual([then.route.id, then.ledger.height, then.ledger.lagMs], ['b1', 2, null]);
  assert.equal(then.explanation.length, 2);
  assert.equal(then.explanation[0].setBy.height, 2);
  assert.match(then.explanation[0].why, /ported/);
  const details = { ipv4Addresses: ['10.9.9.9'] };
  await commit({ kind: 'declare-routes', member: 'b', routes: [route('b1', 'b', details)] });
  const { body: again } = await get('/routing-info/msisdn-8611000?height=2');
  assert.deepEqual(again.route, then.route);
  const { body: changed } = await get('/routes/b1');
  assert.deepEqual(changed, { number: 2, route: { ...then.route, ...details } });
  const { body: first } = await get('/routing-info/msisdn-8611000?height=1');
  assert.deepEqual([first.route.id, first.match.entry], ['a1', 'prefix']);
});

test('a block to come is 404, and one that is none 400', async () => {
  const { status, body } = await get('/routing-info/msisdn-8611000?height=99');
  assert.deepEqual([status, body.cause], [404, 'HEIGHT_NOT_REACHED']);
  for (const height of ['0', '-1', 'x', '1e3', '']) {
    const { status, body } = await get(`/routing-info/msisdn-8611000?height=${height}`);
    assert.deepEqual([status, body.cause], [400, 'OPTIONAL_QUERY_PARAM_INCORRECT'], height);
  }
});

test('the index can be loaded by listings and followed by changes from any block on', async () => {
  const page = await get('/ranges?prefix=86&identity=msisdn');
  assert.deepEqual(
    page.body.entries.map(({ prefix }: { prefix: string }) => prefix),
    ['861', '862', '8615'],
  );
  const stream = follow(`/changes?since=${page.body.ledger.height}`);
  const height = await commit(ported('8611001', 'b', 'a'), ported('8611002', 'b', 'a'));
  await until('it is told', () => stream.heights.includes(height));
  const next = await get('/ranges?prefix=86&identity=msisdn');
  const came = stream.blocks.flatMap(({ changes }) =>
    changes.map(({ entry, from, to, route }) => ({ entry, from, to, route })),
  );
  assert.deepEqual(next.body.entries, [...page.body.entries, ...came]);
  stream.close();
});

test('members, contracts and proofs are told as the ledger has them', async () => {
  const terms = {
    member: 'a',
    name: 'world',
    prices: [{ service: 'messages', price: 2 }],
  } as const;
  await commit({ kind: 'register-roaming-contract', ...terms, prices: [...terms.prices] });
  const member = memberSchema.parse((await get('/members/a')).body);
  assert.deepEqual([member.member, member.balance, member.plmns.length], ['a', 0, 1]);
  const address = roamingContractAddress('a', 'world');
  const contract = roamingContractSchema.parse((await get(`/roaming-contracts/${address}`)).body);
  assert.deepEqual(contract, { address, ...terms });
  const { body: proof } = await get('/proofs/msisdn-8611001');
  const set = new ValidatorSet(ledger.validators);
  const verdict = verifyProof(`${JSON.stringify(proof)}\n`, set, chainId);
  assert.equal(verdict.fault, undefined);
  for (const [path, status, cause] of [
    ['/members/nobody', 404, 'MEMBER_NOT_FOUND'],
    ['/members/%00', 400, 'MANDATORY_IE_INCORRECT'],
    ['/members/a/b', 400, 'MANDATORY_IE_INCORRECT'],
    ['/routes/nowhere', 404, 'ROUTE_NOT_FOUND'],
    [`/roaming-contracts/0x${'1'.repeat(40)}`, 404, 'CONTRACT_NOT_FOUND'],
    ['/roaming-contracts/0x1', 400, 'MANDATORY_IE_INCORRECT'],
    ['/proofs/nai-x', 400, 'MANDATORY_IE_INCORRECT'],
  ] as const) {
    const { status: told, body } = await get(path);
    assert.deepEqual([told, body.cause], [status, cause], path);
  }
});

test('a resolver of a snapshot says that it has no ledger, and answers what needs none', async () => {
  for (const path of [
    '/changes?since=0',
    '/routing-info/msisdn-8611000?height=1',
    '/members/a',
    `/roaming-contracts/0x${'1'.repeat(40)}`,
    '/proofs/msisdn-8611000',
  ]) {
    const { status, body } = await get(path, snapshotService);
    assert.deepEqual([status, body.cause], [501, 'LEDGER_NOT_FOLLOWED'], path);
  }
  assert.equal((await get('/ranges?prefix=86&identity=msisdn', snapshotService)).status, 200);
  assert.equal((await get('/routes/a1', snapshotService)).status, 404);
});

test('a stream over HTTP/2 gets the same events as one over HTTP/1.1', async () => {
  const session = openH2(`http://127.0.0.1:${service.ports.sbi}`);
  const path = `${PATH}/changes?since=0`;
  const stream = session.request({ ':path': path, 'last-event-id': '1' });
  let text = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    text += chunk;
  });
  const over1 = follow('/changes?since=1');
  const details = { ipv4Addresses: ['10.9.9.8'] };
  const routes = [route('b1', 'b', details)];
  const height = await commit({ kind: 'declare-routes', member: 'b', routes });
  await until(
    'both are told',
    () => over1.heights.includes(height) && text.includes(`id: ${height}\n`),
  );
  await until('its event is whole', () => text.endsWith('\n\n'));
  const data = [...text.matchAll(/^data: (.*)$/gm)].map((match) => JSON.parse(match[1]!));
  assert.deepEqual(
    data.map((block) => block.height),
    over1.heights,
  );
  assert.equal(data[0].height, 2);
  // Older ones may have been read before this one changed a route that they name.
  assert.deepEqual(data.at(-1), over1.blocks.at(-1));
  over1.close();
  session.destroy();
});
