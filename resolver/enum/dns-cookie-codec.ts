// DNS cookies: a server's proof to itself that a client gets what is sent to its address.
//
// Sources: RFC 7873 section 5.2 (what a server does), RFC 9018 section 4 (how a server cookie is made,
// so that servers of different make that share a secret accept each other's).
//
//      COOKIE option            server cookie, 16 bytes
//      0    2    4        12    0         1          4       8              16
//     ┌────┬────┬────────┬──···┬─────────┬──────────┬───────┬───────────────┐
//     │ 10 │ 24 │ client │      │ version │ reserved │ time  │ SipHash-2-4   │
//     │    │    │ cookie │      │ 1       │ 0        │ u32   │               │
//     └────┴────┴────────┴──···┴─────────┴──────────┴───────┴───────────────┘
//     hashed: client cookie, version, reserved, time, the client's address of 4 or 16 bytes

import { ADDRESS_BYTES, isIpv4 } from '../udp/client-address-codec.ts';
import { hashHigh, hashLow, SIP_KEY_BYTES, sipHash } from './sip-hash-codec.ts';

export const CLIENT_COOKIE_BYTES = 8;
/** Bytes of a server cookie of this make; other servers' may have 8 to 32. */
export const SERVER_COOKIE_BYTES = 16;
/** Bytes of the COOKIE option's data in an answer. */
export const COOKIE_BYTES = CLIENT_COOKIE_BYTES + SERVER_COOKIE_BYTES;
/** The longest COOKIE option's data in a query (RFC 7873 section 4). */
export const COOKIE_BYTES_MAX = 40;
/** The shortest that has a server cookie. */
export const COOKIE_BYTES_WITH_SERVER_MIN = 16;

const VERSION = 1;
const TIME_AT = 12;
const HASH_AT = 16;
const ADDRESS_AT = 16;
// RFC 9018 section 4.3.
export const COOKIE_AGE_MAX_SECONDS = 3600;
export const COOKIE_AHEAD_MAX_SECONDS = 300;
export const COOKIE_RENEWED_AFTER_SECONDS = 1800;
/** Most secrets at a time: one in use, one to come or to go, and one to spare. */
export const COOKIE_SECRETS_MAX = 4;

/** What a query's server cookie is worth. */
export type CookieVerdict = 'absent' | 'valid' | 'invalid';

/**
 * Makes and checks server cookies. The first secret makes them; every one is accepted, so that a new
 * secret can be told to all servers before any uses it, and an old one until its cookies are out of
 * date (RFC 9018 section 5).
 */
export class ServerCookies {
  #secrets: readonly Uint8Array[];
  /** What is hashed: 16 bytes of cookie, then the address. */
  readonly #input = new Uint8Array(ADDRESS_AT + ADDRESS_BYTES);

  /** @param secrets 1 to {@link COOKIE_SECRETS_MAX} of 16 bytes each */
  constructor(secrets: readonly Uint8Array[]) {
    this.#secrets = checkedSecrets(secrets);
  }

  get secrets(): readonly Uint8Array[] {
    return this.#secrets;
  }

  /** Takes other secrets from now on. */
  replace(secrets: readonly Uint8Array[]): void {
    this.#secrets = checkedSecrets(secrets);
  }

  /**
   * Judges the COOKIE option whose data lie at `at` of a message, and writes the data that go into
   * the answer to the first {@link COOKIE_BYTES} bytes of `out`: the server cookie of the query where
   * that is good and newer than half an hour, and else a new one.
   *
   * @param bytes length of the option's data: 8, or 16 to 40
   * @param client the client's address in the common form
   * @param nowSeconds since 1970
   */
  answer(
    out: Uint8Array,
    message: Uint8Array,
    at: number,
    bytes: number,
    client: Uint8Array,
    nowSeconds: number,
  ): CookieVerdict {
    const isIpv4Client = isIpv4(client);
    const addressFrom = isIpv4Client ? 12 : 0;
    const input = this.#input;
    for (let from = addressFrom; from < ADDRESS_BYTES; from++) {
      input[ADDRESS_AT + from - addressFrom] = client[from]!;
    }
    const end = ADDRESS_AT + ADDRESS_BYTES - addressFrom;
    const verdict = this.#judge(message, at, bytes, end, nowSeconds);
    for (let index = 0; index < CLIENT_COOKIE_BYTES; index++) out[index] = message[at + index]!;
    if (verdict === 'fresh') {
      for (let index = CLIENT_COOKIE_BYTES; index < COOKIE_BYTES; index++) {
        out[index] = message[at + index]!;
      }
      return 'valid';
    }
    out[8] = VERSION;
    out.fill(0, 9, TIME_AT);
    writeU32(out, TIME_AT, nowSeconds);
    input.set(out.subarray(0, HASH_AT));
    sipHash(this.#secrets[0]!, input, 0, end);
    writeHash(out, HASH_AT);
    return verdict === 'aging' ? 'valid' : verdict;
  }

  /** `aging`: good, but the client is to get a new one. Leaves the hashed part in the input. */
  #judge(
    message: Uint8Array,
    at: number,
    bytes: number,
    end: number,
    nowSeconds: number,
  ): 'absent' | 'invalid' | 'fresh' | 'aging' {
    if (bytes === CLIENT_COOKIE_BYTES) return 'absent';
    if (bytes !== COOKIE_BYTES || message[at + 8] !== VERSION) return 'invalid';
    // The time may wrap round (RFC 1982): what counts is the difference, as a signed number.
    const age = (nowSeconds - readU32(message, at + TIME_AT)) | 0;
    if (age > COOKIE_AGE_MAX_SECONDS || age < -COOKIE_AHEAD_MAX_SECONDS) return 'invalid';
    const input = this.#input;
    for (let index = 0; index < HASH_AT; index++) input[index] = message[at + index]!;
    const hash = at + HASH_AT;
    for (let number = 0; number < this.#secrets.length; number++) {
      sipHash(this.#secrets[number]!, input, 0, end);
      const isGood =
        hashLow === readU32Little(message, hash) && hashHigh === readU32Little(message, hash + 4);
      if (isGood) return number === 0 && age <= COOKIE_RENEWED_AFTER_SECONDS ? 'fresh' : 'aging';
    }
    return 'invalid';
  }
}

function checkedSecrets(secrets: readonly Uint8Array[]): readonly Uint8Array[] {
  const isGood = secrets.every((secret) => secret.length === SIP_KEY_BYTES);
  if (isGood && secrets.length >= 1 && secrets.length <= COOKIE_SECRETS_MAX) return secrets;
  throw new RangeError(
    `cookie secrets are 1 to ${COOKIE_SECRETS_MAX} of ${SIP_KEY_BYTES} bytes each`,
  );
}

function readU32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
  );
}

function readU32Little(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
  );
}

function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

/** SipHash's result is a little-endian word. */
function writeHash(bytes: Uint8Array, at: number): void {
  for (let index = 0; index < 4; index++) {
    bytes[at + index] = hashLow >>> (8 * index);
    bytes[at + 4 + index] = hashHigh >>> (8 * index);
  }
}
