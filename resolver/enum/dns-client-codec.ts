// DNS messages as a client meets them: the writer of a query and the reader of a response, for the
// command line and the load test. The server's side is dns-codec's. Sources: RFC 1035 sections 3 and
// 4, RFC 3403 section 4 (NAPTR), RFC 6891 section 6 (EDNS).

import {
  CLASS_IN,
  DO_BIT,
  FLAG_AA,
  FLAG_QR,
  FLAG_RD,
  FLAG_TC,
  HEADER_BYTES,
  LABEL_BYTES_MAX,
  NAME_BYTES_MAX,
  OPT_BYTES,
  RECORD_TYPE,
  readU16,
  type SoaData,
  writeU16,
} from './dns-codec.ts';

/** A question to be sent. */
export interface DnsQuestion {
  /** 0 to 65535; the response repeats it. */
  id: number;
  /** In wire form, see `encodeName` and `encodeEnumName`. */
  name: Uint8Array;
  /** See `RECORD_TYPE`. */
  type: number;
  /** Left out: a query without EDNS. */
  edns?: { udpPayloadBytes: number; dnssecOk: boolean };
}

/** Bytes that {@link encodeQueryInto} needs at most. */
export const QUERY_BYTES_MAX = HEADER_BYTES + NAME_BYTES_MAX + 4 + OPT_BYTES;

/** Writes a query of class IN, without RD, to the start of `out`; returns its length. */
export function encodeQueryInto(out: Uint8Array, { id, name, type, edns }: DnsQuestion): number {
  out.fill(0, 0, HEADER_BYTES);
  writeU16(out, 0, id);
  writeU16(out, 4, 1);
  out.set(name, HEADER_BYTES);
  let at = HEADER_BYTES + name.length;
  writeU16(out, at, type);
  writeU16(out, at + 2, CLASS_IN);
  at += 4;
  if (edns !== undefined) {
    writeU16(out, 10, 1);
    out.fill(0, at, at + OPT_BYTES);
    writeU16(out, at + 1, RECORD_TYPE.OPT);
    writeU16(out, at + 3, edns.udpPayloadBytes);
    writeU16(out, at + 7, edns.dnssecOk ? DO_BIT : 0);
    at += OPT_BYTES;
  }
  return at;
}

/** A query of class IN, without RD, in bytes of its own. */
export function encodeQuery(question: DnsQuestion): Uint8Array {
  const out = new Uint8Array(QUERY_BYTES_MAX);
  return out.slice(0, encodeQueryInto(out, question));
}

/** A response. Names are text without a final dot; the root is the empty string. */
export interface DnsResponse {
  id: number;
  /** With the upper bits of EDNS where there is an OPT record, 0 to 4095. */
  rcode: number;
  isAuthoritative: boolean;
  isTruncated: boolean;
  isRecursionDesired: boolean;
  questions: { name: string; type: number; class: number }[];
  answers: DnsRecord[];
  authority: DnsRecord[];
  /** The additional section without OPT. */
  additional: DnsRecord[];
  edns: { version: number; udpPayloadBytes: number; dnssecOk: boolean } | undefined;
}

export interface DnsRecord {
  name: string;
  type: number;
  class: number;
  ttlSeconds: number;
  data: DnsRecordData;
}

/** A record's data; character-strings have one character for each byte. */
export type DnsRecordData =
  | {
      kind: 'naptr';
      order: number;
      preference: number;
      flags: string;
      services: string;
      regexp: string;
      replacement: string;
    }
  | ({ kind: 'soa' } & SoaData)
  | { kind: 'ns'; server: string }
  | { kind: 'hinfo'; cpu: string; os: string }
  | { kind: 'other'; bytes: Uint8Array };

/**
 * Reads a response whole; `undefined` where it is no response, is cut short, has bytes left over or
 * is malformed anywhere. Names may be compressed; a pointer must lead backwards, so no chain of them
 * is endless.
 */
export function decodeResponse(message: Uint8Array): DnsResponse | undefined {
  const reader = new MessageReader(message);
  const id = reader.u16();
  const flags = reader.u16();
  const counts = [reader.u16(), reader.u16(), reader.u16(), reader.u16()];
  if ((flags & FLAG_QR) === 0) return undefined;
  const questions: DnsResponse['questions'] = [];
  for (let index = 0; index < counts[0]! && !reader.isBroken; index++) {
    questions.push({ name: reader.name(), type: reader.u16(), class: reader.u16() });
  }
  const response: DnsResponse = {
    id,
    rcode: flags & 15,
    isAuthoritative: (flags & FLAG_AA) !== 0,
    isTruncated: (flags & FLAG_TC) !== 0,
    isRecursionDesired: (flags & FLAG_RD) !== 0,
    questions,
    answers: [],
    authority: [],
    additional: [],
    edns: undefined,
  };
  const sections = [response.answers, response.authority, response.additional];
  sections.forEach((section, index) => {
    for (let left = counts[index + 1]!; left > 0 && !reader.isBroken; left--) {
      readRecord(reader, section, response);
    }
  });
  return reader.isBroken || reader.at !== message.length ? undefined : response;
}

/** Reads one record into its section, or OPT into the response's own fields. */
function readRecord(reader: MessageReader, section: DnsRecord[], response: DnsResponse): void {
  const name = reader.name();
  const type = reader.u16();
  const recordClass = reader.u16();
  const ttlSeconds = reader.u32();
  const dataEnd = reader.u16() + reader.at;
  if (type === RECORD_TYPE.OPT) {
    response.rcode |= (ttlSeconds >>> 24) << 4;
    response.edns = {
      version: (ttlSeconds >>> 16) & 0xff,
      udpPayloadBytes: recordClass,
      dnssecOk: (ttlSeconds & DO_BIT) !== 0,
    };
    reader.bytesUpTo(dataEnd);
    return;
  }
  const data = readData(reader, type, dataEnd);
  reader.expectAt(dataEnd);
  section.push({ name, type, class: recordClass, ttlSeconds, data });
}

function readData(reader: MessageReader, type: number, dataEnd: number): DnsRecordData {
  switch (type) {
    case RECORD_TYPE.NAPTR:
      return {
        kind: 'naptr',
        order: reader.u16(),
        preference: reader.u16(),
        flags: reader.characterString(),
        services: reader.characterString(),
        regexp: reader.characterString(),
        replacement: reader.name(),
      };
    case RECORD_TYPE.SOA:
      return {
        kind: 'soa',
        primaryServer: reader.name(),
        mailbox: reader.name(),
        serial: reader.u32(),
        refreshSeconds: reader.u32(),
        retrySeconds: reader.u32(),
        expireSeconds: reader.u32(),
        minimumSeconds: reader.u32(),
      };
    case RECORD_TYPE.NS:
      return { kind: 'ns', server: reader.name() };
    case RECORD_TYPE.HINFO:
      return { kind: 'hinfo', cpu: reader.characterString(), os: reader.characterString() };
    default:
      return { kind: 'other', bytes: reader.bytesUpTo(dataEnd) };
  }
}

/** Reads forward. Past the end, or where something is malformed, it is broken and gives zeros. */
class MessageReader {
  at = 0;
  isBroken = false;
  readonly #message: Uint8Array;

  constructor(message: Uint8Array) {
    this.#message = message;
  }

  #take(count: number): number {
    const at = this.at;
    if (at + count > this.#message.length) this.isBroken = true;
    if (!this.isBroken) this.at += count;
    return at;
  }

  u16(): number {
    const at = this.#take(2);
    return this.isBroken ? 0 : readU16(this.#message, at);
  }

  u32(): number {
    return this.u16() * 0x1_0000 + this.u16();
  }

  bytesUpTo(end: number): Uint8Array {
    const at = this.#take(Math.max(end - this.at, 0));
    return this.isBroken ? new Uint8Array(0) : new Uint8Array(this.#message.subarray(at, end));
  }

  expectAt(at: number): void {
    if (this.at !== at) this.isBroken = true;
  }

  characterString(): string {
    const at = this.#take(1);
    const length = this.isBroken ? 0 : this.#message[at]!;
    return asText(this.bytesUpTo(this.at + length));
  }

  /** Dots and backslashes inside a label come out as they do in master files: `\.`, `\\`. */
  name(): string {
    const message = this.#message;
    const labels: string[] = [];
    let at = this.at;
    let end = 0;
    // A pointer must lead before the place where the labels that it ends began.
    let pointerBelow = at;
    let nameBytes = 0;
    while (at < message.length) {
      const length = message[at]!;
      if (length >= 0xc0) {
        if (at + 2 > message.length) break;
        const target = readU16(message, at) & 0x3fff;
        end ||= at + 2;
        if (target >= pointerBelow) break;
        pointerBelow = target;
        at = target;
        continue;
      }
      nameBytes += 1 + length;
      if (length > LABEL_BYTES_MAX || nameBytes > NAME_BYTES_MAX) break;
      if (length === 0) {
        this.at = end || at + 1;
        return labels.join('.');
      }
      const label = message.subarray(at + 1, at + 1 + length);
      labels.push(asText(label).replace(/[.\\]/g, '\\$&'));
      at += 1 + length;
    }
    this.isBroken = true;
    return '';
  }
}

function asText(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
