// Server cookies, as resolver/enum/dns-cookie-codec.ts makes and judges them (RFC 9018 section 4).

import { enumBlock, isClientIpv4, nowSeconds } from './enum-block';
import {
  ENUM_CLIENT,
  ENUM_COOKIE_DATA,
  ENUM_HASH_INPUT,
  ENUM_SECRET_COUNT,
  ENUM_SECRETS,
} from './enum-layout';
import { sipHash } from './sip-hash';

export const COOKIE_BYTES: u32 = 24;
const CLIENT_COOKIE_BYTES: u32 = 8;
const HASHED_COOKIE_BYTES: u32 = 16;
const AGE_MAX_SECONDS: i32 = 3600;
const AHEAD_MAX_SECONDS: i32 = 300;
const RENEWED_AFTER_SECONDS: i32 = 1800;

export const COOKIE_ABSENT: u32 = 0;
export const COOKIE_VALID: u32 = 1;
export const COOKIE_INVALID: u32 = 2;

/** Judges the cookie at `at`, of the client under way, and makes the answer's in ENUM_COOKIE_DATA. */
export function judgeCookie(at: u32, bytes: u32): u32 {
  const client = enumBlock + ENUM_CLIENT;
  const input = enumBlock + ENUM_HASH_INPUT;
  const isV4 = isClientIpv4();
  if (isV4) store<u32>(input, load<u32>(client, 12), HASHED_COOKIE_BYTES);
  else v128.store(input, v128.load(client), HASHED_COOKIE_BYTES);
  const inputBytes = HASHED_COOKIE_BYTES + (isV4 ? 4 : 16);
  const data = enumBlock + ENUM_COOKIE_DATA;
  let verdict = COOKIE_ABSENT;
  if (bytes != CLIENT_COOKIE_BYTES) {
    const secret = bytes == COOKIE_BYTES ? secretOf(at, input, inputBytes) : NO_SECRET;
    if (secret != NO_SECRET) {
      const age = ageOf(at);
      if (secret == 0 && age <= RENEWED_AFTER_SECONDS) {
        v128.store(data, v128.load(at));
        store<u64>(data, load<u64>(at, 16), 16);
        return COOKIE_VALID;
      }
      verdict = COOKIE_VALID;
    } else {
      verdict = COOKIE_INVALID;
    }
  }
  store<u64>(data, load<u64>(at));
  // Version 1 and three bytes of 0.
  store<u32>(data, 1, 8);
  store<u32>(data, bswap<u32>(nowSeconds()), 12);
  v128.store(input, v128.load(data));
  store<u64>(data, sipHash(enumBlock + ENUM_SECRETS, input, inputBytes), 16);
  return verdict;
}

const NO_SECRET: u32 = 0xffff;

function ageOf(at: u32): i32 {
  // The time may wrap round (RFC 1982): what counts is the difference, as a signed number.
  return <i32>(nowSeconds() - bswap<u32>(load<u32>(at, 12)));
}

/** Which secret a cookie was made with; NO_SECRET where it does not count. */
function secretOf(at: u32, input: u32, inputBytes: u32): u32 {
  if (load<u8>(at, 8) != 1) return NO_SECRET;
  const age = ageOf(at);
  if (age > AGE_MAX_SECONDS || age < -AHEAD_MAX_SECONDS) return NO_SECRET;
  v128.store(input, v128.load(at));
  const count = load<u32>(enumBlock, ENUM_SECRET_COUNT);
  for (let secret: u32 = 0; secret < count; secret++) {
    const hash = sipHash(enumBlock + ENUM_SECRETS + (secret << 4), input, inputBytes);
    if (hash == load<u64>(at, 16)) return secret;
  }
  return NO_SECRET;
}
