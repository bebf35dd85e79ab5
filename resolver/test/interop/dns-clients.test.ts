// DNS clients that this project did not write ask `bchf serve`: dig, kdig, dnsperf, Node's own resolver
// and PathFinder's.

import assert from 'node:assert/strict';
import { promises as dns } from 'node:dns';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { enumDomain } from '../../enum/test/fixture.ts';
import { PortedSpace } from './ported-space.ts';
import { runProgram, unlessInstalled } from './programs.ts';
import { type SpaceServer, serveSpace } from './serve-space.ts';

const space = new PortedSpace({ prefix: '35840', suffixDigits: 4, oneIn: 10, routes: 16, seed: 1 });
const ported = space.ported().next().value as number;
const digits = space.digitsOf(ported);
const expected = space.naptrsOf(ported);
const absentDigits = '35841';

let server: SpaceServer;
before(async () => {
  server = await serveSpace(space);
});
after(() => server?.stop());

for (const program of ['dig', 'kdig']) {
  test(`${program} reads the records of a number`, { skip: unlessInstalled(program) }, async () => {
    const target = [`@${server.host}`, '-p', String(server.ports.enum), '+time=5', '+retry=1'];
    for (const transport of ['+notcp', '+tcp']) {
      const asked = [...target, transport, '+short', enumDomain(digits), 'NAPTR'];
      const { code, stdout } = await runProgram(program, asked);
      assert.equal(code, 0);
      const lines = expected.map(
        ({ order, preference, services, regexp }) =>
          `${order} ${preference} "u" "${services}" "${regexp}" .`,
      );
      assert.deepEqual(stdout.trim().split('\n').sort(), lines.sort());
    }
    const { stdout } = await runProgram(program, [...target, enumDomain(absentDigits), 'NAPTR']);
    assert.match(stdout, /NXDOMAIN/);
  });
}

test('dnsperf loses no query', { skip: unlessInstalled('dnsperf') }, async () => {
  const queries = 5000;
  const input = Array.from(
    { length: queries },
    (_, at) => `${enumDomain(space.digitsOf(at))} NAPTR\n`,
  ).join('');
  const target = ['-s', server.host, '-p', String(server.ports.enum)];
  for (const mode of ['udp', 'tcp']) {
    const { code, stdout, stderr } = await runProgram(
      'dnsperf',
      [...target, '-m', mode, '-e', '-q', '20', '-n', '1'],
      { input },
    );
    assert.equal(code, 0, stderr);
    assert.match(stdout, new RegExp(`Queries completed: +${queries} \\(100\\.00%\\)`), stdout);
    const found = Array.from({ length: queries }, (_, at) => space.routeOf(at) >= 0);
    const codes = `NOERROR ${found.filter(Boolean).length} `;
    assert.ok(stdout.includes(codes), `${codes}: ${stdout}`);
  }
});

test('Node’s resolver reads the records of a number and tells that another has none', async () => {
  const resolver = new dns.Resolver({ timeout: 5000, tries: 2 });
  resolver.setServers([`${server.host}:${server.ports.enum}`]);
  const records = await resolver.resolveNaptr(enumDomain(digits));
  assert.deepEqual(
    records.map(({ order, preference, flags, service, regexp, replacement }) => ({
      order,
      preference,
      flags,
      service,
      regexp,
      replacement,
    })),
    expected.map(({ order, preference, services, regexp }) => ({
      order,
      preference,
      flags: 'u',
      service: services,
      regexp,
      replacement: '',
    })),
  );
  await assert.rejects(resolver.resolveNaptr(enumDomain(absentDigits)), { code: 'ENOTFOUND' });
});

/** What of `@mojaloop/pathfinder-query-client`, which has no types, is used here. */
interface PathFinder {
  createClient(options: { address: string; port: number; timeout: number; enumSuffix: string }): {
    request(phone: string): Promise<{
      tn: string;
      records: {
        order: number;
        preference: number;
        service: string;
        regexp: { pattern: RegExp; replace: string };
      }[];
    }>;
  };
  Errors: Record<string, new () => Error>;
}

test('PathFinder’s client gets its records and its error for a number that is not valid', async () => {
  const name = '@mojaloop/pathfinder-query-client';
  const pathfinder = createRequire(import.meta.url)(name) as PathFinder;
  const client = pathfinder.createClient({
    address: server.host,
    port: server.ports.enum,
    timeout: 5000,
    enumSuffix: 'e164.arpa',
  });
  const { tn, records } = await client.request(`+${digits}`);
  assert.equal(tn, `+${digits}`);
  assert.deepEqual(
    records.map(({ order, preference, service, regexp: { pattern, replace } }) => ({
      order,
      preference,
      services: service,
      regexp: `!${pattern.source}!${replace}!`,
    })),
    expected,
  );
  // The client takes Bluebird's promises, which assert.rejects does not know for promises.
  await assert.rejects(async () => {
    await client.request(`+${absentDigits}`);
  }, pathfinder.Errors.InvalidPhoneNumberError);
});
