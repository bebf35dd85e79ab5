// DNS messages: their layout, and the parser of a query.
//
// Bytes and offsets only: responses are dns-response-codec's, which names exist and what they answer
// is enum-answer's, what a client needs is dns-client-codec's. Bad input gets a verdict, never an
// exception. Sources: RFC 1035 sections 3 and 4 (messages, names), RFC 6891 section 6 (EDNS), RFC
// 9619 (one question).
//
// The header, 12 bytes, all numbers big-endian:
//
//      0        2        4        6        8        10       12
//     ┌────────┬────────┬────────┬────────┬────────┬────────┐
//     │ id     │ flags  │ QD     │ AN     │ NS     │ AR     │
//     └────────┴────────┴────────┴────────┴────────┴────────┘
//     flags:  QR  opcode  AA  TC  RD  RA  Z  AD  CD  rcode
//     bit:    15  14…11   10  9   8   7   6  5   4   3…0
//
// OPT, the one record that a query may carry besides its question (RFC 6891 section 6.1.2):
//
//      0      1      3       5        6         7      9        11
//     ┌──────┬──────┬───────┬────────┬─────────┬──────┬────────┬─────────┐
//     │ root │ 41   │ UDP   │ rcode  │ version │ DO Z │ length │ options │
//     │ 0    │      │ bytes │ 11…4   │         │      │        │         │
//     └──────┴──────┴───────┴────────┴─────────┴──────┴────────┴─────────┘

export const HEADER_BYTES = 12;
export const LABEL_BYTES_MAX = 63;
/** Longest name on the wire, its length bytes and the root included (RFC 1035 section 2.3.4). */
export const NAME_BYTES_MAX = 255;
/** Longest message over TCP: the length prefix has 16 bits. */
export const MESSAGE_BYTES_MAX = 65_535;
/** What every client takes over UDP (RFC 1035 section 2.3.4). */
export const UDP_BYTES_WITHOUT_EDNS = 512;
/** The most this server sends over UDP: it crosses every usual path in one piece. */
export const UDP_BYTES_MAX = 1232;
/** An OPT record without options. */
export const OPT_BYTES = 11;

/** Record and question types (the IANA registry "Resource Record (RR) TYPEs"). */
export const RECORD_TYPE = {
  NS: 2,
  SOA: 6,
  HINFO: 13,
  NAPTR: 35,
  OPT: 41,
  IXFR: 251,
  AXFR: 252,
  ANY: 255,
} as const;

export const CLASS_IN = 1;

/** Response codes (RFC 1035 section 4.1.1; BADVERS, of 12 bits, RFC 6891 section 9). */
export const RCODE = {
  NOERROR: 0,
  FORMERR: 1,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  BADVERS: 16,
} as const;
export type Rcode = (typeof RCODE)[keyof typeof RCODE];

export const FLAG_QR = 0x8000;
export const FLAG_AA = 0x0400;
export const FLAG_TC = 0x0200;
export const FLAG_RD = 0x0100;
export const OPCODE_MASK = 0x7800;
export const DO_BIT = 0x8000;

/** The data of an SOA record (RFC 1035 section 3.3.13). */
export interface SoaData {
  /** MNAME: the first of the zone's servers. */
  primaryServer: string;
  /** RNAME: the mailbox of who is responsible, `hostmaster.example.org` for `hostmaster@…`. */
  mailbox: string;
  /** Serial number, 0 to 2^32 - 1. */
  serial: number;
  refreshSeconds: number;
  retrySeconds: number;
  expireSeconds: number;
  /** MINIMUM: how long a negative answer may be kept. */
  minimumSeconds: number;
}

/** What the OPT record of a query says. */
export interface Edns {
  version: number;
  /** The most that the client takes over UDP, as it stands: it may be below 512. */
  udpPayloadBytes: number;
  dnssecOk: boolean;
}

/**
 * What to do with a message that came in.
 *
 * - drop: no answer. `short`: less than a header; `response`: QR is set, and answering a response
 *   could make two servers answer each other for ever.
 * - reject: answer `rcode` without looking at the name.
 * - answer: one question, its name at {@link HEADER_BYTES}, its type and class the four bytes before
 *   `questionEnd`.
 *
 * `questionEnd` is where the question to echo ends: {@link HEADER_BYTES} where there is none.
 */
export type QueryVerdict =
  | { verdict: 'drop'; reason: 'short' | 'response' }
  | { verdict: 'reject'; rcode: Rcode; questionEnd: number; edns: Edns | undefined }
  | {
      verdict: 'answer';
      type: number;
      class: number;
      questionEnd: number;
      edns: Edns | undefined;
    };

/**
 * Reads a query, strictly: opcode QUERY, one question, at most one OPT record, nothing else and
 * nothing after it. Other sections and records are FORMERR, since nothing that this server answers
 * comes with them; a query for an incremental transfer, which has an authority section, is REFUSED.
 *
 * Another opcode is NOTIMP before anything else is read, because its sections may mean something
 * else (RFC 8490 section 5.4, for one). The bits AA, TC, RA, Z, AD and CD of a query are not looked
 * at.
 */
export function parseQuery(message: Uint8Array): QueryVerdict {
  if (message.length < HEADER_BYTES) return { verdict: 'drop', reason: 'short' };
  const flags = readU16(message, 2);
  if ((flags & FLAG_QR) !== 0) return { verdict: 'drop', reason: 'response' };
  if ((flags & OPCODE_MASK) !== 0) return reject(RCODE.NOTIMP, HEADER_BYTES, undefined);
  const isOneQuestion = readU16(message, 4) === 1 && readU16(message, 6) === 0;
  if (!isOneQuestion) return reject(RCODE.FORMERR, HEADER_BYTES, undefined);

  const nameEnd = endOfPlainName(message, HEADER_BYTES);
  const questionEnd = nameEnd + 4;
  if (nameEnd === 0 || questionEnd > message.length) {
    return reject(RCODE.FORMERR, HEADER_BYTES, undefined);
  }
  if (readU16(message, 8) !== 0) {
    // Whoever asks for a change of the zone shows the SOA that it has (RFC 1995 section 3).
    const isTransfer = readU16(message, nameEnd) === RECORD_TYPE.IXFR;
    return reject(isTransfer ? RCODE.REFUSED : RCODE.FORMERR, questionEnd, undefined);
  }
  const additionalCount = readU16(message, 10);
  const optEnd = additionalCount === 0 ? questionEnd : endOfOpt(message, questionEnd);
  if (optEnd === 0) return reject(RCODE.FORMERR, questionEnd, undefined);
  const edns = additionalCount === 0 ? undefined : readOpt(message, questionEnd);
  // A second OPT is FORMERR by RFC 6891 section 6.1.1; the answer has an OPT as the query had one.
  if (additionalCount > 1 || optEnd !== message.length) {
    return reject(RCODE.FORMERR, questionEnd, edns);
  }
  if (edns !== undefined && edns.version > 0) return reject(RCODE.BADVERS, questionEnd, edns);
  return {
    verdict: 'answer',
    type: readU16(message, nameEnd),
    class: readU16(message, nameEnd + 2),
    questionEnd,
    edns,
  };
}

function reject(rcode: Rcode, questionEnd: number, edns: Edns | undefined): QueryVerdict {
  return { verdict: 'reject', rcode, questionEnd, edns };
}

/**
 * Where a name without compression ends, its root included; 0 where it is malformed. A pointer in
 * the first name of a message could only point into the header or at itself.
 */
function endOfPlainName(message: Uint8Array, start: number): number {
  let at = start;
  while (at < message.length) {
    const length = message[at]!;
    if (length > LABEL_BYTES_MAX) return 0;
    at += 1 + length;
    if (at - start > NAME_BYTES_MAX) return 0;
    if (length === 0) return at;
  }
  return 0;
}

/** Where the OPT record at `start` ends; 0 where something else is there, or its options overrun. */
function endOfOpt(message: Uint8Array, start: number): number {
  if (start + OPT_BYTES > message.length) return 0;
  if (message[start] !== 0 || readU16(message, start + 1) !== RECORD_TYPE.OPT) return 0;
  const end = start + OPT_BYTES + readU16(message, start + 9);
  if (end > message.length) return 0;
  let at = start + OPT_BYTES;
  while (at < end) {
    if (at + 4 > end) return 0;
    at += 4 + readU16(message, at + 2);
  }
  return at === end ? end : 0;
}

function readOpt(message: Uint8Array, start: number): Edns {
  return {
    udpPayloadBytes: readU16(message, start + 3),
    version: message[start + 6]!,
    dnssecOk: (readU16(message, start + 7) & DO_BIT) !== 0,
  };
}

/**
 * The wire form of a name such as `e164.arpa` or `e164.arpa.`: length-prefixed labels, then the root.
 * `undefined` where it has no labels, an empty one, one over 63 characters, over 255 bytes in all, or
 * anything but printable ASCII without a space. The escapes of master files are not known here.
 */
export function encodeName(text: string): Uint8Array | undefined {
  const labels = (text.endsWith('.') ? text.slice(0, -1) : text).split('.');
  const wire = new Uint8Array(labels.reduce((sum, label) => sum + 1 + label.length, 1));
  let at = 0;
  for (const label of labels) {
    if (label.length > LABEL_BYTES_MAX || !/^[!-~]+$/.test(label)) return undefined;
    wire[at++] = label.length;
    for (let index = 0; index < label.length; index++) wire[at++] = label.charCodeAt(index);
  }
  return wire.length > NAME_BYTES_MAX ? undefined : wire;
}

export function readU16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

export function writeU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value & 0xff;
}
