// Clients that this project did not write: Node's own resolver (c-ares), and dig and kdig where they
// are installed.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { promises as dns } from 'node:dns';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { createEnumHandler } from '../enum-answer.ts';
import { createEnumCounters } from '../enum-counters.ts';
import { type EnumTcpServer, listenEnumTcp } from '../enum-tcp.ts';
import { CLIENT, enumDomain, serviceOf, zonesOf } from './fixture.ts';

const HOST = '127.0.0.1';
const run = promisify(execFile);
// More name servers than fit into 512 bytes: what a client must fetch over TCP.
const nameServers = Array.from(
  { length: 16 },
  (_, index) => `${'n'.repeat(32 + index)}.example.org`,
);
const zones = zonesOf({ nameServers });
const counters = createEnumCounters();
const ported = enumDomain('12155550123');
const sip = '!^.*$!sip:+12155550123@ims.mnc410.mcc310.3gppnetwork.org;user=phone!';
const tel = '!^.*$!tel:+12155550123;npdi;rn=310410;rn-context=mnc410.mcc310.3gppnetwork.org!';

let udp: Socket;
let tcp: EnumTcpServer;

before(async () => {
  const answerTcp = createEnumHandler(serviceOf({ transport: 'tcp', zones, counters }));
  tcp = await listenEnumTcp({ host: HOST, port: 0, answer: answerTcp, counters });
  const answerUdp = createEnumHandler(serviceOf({ zones, counters }));
  const response = new Uint8Array(1232);
  udp = createSocket('udp4');
  udp.on('message', (message, peer) => {
    const length = answerUdp(message, response, CLIENT);
    if (length > 0) udp.send(response.slice(0, length), peer.port, peer.address);
  });
  udp.bind(tcp.port, HOST);
  await once(udp, 'listening');
});

after(async () => {
  udp.close();
  await tcp.close();
});

/** Without the undefined fields that some versions of Node add. */
function plain(records: unknown): unknown {
  return JSON.parse(JSON.stringify(records));
}

describe('Node’s resolver', () => {
  function resolver(): dns.Resolver {
    const made = new dns.Resolver({ timeout: 2000, tries: 2 });
    made.setServers([`${HOST}:${tcp.port}`]);
    return made;
  }

  test('resolves a number to its NAPTR records', async () => {
    assert.deepEqual(plain(await resolver().resolveNaptr(ported)), [
      { flags: 'u', service: 'E2U+sip', regexp: sip, replacement: '', order: 100, preference: 10 },
      {
        flags: 'u',
        service: 'E2U+pstn:tel',
        regexp: tel,
        replacement: '',
        order: 100,
        preference: 20,
      },
    ]);
  });

  test('resolves the SOA of the zone', async () => {
    assert.deepEqual(plain(await resolver().resolveSoa('e164.arpa')), {
      nsname: 'ns1.example.org',
      hostmaster: 'hostmaster.example.org',
      serial: 2_026_000_001,
      refresh: 7200,
      retry: 900,
      expire: 604_800,
      minttl: 60,
    });
  });

  test('tells NXDOMAIN from no data', async () => {
    const codeOf = (digits: string) =>
      resolver()
        .resolveNaptr(enumDomain(digits))
        .then(() => 'found')
        .catch((error) => error.code);
    assert.equal(await codeOf('9'), 'ENOTFOUND');
    assert.equal(await codeOf('86'), 'ENODATA');
  });

  test('comes back over TCP for what does not fit over UDP', async () => {
    const tcpReceived = counters.tcpReceived;
    const truncated = counters.truncated;
    const servers = await resolver().resolveNs('e164.arpa');
    assert.deepEqual(servers.sort(), [...nameServers].sort());
    // Newer c-ares sends EDNS with a payload that takes the answer at once.
    assert.equal(counters.tcpReceived - tcpReceived, counters.truncated - truncated);
  });
});

for (const command of ['dig', 'kdig']) {
  describe(command, () => {
    async function ask(context: { skip(reason: string): void }, args: string[]) {
      const target = [`@${HOST}`, '-p', String(tcp.port), '+time=2', '+retry=0'];
      try {
        return (await run(command, [...target, ...args])).stdout;
      } catch (error) {
        if ((error as { code?: unknown }).code !== 'ENOENT') throw error;
        context.skip(`${command} is not installed`);
        return undefined;
      }
    }

    for (const transport of ['+notcp', '+tcp']) {
      test(`reads the records of a number with ${transport}`, async (context) => {
        const output = await ask(context, [transport, '+norec', ported, 'NAPTR']);
        if (output === undefined) return;
        assert.match(output, /status: NOERROR/);
        assert.match(output, /flags: qr aa/i);
        assert.ok(output.includes(`NAPTR\t100 10 "u" "E2U+sip" "${sip}" .`), output);
        assert.ok(output.includes(`NAPTR\t100 20 "u" "E2U+pstn:tel" "${tel}" .`), output);
        assert.doesNotMatch(output, /warning|malformed|trailing/i);
      });
    }

    test('reads NXDOMAIN, no data, REFUSED and BADVERS', async (context) => {
      // dig would ask again with version 0 of its own accord.
      const ednsVersion1 = command === 'dig' ? ['+edns=1', '+noednsnegotiation'] : ['+edns=1'];
      const cases = [
        [[enumDomain('9'), 'NAPTR'], /NXDOMAIN/],
        [[enumDomain('86'), 'NAPTR'], /NOERROR/],
        [['example.org', 'A'], /REFUSED/],
        [[...ednsVersion1, 'e164.arpa', 'SOA'], /BADVERS/],
      ] as const;
      for (const [args, status] of cases) {
        const output = await ask(context, ['+notcp', ...args]);
        if (output === undefined) return;
        assert.match(output, status);
      }
    });
  });
}
