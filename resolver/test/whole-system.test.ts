// The whole way, as a process: real numbering data and a seeded population → blocks → index →
// every interface. The population's own oracle, which computes what is expected without ledger and
// index, is the reference.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { digitsOf, formatUeId, type Identity, type NumberKey } from '../../ledger/number.ts';
import { readNumberingData } from '../../ledger/population/numbering-data.ts';
import { createPopulation, type ExpectedMatch } from '../../ledger/population/population.ts';
import { createRandom } from '../../ledger/population/random.ts';
import type { DnsResponse } from '../enum/dns-client-codec.ts';
import type { RoutingInfo } from '../http/schemas.ts';
import { type BatchClient, openBatchClient } from '../udp/batch-client.ts';
import { type BchfServer, runBchf, startServer } from './bchf-process.ts';
import { askEnumTcp, askEnumUdp, getAll } from './clients.ts';

const SAMPLES = 100_000;
const SEED = Number(process.env.BCHF_TEST_SEED ?? 20_261);

const options = { ported: 60_000, fragmented: 4_000, profile: 25, seed: SEED } as const;
const population = createPopulation({ data: readNumberingData(), ...options });
const routeById = new Map(population.routes.map((route) => [route.id, route]));

interface Asked {
  identity: Identity;
  key: NumberKey;
  expected: ExpectedMatch | undefined;
}

/** Every real prefix, and seeded numbers of every kind. */
function numbersToAsk(): Asked[] {
  const asked: Asked[] = [];
  const ask = (identity: Identity, key: NumberKey) =>
    asked.push({ identity, key, expected: population.expected(identity, key) });
  for (const body of population.transactions()) {
    if (body.kind === 'inject-pool') break;
    if (body.kind !== 'assign-prefixes') continue;
    for (const { prefixes } of body.assignments) {
      for (const prefix of prefixes) ask(body.identity, prefix);
    }
  }
  assert.equal(asked.length, population.prefixCount.msisdn + population.prefixCount.imsi);
  const random = createRandom(SEED);
  const mix = { ported: 3, fragmented: 2, prefix: 2, miss: 2, 'wrong-length': 1 };
  for (let count = 0; count < SAMPLES; count++) {
    const { identity, key } = population.sample(random, mix);
    ask(identity, key);
  }
  return asked;
}

const asked = numbersToAsk();
const directory = mkdtempSync(join(tmpdir(), 'bchf-system-'));
let server: BchfServer;
let client: BatchClient;

before(async () => {
  console.log(`seed ${SEED}`);
  const flags = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  server = await startServer('start', '--data', directory, ...flags);
  client = await openBatchClient({ host: '127.0.0.1', port: server.ports.batch, retries: 5 });
});
after(async () => {
  await client?.close();
  await server?.stop();
  rmSync(directory, { recursive: true });
});

test('the samples hold every kind of entry and numbers that are not found', () => {
  const kinds = new Set(asked.map(({ expected }) => expected?.entry));
  assert.deepEqual(kinds, new Set(['prefix', 'fragmented', 'ported', undefined]));
});

test('HTTP answers every real prefix and every sampled number as the reference does', async () => {
  const path = ({ identity, key }: Asked) =>
    `/nbchf-routing/v1/routing-info/${formatUeId({ identity, key })}`;
  const replies = await getAll(server.ports.http, asked.map(path));
  for (const [position, one] of asked.entries()) {
    const { status, body } = replies[position] as { status: number; body: string };
    const { expected } = one;
    if (!expected) {
      assert.equal(status, 404, path(one));
      continue;
    }
    assert.equal(status, 200, path(one));
    const { match, route, ledger } = JSON.parse(body);
    assert.deepEqual([match.entry, route.id], [expected.entry, expected.route], path(one));
    assert.deepEqual(route, routeById.get(expected.route));
    assert.equal(ledger.height, server.height);
    if (match.entry === 'prefix') assert.equal(match.prefix, digitsOf(expected.from));
  }
});

test('UDP batch answers every real prefix and every sampled number as the reference does', async () => {
  const routeIds = new Map<number, string>();
  const routeIdOf = async (number: number) => {
    const known = routeIds.get(number);
    if (known !== undefined) return known;
    const { route } = await client.route(number);
    assert.ok(route);
    routeIds.set(number, route.id);
    return route.id;
  };
  for (const identity of ['imsi', 'msisdn'] as const) {
    const mine = asked.filter((one) => one.identity === identity);
    for (let at = 0; at < mine.length; at += 128) {
      const part = mine.slice(at, at + 128);
      const { answers, height } = await client.lookup(
        identity,
        part.map(({ key }) => key),
      );
      assert.equal(height, server.height);
      for (const [position, { key, expected }] of part.entries()) {
        const answer = answers[position];
        assert.ok(answer);
        if (!expected) {
          assert.equal(answer.status, 'not-found', digitsOf(key));
          continue;
        }
        assert.ok(answer.status === 'found', digitsOf(key));
        assert.equal(answer.entry, expected.entry);
        assert.equal(await routeIdOf(answer.routeNumber), expected.route);
        const matched = expected.entry === 'prefix' ? digitsOf(expected.from) : digitsOf(key);
        assert.equal(answer.matchedLength, matched.length);
      }
    }
  }
});

const NOERROR = 0;
const NXDOMAIN = 3;

/** Whether anything of the population lies below an MSISDN's digits: a longer prefix or number. */
function createHasBelow(): (key: NumberKey) => boolean {
  const beginnings = new Set<NumberKey>();
  const ranges: { from: NumberKey; to: NumberKey }[] = [];
  const addBeginnings = (key: NumberKey) => {
    for (let at = Math.floor(key / 10); at > 1; at = Math.floor(at / 10)) beginnings.add(at);
  };
  for (const body of population.transactions()) {
    if (body.kind === 'assign-prefixes' && body.identity === 'msisdn') {
      for (const { prefixes } of body.assignments) prefixes.forEach(addBeginnings);
    } else if (body.kind === 'allocate' && body.identity === 'msisdn') {
      ranges.push(...body.ranges);
    }
  }
  for (let index = 0; index < population.portedCount; index++) {
    addBeginnings(population.portedNumber(index));
  }
  for (let { from, to } of ranges) {
    for (; from > 1; from = Math.floor(from / 10), to = Math.floor(to / 10)) {
      for (let at = Math.floor(from / 10); at <= Math.floor(to / 10); at++) beginnings.add(at);
    }
  }
  return (key) => beginnings.has(key);
}

const hasBelow = createHasBelow();

/** Compares an ENUM answer with what the reference expects of an MSISDN. */
function assertEnumAnswer(reply: DnsResponse, { key, expected }: Asked): void {
  const digits = digitsOf(key);
  if (!expected) {
    assert.equal(reply.rcode, hasBelow(key) ? NOERROR : NXDOMAIN, digits);
    assert.equal(reply.answers.length, 0, digits);
    return;
  }
  assert.equal(reply.rcode, NOERROR, digits);
  const { mcc, mnc } = routeById.get(expected.route)!.plmn;
  const network = `mnc${mnc.padStart(3, '0')}.mcc${mcc}.3gppnetwork.org`;
  const regexps = reply.answers.map(({ data }) => (data.kind === 'naptr' ? data.regexp : ''));
  assert.equal(regexps[0], `!^.*$!sip:+${digits}@ims.${network};user=phone!`);
  const isPorted = expected.entry === 'ported';
  assert.equal(regexps[1]?.includes(`;rn=${mcc}${mnc};`), isPorted, digits);
}

const askedOfEnum = asked.filter(({ identity }) => identity === 'msisdn');

for (const [transport, askEnum] of [
  ['UDP', askEnumUdp],
  ['TCP', askEnumTcp],
] as const) {
  test(`ENUM over ${transport} answers every real prefix and every sampled MSISDN as the reference does`, async () => {
    const replies = await askEnum(
      server.ports.enum,
      askedOfEnum.map(({ key }) => key),
    );
    for (const [position, one] of askedOfEnum.entries()) {
      assertEnumAnswer(replies[position] as DnsResponse, one);
    }
  });
}

test('curl, bchf lookup, a UDP batch and an ENUM query agree on one ported number', async () => {
  const key = population.portedNumber(0);
  const ueId = formatUeId({ identity: 'msisdn', key });
  const url = `http://127.0.0.1:${server.ports.http}`;
  const response = await fetch(`${url}/nbchf-routing/v1/routing-info/${ueId}`);
  const http = (await response.json()) as RoutingInfo;
  const lookup = await runBchf('lookup', ueId, '--server', url, '--json');
  assert.equal(lookup.code, 0);
  assert.deepEqual(JSON.parse(lookup.stdout), http);
  const { answers } = await client.lookup('msisdn', [key]);
  const answer = answers[0];
  assert.ok(answer?.status === 'found');
  const { route } = await client.route(answer.routeNumber);
  assert.deepEqual(route, http.route);
  const [reply] = await askEnumUdp(server.ports.enum, [key]);
  assertEnumAnswer(reply as DnsResponse, {
    identity: 'msisdn',
    key,
    expected: population.expected('msisdn', key),
  });
});

test('bchf carriers lists the routes of the ledger with carrier ids of their own', async () => {
  const admin = `http://127.0.0.1:${server.ports.admin}`;
  const all = await runBchf('carriers', '--admin', admin, '--json');
  assert.equal(all.code, 0, all.stderr);
  const carriers: { route: string; member: string; carrierId: number }[] = JSON.parse(all.stdout);
  assert.deepEqual(
    carriers.map(({ route, member }) => ({ route, member })),
    population.routes.map(({ id, member }) => ({ route: id, member })),
  );
  assert.equal(new Set(carriers.map(({ carrierId }) => carrierId)).size, population.routes.length);
  const { member } = population.routes[0]!;
  const one = await runBchf('carriers', '--admin', admin, '--member', member);
  const own = population.routes.filter((route) => route.member === member);
  assert.equal(one.stdout.trimEnd().split('\n').length, own.length + 1);
});

test('an explanation of a ported number names the entries that it shadows', async () => {
  const key = population.portedNumber(1);
  const url = `http://127.0.0.1:${server.ports.http}`;
  const { code, stdout } = await runBchf('lookup', digitsOf(key), '--explain', '--server', url);
  assert.equal(code, 0);
  assert.match(stdout, /1\. ported/);
  assert.match(stdout, /2\. prefix/);
});

test('random bytes and broken packets at every port are counted and change nothing', async () => {
  const dgram = await import('node:dgram');
  const random = createRandom(SEED + 1);
  const socket = dgram.createSocket('udp4');
  for (let count = 0; count < 2_000; count++) {
    const packet = Buffer.from(Array.from({ length: random.below(300) }, () => random.below(256)));
    for (const port of [server.ports.batch, server.ports.enum]) {
      await new Promise((resolve) => socket.send(packet, port, '127.0.0.1', resolve));
    }
  }
  socket.close();
  const { answers } = await client.lookup('msisdn', [population.portedNumber(0)]);
  assert.equal(answers[0]?.status, 'found');
  // Threads copy their counters a few times a second.
  await new Promise((resolve) => setTimeout(resolve, 600));
  const metrics = await (await fetch(`http://127.0.0.1:${server.ports.admin}/metrics`)).text();
  const metric = (name: string) => Number(new RegExp(`^${name} (\\d+)`, 'm').exec(metrics)?.[1]);
  assert.ok(metric('bchf_batch_dropped_magic_total') > 1_000);
  assert.ok(metric('bchf_enum_dropped_response_total') > 0);
  assert.ok(metric('bchf_batch_looked_up_numbers_total') >= asked.length);
  assert.ok(metric('bchf_workers') >= 1);
});

test('a snapshot that the server wrote is served without the ledger, with the same answers', async () => {
  const snapshot = join(directory, 'snapshots', `${String(server.height).padStart(12, '0')}.bchf`);
  const inspected = await runBchf('snapshot', 'inspect', snapshot, '--json');
  assert.equal(inspected.code, 0);
  assert.equal(JSON.parse(inspected.stdout).entryCounts.msisdn.ported, options.ported);
  const second = await startServer('serve', '--snapshot', snapshot, '--workers', '1');
  try {
    const part = asked.slice(-2_000);
    const paths = part.map((one) => `/nbchf-routing/v1/routing-info/${formatUeId(one)}`);
    const [mine, theirs] = await Promise.all([
      getAll(second.ports.http, paths),
      getAll(server.ports.http, paths),
    ]);
    for (const [position, { status, body }] of mine.entries()) {
      assert.equal(status, theirs[position]?.status);
      assert.equal(JSON.parse(body).route?.id, JSON.parse(theirs[position]!.body).route?.id);
    }
  } finally {
    assert.equal(await second.stop(), 0);
  }
});
