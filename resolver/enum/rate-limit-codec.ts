// Response-rate limiting: how many answers of one kind go to one network in a second.
//
// A forged source address makes a server the amplifier of an attack on whoever has that address. So
// each network, IPv4 /24 or IPv6 /56, has a budget for each class of response; what is over it is
// dropped, and of what is dropped every `slip`-th query gets a short answer with which a real client
// can prove itself (TC: come by TCP; BADCOOKIE: come with this cookie). The idea is Vixie's and
// Schryver's "DNS Response Rate Limiting" (ISC-TN-2012-1); what they leave open is done so:
//
// - The budget is a token bucket in a table of a fixed size. A network that is not in it begins with
//   a full bucket in the place of the one in its set that was seen longest ago.
// - Positive answers share one budget, whatever the name: a number has 10^15 names, so a budget for
//   each name would limit nobody.
// - Places are chosen by SipHash with a key that nobody knows, so that no one can aim at a set.
//
// The table, in any memory, so that the same one can be used from Wasm:
//
//      0       4           8                12           16
//     ┌───────┬───────────┬────────────────┬────────────┐   four entries are a set
//     │ tag   │ last seen │ credit         │ limited    │   tag: 32 bits of the hash, odd; 0: free
//     │ u32   │ ms, u32   │ 1/1000 answers │ since last │
//     └───────┴───────────┴────────────────┴────────────┘

import { ADDRESS_BYTES, isIpv4 } from '../udp/client-address-codec.ts';
import { hashHigh, hashLow, SIP_KEY_BYTES, sipHash } from './sip-hash-codec.ts';

/** Classes of response, each with a budget of its own. */
export const RESPONSE_CLASS = { records: 0, noData: 1, nxdomain: 2, error: 3 } as const;
export type ResponseClass = (typeof RESPONSE_CLASS)[keyof typeof RESPONSE_CLASS];

export const RATE_ENTRY_WORDS = 4;
export const RATE_SET_ENTRIES = 4;
/** The highest rate: a second of it in thousandths fits into 32 bits twice. */
export const RESPONSES_PER_SECOND_MAX = 1_000_000;
export const SLIP_MAX = 10;

/** Bytes of an address that name its network. */
const IPV4_NETWORK_BYTES = 3;
const IPV6_NETWORK_BYTES = 7;
/** Class, family and network: what is hashed. */
const INPUT_BYTES = 9;
const ONE_ANSWER = 1000;
const FILL_MS_MAX = 1000;

export interface RateLimits {
  /** Answers of one class to one network in a second, 1 to {@link RESPONSES_PER_SECOND_MAX}. */
  responsesPerSecond: number;
  /** Every so manieth limited query gets a short answer; 0: none does. At most {@link SLIP_MAX}. */
  slip: number;
}

export type RateVerdict = 'pass' | 'slip' | 'drop';

export class RateLimiter {
  readonly #table: Uint32Array;
  readonly #setMask: number;
  readonly #key: Uint8Array;
  readonly #limits: RateLimits;
  readonly #input = new Uint8Array(INPUT_BYTES);

  /**
   * @param table {@link RATE_ENTRY_WORDS} words for each entry; a power of two of entries, 4 or more
   * @param key 16 bytes that nobody else knows
   */
  constructor(table: Uint32Array, key: Uint8Array, limits: RateLimits) {
    const sets = table.length / (RATE_ENTRY_WORDS * RATE_SET_ENTRIES);
    if (!(sets >= 1 && Number.isInteger(Math.log2(sets)))) {
      throw new RangeError('the table of a rate limiter has a power of two of sets');
    }
    if (key.length !== SIP_KEY_BYTES) throw new RangeError(`a key has ${SIP_KEY_BYTES} bytes`);
    const { responsesPerSecond, slip } = limits;
    const isRate = Number.isInteger(responsesPerSecond) && responsesPerSecond >= 1;
    if (!isRate || responsesPerSecond > RESPONSES_PER_SECOND_MAX) {
      throw new RangeError(`responsesPerSecond is 1 to ${RESPONSES_PER_SECOND_MAX}`);
    }
    if (!(Number.isInteger(slip) && slip >= 0 && slip <= SLIP_MAX)) {
      throw new RangeError(`slip is 0 to ${SLIP_MAX}`);
    }
    this.#table = table;
    this.#setMask = sets - 1;
    this.#key = key;
    this.#limits = limits;
  }

  /**
   * Takes an answer of a class from the budget of a client's network.
   *
   * @param client in the common form
   * @param nowMs of any clock that goes forward; its low 32 bits count
   */
  take(client: Uint8Array, responseClass: ResponseClass, nowMs: number): RateVerdict {
    const table = this.#table;
    const { responsesPerSecond, slip } = this.#limits;
    this.#hash(client, responseClass);
    const tag = (hashHigh | 1) >>> 0;
    const now = nowMs >>> 0;
    const creditMax = responsesPerSecond * ONE_ANSWER;
    const set = (hashLow & this.#setMask) * RATE_SET_ENTRIES * RATE_ENTRY_WORDS;
    const entry = this.#entryOf(set, tag, now);
    let credit = creditMax;
    if (table[entry] === tag) {
      const elapsedMs = Math.min((now - table[entry + 1]!) >>> 0, FILL_MS_MAX);
      credit = Math.min(table[entry + 2]! + elapsedMs * responsesPerSecond, creditMax);
    } else {
      table[entry] = tag;
      table[entry + 3] = 0;
    }
    table[entry + 1] = now;
    if (credit >= ONE_ANSWER) {
      table[entry + 2] = credit - ONE_ANSWER;
      return 'pass';
    }
    table[entry + 2] = credit;
    const limited = table[entry + 3]! + 1;
    table[entry + 3] = limited === slip ? 0 : limited;
    return limited === slip ? 'slip' : 'drop';
  }

  /** The entry of a tag in a set; where it has none, a free one or the one seen longest ago. */
  #entryOf(set: number, tag: number, now: number): number {
    const table = this.#table;
    let oldest = set;
    let oldestMs = -1;
    for (let place = 0; place < RATE_SET_ENTRIES; place++) {
      const entry = set + place * RATE_ENTRY_WORDS;
      if (table[entry] === tag) return entry;
      const ageMs = table[entry] === 0 ? 0x1_0000_0000 : (now - table[entry + 1]!) >>> 0;
      if (ageMs > oldestMs) {
        oldest = entry;
        oldestMs = ageMs;
      }
    }
    return oldest;
  }

  #hash(client: Uint8Array, responseClass: ResponseClass): void {
    const input = this.#input;
    const isIpv4Client = isIpv4(client);
    const bytes = isIpv4Client ? IPV4_NETWORK_BYTES : IPV6_NETWORK_BYTES;
    const from = isIpv4Client ? ADDRESS_BYTES - 4 : 0;
    input.fill(0);
    input[0] = responseClass;
    input[1] = bytes;
    for (let index = 0; index < bytes; index++) input[2 + index] = client[from + index]!;
    sipHash(this.#key, input, 0, INPUT_BYTES);
  }
}
