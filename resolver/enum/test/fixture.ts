// What the ENUM tests share: a small index, a zone over it, and ways to ask.

import { parseDigits } from '../../../ledger/number.ts';
import { exampleRoute } from '../../test/example-route.ts';
import { parseAddress } from '../../udp/client-address-codec.ts';
import { type DnsResponse, decodeResponse, encodeQuery } from '../dns-client-codec.ts';
import { encodeName, RECORD_TYPE } from '../dns-codec.ts';
import { answerQuery, type EnumService, type EnumTransport } from '../enum-answer.ts';
import { createEnumCounters, type EnumCounters } from '../enum-counters.ts';
import type { EnumLookup } from '../enum-records.ts';
import { DEFAULT_SERVICES } from '../enum-settings.ts';
import { createEnumZones, type EnumZone, type EnumZoneSettings } from '../enum-zone.ts';

export const zoneSettings: EnumZoneSettings = {
  suffix: 'e164.arpa',
  answerTtlSeconds: 300,
  nameServers: ['ns1.example.org', 'ns2.example.org'],
  soa: {
    primaryServer: 'ns1.example.org',
    mailbox: 'hostmaster.example.org',
    serial: 2_026_000_001,
    refreshSeconds: 7200,
    retrySeconds: 900,
    expireSeconds: 604_800,
    minimumSeconds: 60,
    ttlSeconds: 3600,
  },
  services: Object.values(DEFAULT_SERVICES),
};

/** Zones of settings that differ from the usual ones. */
export function zonesOf(...different: Partial<EnumZoneSettings>[]): EnumZone[] {
  return createEnumZones(different.map((settings) => ({ ...zoneSettings, ...settings })));
}

export const zones = zonesOf({});

/** Of TEST-NET-1 (RFC 5737). */
export const CLIENT = parseAddress('192.0.2.1')!;

/** Three entries, one of each kind: 86139 and below, two numbers of a run, one ported number. */
const routes = [
  exampleRoute('bulk', { plmn: { mcc: '460', mnc: '00' }, member: 'cn-a' }),
  exampleRoute('pool', { plmn: { mcc: '460', mnc: '01' }, member: 'cn-b' }),
  exampleRoute('moved', { plmn: { mcc: '310', mnc: '410' }, member: 'us-c' }),
];
const prefixes = new Map([['86139', 0]]);
const numbers = new Map([
  ['8613912345000', { entry: 'fragmented' as const, routeNumber: 1 }],
  ['8613912345001', { entry: 'fragmented' as const, routeNumber: 1 }],
  ['12155550123', { entry: 'ported' as const, routeNumber: 2 }],
]);

export const lookup: EnumLookup = {
  find(key) {
    const digits = String(key).slice(1);
    const number = numbers.get(digits);
    if (number !== undefined) return { ...number, route: routes[number.routeNumber]! };
    for (let length = digits.length; length > 0; length--) {
      const routeNumber = prefixes.get(digits.slice(0, length));
      if (routeNumber !== undefined) {
        return { entry: 'prefix', routeNumber, route: routes[routeNumber]! };
      }
    }
    return undefined;
  },
  height: () => 1234,
  hasBelow(key) {
    const digits = String(key).slice(1);
    return [...prefixes.keys(), ...numbers.keys()].some(
      (longer) => longer.length > digits.length && longer.startsWith(digits),
    );
  },
};

/** The domain name of a number. */
export function enumDomain(digits: string, suffix = 'e164.arpa'): string {
  return [...[...digits].reverse(), suffix].join('.');
}

export function keyOf(digits: string): number {
  return parseDigits(digits)!;
}

export interface Asked {
  length: number;
  bytes: Uint8Array;
  response: DnsResponse;
  counters: EnumCounters;
}

/** A service over the small index, at the time 0, without cookies and limits. */
export function serviceOf(different: Partial<EnumService> = {}): EnumService {
  const counters = createEnumCounters();
  return { transport: 'udp', zones, lookup, counters, nowMs: () => 0, ...different };
}

/** Sends bytes through {@link answerQuery}. */
export function send(
  message: Uint8Array,
  { transport = 'udp', inZones = zones, client = CLIENT, service }: SendOptions = {},
): { bytes: Uint8Array; response: DnsResponse | undefined; counters: EnumCounters } {
  const used = service ?? serviceOf({ transport, zones: inZones });
  const { counters } = used;
  const out = new Uint8Array(65_535);
  const length = answerQuery(message, out, client, used);
  const bytes = out.slice(0, length);
  return { bytes, response: decodeResponse(bytes), counters };
}

export interface SendOptions {
  transport?: EnumTransport;
  inZones?: EnumZone[];
  client?: Uint8Array;
  /** Instead of one of its own for each query. */
  service?: EnumService;
}

export interface AskOptions extends SendOptions {
  type?: number;
  edns?: { udpPayloadBytes: number; dnssecOk: boolean };
}

/** Asks for a domain name, NAPTR if nothing else is said; the response must be well formed. */
export function ask(domain: string, options: AskOptions = {}): Asked {
  const { type = RECORD_TYPE.NAPTR, edns } = options;
  const query = encodeQuery({ id: 0x1234, name: encodeName(domain)!, type, edns });
  const { bytes, response, counters } = send(query, options);
  if (response === undefined) throw new Error('the response is missing or malformed');
  return { length: bytes.length, bytes, response, counters };
}

/** Bytes from hex digits; white space and `|` are for the reader. */
export function hex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.replace(/[\s|]/g, ''), 'hex'));
}

/** The seed of this run: BCHF_TEST_SEED, or a new one; printed, so that a failure can be repeated. */
export function printedSeed(): number {
  const seed = Number(process.env.BCHF_TEST_SEED ?? Date.now() % 1_000_000_007);
  process.stdout.write(`BCHF_TEST_SEED=${seed}\n`);
  return seed;
}

/** A generator of integers from 0 to below `limit`: mulberry32. */
export function createRandom(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}
