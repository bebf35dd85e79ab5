// What the ENUM tests share: a small index, a zone over it, and ways to ask.

import { parseDigits } from '../../../ledger/number.ts';
import { type DnsResponse, decodeResponse, encodeQuery } from '../dns-client-codec.ts';
import { encodeName, RECORD_TYPE } from '../dns-codec.ts';
import { answerQuery, type EnumLookup, type EnumTransport } from '../enum-answer.ts';
import { createEnumCounters, type EnumCounters } from '../enum-counters.ts';
import { createEnumZone, type EnumZone, type EnumZoneSettings } from '../enum-zone.ts';

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
};

export const zone = createEnumZone(zoneSettings);

/** Three entries, one of each kind: 86139 and below, two numbers of a run, one ported number. */
const prefixes = new Map([['86139', { mcc: '460', mnc: '00' }]]);
const numbers = new Map([
  ['8613912345000', { entry: 'fragmented' as const, plmn: { mcc: '460', mnc: '01' } }],
  ['8613912345001', { entry: 'fragmented' as const, plmn: { mcc: '460', mnc: '01' } }],
  ['12155550123', { entry: 'ported' as const, plmn: { mcc: '310', mnc: '410' } }],
]);

export const lookup: EnumLookup = {
  find(key) {
    const digits = String(key).slice(1);
    const number = numbers.get(digits);
    if (number !== undefined) return { entry: number.entry, route: { plmn: number.plmn } };
    for (let length = digits.length; length > 0; length--) {
      const plmn = prefixes.get(digits.slice(0, length));
      if (plmn !== undefined) return { entry: 'prefix', route: { plmn } };
    }
    return undefined;
  },
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

/** Sends bytes through {@link answerQuery}. */
export function send(
  message: Uint8Array,
  { transport = 'udp', inZone = zone }: { transport?: EnumTransport; inZone?: EnumZone } = {},
): { bytes: Uint8Array; response: DnsResponse | undefined; counters: EnumCounters } {
  const counters = createEnumCounters();
  const out = new Uint8Array(65_535);
  const length = answerQuery(message, out, { transport, zone: inZone, lookup, counters });
  const bytes = out.slice(0, length);
  return { bytes, response: decodeResponse(bytes), counters };
}

export interface AskOptions {
  type?: number;
  edns?: { udpPayloadBytes: number; dnssecOk: boolean };
  transport?: EnumTransport;
  inZone?: EnumZone;
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
