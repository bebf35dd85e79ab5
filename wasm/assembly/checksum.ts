// XXH64, the checksum of images: against accidents, not against forgery.
//
// Source: Yann Collet, "xxHash fast digest algorithm", version 0.1.1, section "XXH64 algorithm
// description".

const PRIME_1: u64 = 0x9e3779b185ebca87;
const PRIME_2: u64 = 0xc2b2ae3d27d4eb4f;
const PRIME_3: u64 = 0x165667b19e3779f9;
const PRIME_4: u64 = 0x85ebca77c2b2ae63;
const PRIME_5: u64 = 0x27d4eb2f165667c5;

const STRIPE_BYTES: u32 = 32;

/** XXH64 of `bytes` bytes from `offset` on. */
export function xxh64(offset: u32, bytes: u32, seed: u64): u64 {
  const end = offset + bytes;
  let at = offset;
  let sum = seed + PRIME_5;
  if (bytes >= STRIPE_BYTES) {
    let lane1 = seed + PRIME_1 + PRIME_2;
    let lane2 = seed + PRIME_2;
    let lane3 = seed;
    let lane4 = seed - PRIME_1;
    for (; end - at >= STRIPE_BYTES; at += STRIPE_BYTES) {
      lane1 = round(lane1, load<u64>(at));
      lane2 = round(lane2, load<u64>(at, 8));
      lane3 = round(lane3, load<u64>(at, 16));
      lane4 = round(lane4, load<u64>(at, 24));
    }
    sum = rotl<u64>(lane1, 1) + rotl<u64>(lane2, 7) + rotl<u64>(lane3, 12) + rotl<u64>(lane4, 18);
    sum = merge(merge(merge(merge(sum, lane1), lane2), lane3), lane4);
  }
  sum += bytes;
  for (; end - at >= 8; at += 8) {
    sum = rotl<u64>(sum ^ round(0, load<u64>(at)), 27) * PRIME_1 + PRIME_4;
  }
  if (end - at >= 4) {
    sum = rotl<u64>(sum ^ (<u64>load<u32>(at) * PRIME_1), 23) * PRIME_2 + PRIME_3;
    at += 4;
  }
  for (; at < end; at++) {
    sum = rotl<u64>(sum ^ (<u64>load<u8>(at) * PRIME_5), 11) * PRIME_1;
  }
  sum = (sum ^ (sum >> 33)) * PRIME_2;
  sum = (sum ^ (sum >> 29)) * PRIME_3;
  return sum ^ (sum >> 32);
}

function round(lane: u64, input: u64): u64 {
  return rotl<u64>(lane + input * PRIME_2, 31) * PRIME_1;
}

function merge(sum: u64, lane: u64): u64 {
  return (sum ^ round(0, lane)) * PRIME_1 + PRIME_4;
}
