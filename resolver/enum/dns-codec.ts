// DNS messages: their layout, the numbers in it, and names.
//
// Queries are read by dns-query-codec, responses written by dns-response-codec; what a client needs is
// dns-client-codec's. Sources: RFC 1035 sections 3 and 4 (messages, names), RFC 6891 section 6 (EDNS).
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
  DS: 43,
  IXFR: 251,
  AXFR: 252,
  ANY: 255,
} as const;

export const CLASS_IN = 1;

/** The one EDNS option that this server reads; others are ignored (RFC 6891 section 6.1.2). */
export const OPTION_COOKIE = 10;

/** Response codes (RFC 1035 section 4.1.1; BADVERS and BADCOOKIE, of 12 bits, RFC 6891, RFC 7873). */
export const RCODE = {
  NOERROR: 0,
  FORMERR: 1,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  BADVERS: 16,
  BADCOOKIE: 23,
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
