// What two DNS servers answer to the same query, brought into a form that can be compared: code,
// flags and records, without what may differ (compression, the order of records).

import { type DnsRecord, decodeResponse } from '../../enum/dns-client-codec.ts';

/** An answer in the form to be compared; every field a text. */
export interface ComparableAnswer {
  /** 'answered', 'silent', or 'malformed' with the bytes. */
  status: string;
  rcode: string;
  /** AA, TC, RD, RA, Z, AD and CD, those that are set, and the opcode. */
  flags: string;
  /** With its case. */
  question: string;
  answer: string;
  authority: string;
  /** Without OPT. */
  additional: string;
  /** Whether there is an OPT record, its version and DO. */
  edns: string;
}

export type AnswerField = keyof ComparableAnswer;

const SILENT: ComparableAnswer = {
  status: 'silent',
  rcode: '',
  flags: '',
  question: '',
  answer: '',
  authority: '',
  additional: '',
  edns: '',
};

const FLAGS = { AA: 0x0400, TC: 0x0200, RD: 0x0100, RA: 0x0080, Z: 0x0040, AD: 0x0020, CD: 0x0010 };

/** Response codes by number; others are written as numbers. */
const RCODES: Record<number, string> = {
  0: 'NOERROR',
  1: 'FORMERR',
  2: 'SERVFAIL',
  3: 'NXDOMAIN',
  4: 'NOTIMP',
  5: 'REFUSED',
  9: 'NOTAUTH',
  16: 'BADVERS',
  23: 'BADCOOKIE',
};

export function comparableAnswer(message: Uint8Array | undefined): ComparableAnswer {
  if (message === undefined) return SILENT;
  const response = decodeResponse(message);
  if (response === undefined) {
    return { ...SILENT, status: `malformed ${Buffer.from(message).toString('hex')}` };
  }
  const flags = (message[2]! << 8) | message[3]!;
  const set = Object.entries(FLAGS).filter(([, bit]) => (flags & bit) !== 0);
  const { rcode, questions, answers, authority, additional, edns } = response;
  return {
    status: 'answered',
    rcode: RCODES[rcode] ?? String(rcode),
    flags: [`opcode ${(flags >>> 11) & 15}`, ...set.map(([name]) => name)].join(' '),
    question: questions.map(({ name, type, class: of }) => `${name} ${type} ${of}`).join(', '),
    answer: recordsText(answers),
    authority: recordsText(authority),
    additional: recordsText(additional),
    edns: edns === undefined ? '' : `version ${edns.version}${edns.dnssecOk ? ' DO' : ''}`,
  };
}

function recordsText(records: readonly DnsRecord[]): string {
  return records
    .map(
      ({ name, type, class: of, ttlSeconds, data }) =>
        `${name.toLowerCase()} ${ttlSeconds} ${of} ${type} ${JSON.stringify(data)}`,
    )
    .sort()
    .join('\n');
}

/** The fields in which two answers differ. */
export function differingFields(ours: ComparableAnswer, theirs: ComparableAnswer): AnswerField[] {
  return (Object.keys(ours) as AnswerField[]).filter((field) => ours[field] !== theirs[field]);
}
