// What both answerers of ENUM packets are compared over: three zones, cookies and limits that are met,
// and a small index.

import { createWasmIndex } from '../../../wasm/wasm-index.ts';
import { exampleRoute } from '../../test/example-route.ts';
import { parseAddress } from '../../udp/client-address-codec.ts';
import { type EnumSettings, readEnumFile } from '../enum-settings.ts';
import { createPacketSource, mutate } from './enum-packets.ts';
import { createTypeScriptTwin, createWasmTwin, lookupOf } from './enum-twins.ts';
import { createRandom } from './fixture.ts';

export const SECRETS = ['e5e973e5a6b2a43f48e7dc849e37bfcf', '445536bcd2513298075a5d379663c962'];

/** 253 characters, 255 bytes on the wire. */
const LONGEST_NAME = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(61)}`;

export const settings: EnumSettings = readEnumFile(
  {
    services: {
      voice: {
        service: 'E2U+voice:tel',
        preference: 30,
        uri: 'tel:+{number};x={number};m={member}',
      },
      long: { service: 'E2U+web:http', uri: `http://{fqdn}/{number}/${'y'.repeat(150)}` },
    },
    zones: [
      { suffix: 'e164.arpa', nameServers: ['ns1.example.org', 'ns2.example.org'] },
      {
        suffix: 'i.4.4.e164.arpa',
        nameServers: ['ns1.example.org'],
        services: ['voice', 'sip'],
        answerTtlSeconds: 5,
      },
      {
        suffix: 'e164enum.net',
        nameServers: ['ns1.example.org'],
        soa: { serial: 5, minimumSeconds: 7, primaryServer: LONGEST_NAME, mailbox: LONGEST_NAME },
        services: ['tel'],
        servicesByRoute: { r1: [], r2: ['long', 'long', 'long', 'tel', 'sip', 'voice'] },
        clients: ['192.0.2.0/24', '2001:db8::/32'],
      },
    ],
    cookies: { secrets: SECRETS },
    rateLimit: { responsesPerSecond: 4, slip: 2, exempt: ['127.0.0.0/8'], entries: 1024 },
  },
  () => '',
);

/** An index with prefixes, runs and ported numbers of a few countries. */
export function createSubject() {
  const routes = Array.from({ length: 5 }, (_, number) =>
    exampleRoute(`r${number}`, { plmn: { mcc: '244', mnc: number % 2 ? '05' : '091' } }),
  );
  const index = createWasmIndex({ memoryBytesMax: 64 << 20 });
  index.apply([
    { entry: 'prefix', from: 1358, to: 1358, route: 0 },
    { entry: 'prefix', from: 14479, to: 14479, route: 1 },
    { entry: 'prefix', from: 10, to: 10, route: 2 },
    { entry: 'fragmented', from: 186139000, to: 186139099, route: 3 },
    { entry: 'ported', from: 1358401234567, to: 1358401234567, route: 2 },
    { entry: 'ported', from: 1447911123456, to: 1447911123456, route: 4 },
    { entry: 'ported', from: 1999999999999999, to: 1999999999999999, route: 1 },
    { entry: 'ported', from: 112155550123, to: 112155550123, route: 3 },
  ]);
  return { index, routes, lookup: lookupOf(index, routes) };
}

/** Exempt from the limit, so that it does not matter in which order a batch is answered. */
const EXEMPT = parseAddress('127.0.0.1')!;
const BATCH = 64;
/** Longest datagram that a transport passes on. */
const DATAGRAM_BYTES_MAX = 1232;

/**
 * Makes a comparison of both answerers: a function that gives them so many mutated packets, and throws
 * where their bytes or counts differ.
 */
export function createMutationComparison(seed: number): (packets: number) => void {
  const random = createRandom(seed);
  const { index, lookup } = createSubject();
  const typescript = createTypeScriptTwin(settings, lookup);
  const wasm = createWasmTwin(settings, lookup, index);
  const source = createPacketSource(random, SECRETS);

  function compareBatch(nowMs: number): void {
    const batch = Array.from({ length: BATCH }, () => {
      const { message } = source.next(nowMs);
      return { message: mutate(message, random).subarray(0, DATAGRAM_BYTES_MAX), client: EXEMPT };
    });
    const expected = typescript.answer(batch, nowMs);
    const given = wasm.answer(batch, nowMs);
    for (const [at, { message }] of batch.entries()) {
      if (Buffer.from(given[at]!).equals(expected[at]!)) continue;
      const [query, wanted, other] = [message, expected[at]!, given[at]!].map((bytes) =>
        Buffer.from(bytes).toString('hex'),
      );
      throw new Error(`${query} gets ${wanted} and in Wasm ${other}`);
    }
  }

  return (packets) => {
    for (let from = 0; from < packets; from += BATCH) compareBatch(1_700_000_000_000 + from);
    const [counts, wanted] = [wasm, typescript].map((twin) => JSON.stringify(twin.counters()));
    if (counts !== wanted) throw new Error(`counts in Wasm ${counts}, else ${wanted}`);
  };
}
