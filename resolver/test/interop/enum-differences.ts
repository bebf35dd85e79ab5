// In what the resolver's ENUM answers differ, on purpose, from those of NSD and Knot DNS for the same
// numbers. docs/enum-differences.md gives the reason of each; the differential test lets nothing else
// differ and fails for a difference that no longer occurs.

import type { AuthorityKind } from './dns-authority.ts';
import type { AnswerField, ComparableAnswer } from './dns-comparison.ts';
import { CLASS, PROBE_TYPES, type Probe } from './dns-probes.ts';

export interface Difference {
  /** As in the document. */
  id: string;
  servers: readonly AuthorityKind[];
  /** What may differ. */
  fields: readonly AnswerField[];
  /** Whether it is this difference: what was asked, and what both answered. */
  covers(probe: Probe, ours: ComparableAnswer, theirs: ComparableAnswer): boolean;
}

const ALL_FIELDS: readonly AnswerField[] = [
  'status',
  'rcode',
  'flags',
  'question',
  'answer',
  'authority',
  'additional',
  'edns',
];

const UDP_BYTES_WITHOUT_EDNS = 512;
const OPCODE_QUERY = 0;
const OPTION_COOKIE = 10;

/** Refused or not understood, and nothing else in it. */
function isBare(answer: ComparableAnswer, ...rcodes: string[]): boolean {
  const records = answer.answer + answer.authority + answer.additional;
  return answer.status === 'answered' && rcodes.includes(answer.rcode) && records === '';
}

const isPlain = ({ fault, opcode, edns }: Probe): boolean =>
  fault === 'none' && opcode === OPCODE_QUERY && (edns?.version ?? 0) === 0;

/** What the resolver makes of a malformed message: the bare code of its first fault, or nothing. */
function isRejected({ fault, type, opcode, edns }: Probe, ours: ComparableAnswer): boolean {
  if (ours.status === 'silent') return fault === 'it is a response' || fault === 'cut short';
  if (fault === 'it is a response') return false;
  if (opcode !== OPCODE_QUERY) return isBare(ours, 'NOTIMP');
  if (fault === 'an authority record' && type === PROBE_TYPES.IXFR) return isBare(ours, 'REFUSED');
  if (fault === 'no question' && edns?.options.some(({ code }) => code === OPTION_COOKIE)) {
    return isBare(ours, edns.version === 0 ? 'NOERROR' : 'BADVERS');
  }
  return isBare(ours, 'FORMERR') || ((edns?.version ?? 0) > 0 && isBare(ours, 'BADVERS'));
}

export const ENUM_DIFFERENCES: readonly Difference[] = [
  {
    id: 'malformed',
    servers: ['nsd', 'knot'],
    fields: ALL_FIELDS,
    covers: (probe, ours) => probe.fault !== 'none' && isRejected(probe, ours),
  },
  {
    id: 'opcode',
    servers: ['nsd', 'knot'],
    fields: ALL_FIELDS,
    covers: ({ fault, opcode }, ours) =>
      fault === 'none' && opcode !== OPCODE_QUERY && isBare(ours, 'NOTIMP'),
  },
  {
    id: 'badvers-flags',
    servers: ['nsd'],
    fields: ['flags', 'edns'],
    covers: (_, ours, theirs) => isBare(ours, 'BADVERS') && isBare(theirs, 'BADVERS'),
  },
  {
    id: 'small-payload',
    servers: ['knot'],
    fields: ALL_FIELDS,
    covers: ({ edns }, _, theirs) =>
      edns !== undefined &&
      edns.udpPayloadBytes < UDP_BYTES_WITHOUT_EDNS &&
      isBare(theirs, 'FORMERR'),
  },
  {
    id: 'transfer',
    servers: ['nsd', 'knot'],
    fields: ['rcode', 'flags', 'answer'],
    covers: (probe, ours, theirs) =>
      isPlain(probe) &&
      (probe.type === PROBE_TYPES.AXFR || probe.type === PROBE_TYPES.IXFR) &&
      isBare(ours, 'REFUSED') &&
      isBare(theirs, 'NOTAUTH', 'NOTIMP', 'FORMERR'),
  },
  {
    id: 'class-any',
    servers: ['nsd', 'knot'],
    fields: ['rcode', 'flags', 'answer', 'authority'],
    covers: (probe, ours, theirs) =>
      isPlain(probe) &&
      probe.class === CLASS.ANY &&
      isBare(ours, 'REFUSED') &&
      (theirs.rcode === 'NOERROR' || theirs.rcode === 'NXDOMAIN'),
  },
  {
    id: 'refused-question',
    servers: ['nsd'],
    fields: ['question'],
    covers: (probe, ours, theirs) =>
      isPlain(probe) &&
      probe.class !== CLASS.IN &&
      isBare(ours, 'REFUSED') &&
      isBare(theirs, 'REFUSED') &&
      theirs.question === '',
  },
  {
    id: 'type-any',
    servers: ['nsd', 'knot'],
    fields: ['answer', 'flags'],
    covers: (probe, ours, theirs) =>
      isPlain(probe) &&
      probe.type === PROBE_TYPES.ANY &&
      probe.class === CLASS.IN &&
      ours.rcode === 'NOERROR' &&
      theirs.rcode === 'NOERROR' &&
      ours.answer.includes('"kind":"hinfo"'),
  },
];
