// Seeded queries of every kind that a DNS authority meets, well formed and not: what the answers of
// the resolver and of other servers are compared on.

import { encodeName } from '../../enum/dns-codec.ts';
import type { PortedSpace } from './ported-space.ts';

/** Integers from 0 to below a limit. */
export type Draw = (limit: number) => number;

/** Where a name lies in relation to the numbers of the zone. */
export const PROBE_NAMES = [
  'ported number',
  'other number',
  'above numbers',
  'outside of the space',
  'below a ported number',
  'letters',
  'several digits in a label',
  'more than 15 digits',
  'apex',
  'off zone',
  'above the zone',
  'root',
] as const;
export type ProbeName = (typeof PROBE_NAMES)[number];

/** What is wrong with a message. */
export const PROBE_FAULTS = [
  'none',
  'it is a response',
  'no question',
  'two questions',
  'an answer record',
  'an authority record',
  'an additional record',
  'two OPT records',
  'OPT with a name',
  'OPT options overrun',
  'cut short',
  'bytes left over',
  'a pointer as the name',
  'a label of 64 bytes',
] as const;
export type ProbeFault = (typeof PROBE_FAULTS)[number];

export interface ProbeEdns {
  version: number;
  udpPayloadBytes: number;
  /** The 16 bits behind the version, the first is DO. */
  flags: number;
  options: { code: number; data: readonly number[] }[];
}

export interface Probe {
  name: ProbeName;
  domain: string;
  type: number;
  class: number;
  opcode: number;
  /** The bits AA, TC, RD, RA, Z, AD and CD of the header. */
  flags: number;
  edns: ProbeEdns | undefined;
  fault: ProbeFault;
  message: Uint8Array;
}

/** Types that queries ask for, by their numbers in the IANA registry. */
export const PROBE_TYPES = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  HINFO: 13,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  NAPTR: 35,
  DNAME: 39,
  OPT: 41,
  DS: 43,
  RRSIG: 46,
  NSEC: 47,
  DNSKEY: 48,
  SVCB: 64,
  IXFR: 251,
  AXFR: 252,
  MAILB: 253,
  ANY: 255,
  CAA: 257,
  unassigned: 65_300,
} as const;

export const CLASS = { IN: 1, CH: 3, HS: 4, NONE: 254, ANY: 255 } as const;

const FLAG_BITS = [0x0400, 0x0200, 0x0100, 0x0080, 0x0040, 0x0020, 0x0010];
const FLAG_QR = 0x8000;
const PAYLOADS = [0, 1, 511, 512, 513, 600, 1231, 1232, 1233, 1400, 4096, 65_535];
/** NSID, DAU, client subnet, cookie, keepalive, padding, and one that nobody has assigned. */
const OPTIONS = [
  { code: 3, data: [] },
  { code: 5, data: [8, 13] },
  { code: 8, data: [0, 1, 24, 0, 192, 0, 2] },
  { code: 10, data: [1, 2, 3, 4, 5, 6, 7, 8] },
  { code: 11, data: [] },
  { code: 12, data: [0, 0, 0, 0] },
  { code: 65_001, data: [1, 2, 3] },
];

/** The id of every probe. */
export const PROBE_ID = 0x5a5a;

/** Draws probes for the zone `suffix` over the numbers of a space, id {@link PROBE_ID}. */
export function createProbes(space: PortedSpace, suffix: string, draw: Draw): () => Probe {
  const pick = <Item>(items: readonly Item[]): Item => items[draw(items.length)]!;
  const oneIn = (times: number) => draw(times) === 0;

  function numberOf(isPorted: boolean): string {
    for (;;) {
      const offset = draw(space.size);
      if (space.routeOf(offset) >= 0 === isPorted) return space.digitsOf(offset);
    }
  }
  const below = (...labels: string[]) => [...labels, suffix].join('.');
  const domainOf = (digits: string) => below(...[...digits].reverse());

  const domains: Record<ProbeName, () => string> = {
    'ported number': () => domainOf(numberOf(true)),
    'other number': () => domainOf(numberOf(false)),
    'above numbers': () => {
      const digits = numberOf(true);
      return domainOf(digits.slice(0, 1 + draw(digits.length - 1)));
    },
    'outside of the space': () => domainOf(String(1 + draw(2)) + String(draw(1e9))),
    'below a ported number': () => domainOf(numberOf(true) + String(draw(100))),
    letters: () => {
      const labels = [...numberOf(oneIn(2))].reverse();
      labels[draw(labels.length)] = pick(['a', 'x-y', '*', '_sip', '\\', '"']);
      return below(...labels);
    },
    'several digits in a label': () => {
      const labels = [...numberOf(true)].reverse();
      labels[draw(labels.length)] = String(10 + draw(990));
      return below(...labels);
    },
    'more than 15 digits': () => domainOf(numberOf(true).padEnd(16 + draw(30), '4')),
    apex: () => suffix,
    'off zone': () => pick(['example.org', `x${suffix}`, 'e164', '1.in-addr.arpa', 'a.b.c.d.e.f']),
    'above the zone': () => suffix.slice(suffix.indexOf('.') + 1),
    root: () => '',
  };

  function drawType(): number {
    if (oneIn(2)) return PROBE_TYPES.NAPTR;
    return pick(Object.values(PROBE_TYPES));
  }

  function drawEdns(): ProbeEdns | undefined {
    if (oneIn(2)) return undefined;
    return {
      version: oneIn(8) ? pick([1, 2, 255]) : 0,
      udpPayloadBytes: pick(PAYLOADS),
      flags: pick([0, 0x8000, 0x8000, 0x4000, 0x0001]),
      options: oneIn(3) ? [pick(OPTIONS)] : [],
    };
  }

  return () => {
    const name = oneIn(3) ? 'ported number' : pick(PROBE_NAMES);
    const probe = {
      name,
      domain: mixCase(domains[name](), draw),
      type: drawType(),
      class: oneIn(8) ? pick(Object.values(CLASS)) : CLASS.IN,
      opcode: oneIn(16) ? pick([1, 2, 4, 5, 6, 15]) : 0,
      flags: oneIn(2) ? 0 : FLAG_BITS.reduce((flags, bit) => flags | (oneIn(3) ? bit : 0), 0),
      edns: drawEdns(),
      fault: oneIn(6) ? pick(PROBE_FAULTS) : ('none' as const),
    };
    if (probe.edns === undefined && probe.fault.includes('OPT')) probe.fault = 'none';
    return { ...probe, message: encodeProbe(probe, draw) };
  };
}

/** Letters in a case at random, as clients send them to know their answers by. */
function mixCase(domain: string, draw: Draw): string {
  if (draw(2) === 0) return domain;
  return [...domain].map((letter) => (draw(2) ? letter.toUpperCase() : letter)).join('');
}

const u16 = (value: number) => [value >>> 8, value & 0xff];

/** A record of type A at the name of the question. */
const RECORD_A = [0xc0, 12, ...u16(1), ...u16(1), 0, 0, 0, 60, ...u16(4), 192, 0, 2, 1];

function encodeProbe(probe: Omit<Probe, 'message'>, draw: Draw): Uint8Array {
  const { fault, edns } = probe;
  const name = probe.domain === '' ? [0] : [...encodeName(probe.domain)!];
  const question = [...questionName(name, fault), ...u16(probe.type), ...u16(probe.class)];
  const questions = fault === 'no question' ? 0 : fault === 'two questions' ? 2 : 1;
  const opt = edns === undefined ? [] : encodeOpt(edns, fault);
  const opts = edns === undefined ? 0 : fault === 'two OPT records' ? 2 : 1;
  const answers = fault === 'an answer record' ? 1 : 0;
  const authorities = fault === 'an authority record' ? 1 : 0;
  const additionals = fault === 'an additional record' ? 1 : 0;
  const message = [
    ...u16(PROBE_ID),
    ...u16((fault === 'it is a response' ? FLAG_QR : 0) | (probe.opcode << 11) | probe.flags),
    ...u16(questions),
    ...u16(answers),
    ...u16(authorities),
    ...u16(additionals + opts),
    ...Array.from({ length: questions }, () => question).flat(),
    ...Array.from({ length: answers + authorities + additionals }, () => RECORD_A).flat(),
    ...Array.from({ length: opts }, () => opt).flat(),
    ...(fault === 'bytes left over' ? [1, 2, 3] : []),
  ];
  // Not in the id: what is shorter has none to compare.
  const bytes = fault === 'cut short' ? 2 + draw(message.length - 2) : message.length;
  return Uint8Array.from(message.slice(0, bytes));
}

function questionName(name: number[], fault: ProbeFault): number[] {
  if (fault === 'a pointer as the name') return [0xc0, 12];
  if (fault === 'a label of 64 bytes') return [64, ...new Array(64).fill(0x61), ...name];
  return name;
}

function encodeOpt({ version, udpPayloadBytes, flags, options }: ProbeEdns, fault: ProbeFault) {
  const data = options.flatMap((option) => [
    ...u16(option.code),
    ...u16(option.data.length),
    ...option.data,
  ]);
  if (fault === 'OPT options overrun') data.push(...u16(65_001), ...u16(9), 1);
  const owner = fault === 'OPT with a name' ? [1, 0x61, 0] : [0];
  return [
    ...owner,
    ...u16(PROBE_TYPES.OPT),
    ...u16(udpPayloadBytes),
    0,
    version,
    ...u16(flags),
    ...u16(data.length),
    ...data,
  ];
}
