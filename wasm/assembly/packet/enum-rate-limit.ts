// Response-rate limiting, as resolver/enum/rate-limit-codec.ts does it, on the same table.

import { enumBlock, isClientIpv4, nowMs } from './enum-block';
import {
  ENUM_CLIENT,
  ENUM_HASH_INPUT,
  ENUM_RATE,
  ENUM_RATE_KEY,
  ENUM_RATE_SET_MASK,
  ENUM_RATE_TABLE,
  ENUM_SLIP,
} from './enum-layout';
import { sipHash } from './sip-hash';

export const CLASS_RECORDS: u32 = 0;
export const CLASS_NO_DATA: u32 = 1;
export const CLASS_NXDOMAIN: u32 = 2;

export const RATE_PASS: u32 = 0;
export const RATE_SLIP: u32 = 1;
export const RATE_DROP: u32 = 2;

const ENTRY_BYTES: u32 = 16;
const SET_BYTES: u32 = 64;
const ENTRY_SEEN: u32 = 4;
const ENTRY_CREDIT: u32 = 8;
const ENTRY_LIMITED: u32 = 12;
const ONE_ANSWER: u32 = 1000;
const FILL_MS_MAX: u32 = 1000;
const INPUT_BYTES: u32 = 9;

/** Takes an answer of a class from the budget of the client's network. */
export function takeAnswer(responseClass: u32): u32 {
  const hash = hashOf(responseClass);
  const tag = <u32>(hash >> 32) | 1;
  const now = nowMs();
  const rate = load<u32>(enumBlock, ENUM_RATE);
  const creditMax = rate * ONE_ANSWER;
  const inTable = (<u32>hash & load<u32>(enumBlock, ENUM_RATE_SET_MASK)) * SET_BYTES;
  const set = load<u32>(enumBlock, ENUM_RATE_TABLE) + inTable;
  const entry = entryOf(set, tag, now);
  let credit = creditMax;
  if (load<u32>(entry) == tag) {
    const elapsedMs = min(now - load<u32>(entry, ENTRY_SEEN), FILL_MS_MAX);
    credit = min(load<u32>(entry, ENTRY_CREDIT) + elapsedMs * rate, creditMax);
  } else {
    store<u32>(entry, tag);
    store<u32>(entry, 0, ENTRY_LIMITED);
  }
  store<u32>(entry, now, ENTRY_SEEN);
  if (credit >= ONE_ANSWER) {
    store<u32>(entry, credit - ONE_ANSWER, ENTRY_CREDIT);
    return RATE_PASS;
  }
  store<u32>(entry, credit, ENTRY_CREDIT);
  const limited = load<u32>(entry, ENTRY_LIMITED) + 1;
  const isSlip = limited == load<u32>(enumBlock, ENUM_SLIP);
  store<u32>(entry, isSlip ? 0 : limited, ENTRY_LIMITED);
  return isSlip ? RATE_SLIP : RATE_DROP;
}

/** The entry of a tag in a set; where it has none, a free one or the one seen longest ago. */
function entryOf(set: u32, tag: u32, now: u32): u32 {
  let oldest = set;
  let oldestMs: i64 = -1;
  for (let entry = set; entry < set + SET_BYTES; entry += ENTRY_BYTES) {
    const there = load<u32>(entry);
    if (there == tag) return entry;
    const ageMs: i64 = there == 0 ? 0x1_0000_0000 : <i64>(now - load<u32>(entry, ENTRY_SEEN));
    if (ageMs > oldestMs) {
      oldest = entry;
      oldestMs = ageMs;
    }
  }
  return oldest;
}

/** Class, how many bytes name the network, and these: 3 of an IPv4 address, 7 of an IPv6 one. */
function hashOf(responseClass: u32): u64 {
  const client = enumBlock + ENUM_CLIENT;
  const input = enumBlock + ENUM_HASH_INPUT;
  const isV4 = isClientIpv4();
  const network = isV4
    ? <u64>load<u32>(client, 12) & 0xff_ffff
    : load<u64>(client) & 0xff_ffff_ffff_ffff;
  store<u8>(input, responseClass);
  store<u8>(input, isV4 ? 3 : 7, 1);
  store<u64>(input, network, 2);
  return sipHash(enumBlock + ENUM_RATE_KEY, input, INPUT_BYTES);
}
