// One line of the audit log: JSON, without any number in clear.
//
//     {"time":"…","interface":"http","operation":"routing-info","rule":"amfs","subject":"…",
//      "nfType":"AMF","network":"262-01","identity":"imsi","number":"460001*********","count":1,
//      "decision":"refused","cause":"CREDENTIAL_EXPIRED","credential":null,"member":null,"route":null,
//      "requestId":"imsi-460001*********"}
//
// A number is *masked* (the leading digits that tell the network or the country stay, six at most and
// never one of the last six) or *hashed* under the operator's key (number-hash), by which lines of one
// number are found without the number. A plain hash would not do:
// there are only 10^15 numbers. What a requester calls its request may be a number too (the correlation
// information of TS 29.500 is often a SUPI), so digits in it are hidden alike.

import type { KeyObject } from 'node:crypto';
import {
  digitsOf,
  type Identity,
  type NumberKey,
  parseUeId,
  type UeId,
} from '../../ledger/number.ts';
import type { Plmn, Route } from '../../ledger/route.ts';
import { PartWriter } from '../part-writer.ts';
import { HASH_LENGTH, NumberHash } from './number-hash.ts';

export const AUDIT_NUMBERS = ['masked', 'hashed'] as const;

/** Of a subject, which a token may make long. */
const SUBJECT_LENGTH_MAX = 253;
/** Every line is longer. */
const LINE_BYTES_MIN = 128;
const SHOWN_DIGITS_MAX = 6;
const HIDDEN_DIGITS_MIN = 6;
/** Of a name that only the log has: the digits that count. */
const COUNTED_DIGITS = 12;
const [CODE_STAR, CODE_0, CODE_9, CODE_A, CODE_F] = [42, 48, 57, 97, 102];
const POWERS_OF_TEN = Array.from({ length: 16 }, (_, exponent) => 10 ** exponent);

/** How numbers are written: masked, or hashed with a key. */
export type AuditNumbers = { style: 'masked' } | { style: 'hashed'; key: KeyObject };

/** Who asked for what by which rule. The bytes of one are kept with it, so it must never change. */
export interface AuditedAsking {
  readonly interface: 'http' | 'sbi';
  readonly operation: string;
  /** Name of the rule; `undefined` where the requester fits none, or where there are none. */
  readonly rule: string | undefined;
  /** Proven by a token or a certificate. */
  readonly subject: string | undefined;
  readonly nfType: string | undefined;
  readonly network: Plmn | undefined;
}

/** What was decided about one request. */
export interface AuditedDecision {
  /** Milliseconds since 1970. */
  timeMs: number;
  asking: AuditedAsking;
  /** `undefined` where many numbers, or none, were asked for. */
  ueId: UeId | undefined;
  /** How many numbers were asked for. */
  count: number;
  /** `undefined`: allowed. */
  cause: string | undefined;
  /** Whether a credential was checked and found good. */
  isCredentialGood: boolean;
  /** Of the entry that covers the number, where that was looked at. */
  route: Route | undefined;
  /**
   * What the request is called, by its sender or (`isOwn`) by us in the answer; `undefined` where neither does,
   * and it gets a name that only the log has.
   */
  requestId: { text: string; isOwn: boolean } | undefined;
}

/** Puts lines one after the other into the same bytes, an ordinary one from parts that are kept. */
export class AuditLineWriter {
  /** `undefined`: numbers are masked. */
  readonly #hash: NumberHash | undefined;
  readonly #out: PartWriter;
  readonly #ownId: Uint8Array;
  readonly #askings = new WeakMap<AuditedAsking, Uint8Array>();
  readonly #routes = new WeakMap<Route, Uint8Array>();
  #time = { ms: Number.NaN, bytes: new Uint8Array(0) };
  #lineCount = 0;

  /**
   * @param bytesMax room for lines that were not taken
   * @param uuid one that no other writer has: with its last 48 bits counted up, it names requests
   */
  constructor(numbers: AuditNumbers, bytesMax: number, uuid: string) {
    const linesMax = Math.ceil(bytesMax / LINE_BYTES_MIN);
    this.#hash = numbers.style === 'hashed' ? new NumberHash(numbers.key, linesMax) : undefined;
    this.#out = new PartWriter(bytesMax);
    this.#ownId = Buffer.from(uuid.slice(0, -COUNTED_DIGITS).padEnd(uuid.length, '0'));
  }

  /** Of lines that were not taken. */
  get lineCount(): number {
    return this.#lineCount;
  }

  /** Adds a line, with its end; without room for it adds nothing and returns false. */
  add(decision: AuditedDecision): boolean {
    const { timeMs, asking, ueId, count, cause, isCredentialGood, route, requestId } = decision;
    const out = this.#out;
    const startsAt = out.at;
    const asideCount = this.#hash?.asideCount ?? 0;
    out.part(this.#timeBytes(timeMs));
    out.part(this.#askingBytes(asking));
    if (ueId) {
      out.part(OF_KIND[ueId.identity]);
      if (this.#hash) this.#hashedNumber(ueId, this.#hash);
      else this.#maskedNumber(ueId.key);
      out.part(QUOTE);
    } else {
      out.part(NO_NUMBER);
    }
    const isPlain = count === 1 && cause === undefined && !isCredentialGood;
    if (isPlain) out.part(PLAIN_OUTCOME);
    else out.text(outcomeJson(count, cause, isCredentialGood));
    out.part(route ? this.#routeBytes(route) : NO_ROUTE);
    if (requestId) {
      out.text(requestIdJson(requestId, this.#hash));
      out.part(LINE_END);
    } else {
      out.part(QUOTE);
      out.part(this.#nextOwnId());
      out.part(QUOTED_LINE_END);
    }
    const { hasRoom } = out;
    if (hasRoom) {
      this.#lineCount++;
    } else {
      out.at = startsAt;
      this.#hash?.keepAside(asideCount);
    }
    return hasRoom;
  }

  /** The lines so far, after which it is empty again. */
  take(): Uint8Array<ArrayBuffer> {
    this.#hash?.writeAll(this.#out.bytes);
    const lines = this.#out.bytes.slice(0, this.#out.at);
    this.#out.at = 0;
    this.#lineCount = 0;
    return lines;
  }

  /** The same digits as `maskedDigits`, without a text of them: that would cost as much as all the rest. */
  #maskedNumber(key: NumberKey): void {
    let length = 1;
    while (key >= 2 * POWERS_OF_TEN[length]!) length++;
    const shown = shownDigits(length);
    let digits = Math.floor((key - POWERS_OF_TEN[length]!) / POWERS_OF_TEN[length - shown]!);
    const { bytes, at: first } = this.#out;
    for (let at = first + shown - 1; at >= first; at--) {
      bytes[at] = CODE_0 + (digits % 10);
      digits = Math.floor(digits / 10);
    }
    bytes.fill(CODE_STAR, first + shown, first + length);
    this.#out.at += length;
  }

  /** Leaves room for the hash, which comes with those of all lines. */
  #hashedNumber(ueId: UeId, hash: NumberHash): void {
    hash.putAside(ueId, this.#out.at);
    this.#out.at += HASH_LENGTH;
  }

  #nextOwnId(): Uint8Array {
    const id = this.#ownId;
    for (let at = id.length - 1; at >= id.length - COUNTED_DIGITS; at--) {
      if (id[at] !== CODE_F) {
        id[at] = id[at] === CODE_9 ? CODE_A : id[at]! + 1;
        break;
      }
      id[at] = CODE_0;
    }
    return id;
  }

  /** Of a millisecond there may be many lines, and the text of a time costs as much as all the rest. */
  #timeBytes(ms: number): Uint8Array {
    if (this.#time.ms !== ms) {
      this.#time = { ms, bytes: Buffer.from(`{"time":"${new Date(ms).toISOString()}"`) };
    }
    return this.#time.bytes;
  }

  #askingBytes(asking: AuditedAsking): Uint8Array {
    let bytes = this.#askings.get(asking);
    if (!bytes) {
      bytes = Buffer.from(askingJson(asking));
      this.#askings.set(asking, bytes);
    }
    return bytes;
  }

  #routeBytes(route: Route): Uint8Array {
    let bytes = this.#routes.get(route);
    if (!bytes) {
      bytes = Buffer.from(routeJson(route.member, route.id));
      this.#routes.set(route, bytes);
    }
    return bytes;
  }
}

// The parts of a line, each with the comma before it.

const OF_KIND: Record<Identity, Uint8Array> = {
  imsi: Buffer.from(',"identity":"imsi","number":"'),
  msisdn: Buffer.from(',"identity":"msisdn","number":"'),
};
const QUOTE = Buffer.from('"');
const NO_NUMBER = Buffer.from(',"identity":null,"number":null');
/** One number, allowed. */
const PLAIN_OUTCOME = Buffer.from(outcomeJson(1, undefined, false));
const NO_ROUTE = Buffer.from(routeJson());
const LINE_END = Buffer.from('}\n');
const QUOTED_LINE_END = Buffer.from('"}\n');

function askingJson({ operation, rule, subject, nfType, network, ...asking }: AuditedAsking) {
  const members = {
    interface: asking.interface,
    operation,
    rule: rule ?? null,
    subject: subject?.slice(0, SUBJECT_LENGTH_MAX) ?? null,
    nfType: nfType ?? null,
    network: network ? `${network.mcc}-${network.mnc}` : null,
  };
  return `,${JSON.stringify(members).slice(1, -1)}`;
}

function outcomeJson(count: number, cause: string | undefined, isCredentialGood: boolean): string {
  const decision = cause === undefined ? 'allowed' : 'refused';
  const credential = isCredentialGood ? 'good' : null;
  const members = { count, decision, cause: cause ?? null, credential };
  return `,${JSON.stringify(members).slice(1, -1)}`;
}

/** With the name of the member that the rest of the line is. */
function routeJson(member: string | null = null, id: string | null = null): string {
  return `,${JSON.stringify({ member, route: id }).slice(1, -1)},"requestId":`;
}

/** A number after its kind, or any digits that are as many as a number's. */
const NUMBERS_IN_IDS = /(?:imsi|msisdn)-[0-9]{1,15}(?![0-9])|[0-9]{7,}/g;

function requestIdJson(
  { text, isOwn }: NonNullable<AuditedDecision['requestId']>,
  hash: NumberHash | undefined,
): string {
  // Ours have nothing to hide or to escape.
  if (isOwn) return `"${text}"`;
  const hidden = text.replace(NUMBERS_IN_IDS, (found) => {
    const ueId = parseUeId(found);
    return ueId ? `${ueId.identity}-${hiddenNumber(ueId, hash)}` : maskedDigits(found);
  });
  return JSON.stringify(hidden);
}

function hiddenNumber(ueId: UeId, hash: NumberHash | undefined): string {
  return hash ? hash.text(ueId) : maskedDigits(digitsOf(ueId.key));
}

function shownDigits(length: number): number {
  return Math.max(0, Math.min(SHOWN_DIGITS_MAX, length - HIDDEN_DIGITS_MIN));
}

function maskedDigits(digits: string): string {
  const shown = shownDigits(digits.length);
  return digits.slice(0, shown) + '*'.repeat(digits.length - shown);
}
