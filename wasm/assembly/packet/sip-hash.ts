// SipHash-2-4: 64 bits of a message under a key of 128. Source: Aumasson and Bernstein, "SipHash: a
// fast short-input PRF" (2012), section 2. resolver/enum/sip-hash-codec.ts is the same in TypeScript.

let v0: u64 = 0;
let v1: u64 = 0;
let v2: u64 = 0;
let v3: u64 = 0;

/** The hash of `bytes` bytes under the 16 bytes at `key`. Up to 7 bytes behind the message are read. */
export function sipHash(key: u32, message: u32, bytes: u32): u64 {
  const k0 = load<u64>(key);
  const k1 = load<u64>(key, 8);
  v0 = k0 ^ 0x736f6d6570736575;
  v1 = k1 ^ 0x646f72616e646f6d;
  v2 = k0 ^ 0x6c7967656e657261;
  v3 = k1 ^ 0x7465646279746573;
  const end = message + (bytes & ~7);
  for (let at = message; at < end; at += 8) compress(load<u64>(at));
  // The last word: what is left, and the length in its highest byte.
  const left = (bytes & 7) << 3;
  const rest = load<u64>(end) & (((<u64>1) << left) - 1);
  compress(rest | ((<u64>bytes) << 56));
  v2 ^= 0xff;
  round();
  round();
  round();
  round();
  return v0 ^ v1 ^ v2 ^ v3;
}

function compress(word: u64): void {
  v3 ^= word;
  round();
  round();
  v0 ^= word;
}

function round(): void {
  v0 += v1;
  v1 = rotl<u64>(v1, 13) ^ v0;
  v0 = rotl<u64>(v0, 32);
  v2 += v3;
  v3 = rotl<u64>(v3, 16) ^ v2;
  v0 += v3;
  v3 = rotl<u64>(v3, 21) ^ v0;
  v2 += v1;
  v1 = rotl<u64>(v1, 17) ^ v2;
  v2 = rotl<u64>(v2, 32);
}
