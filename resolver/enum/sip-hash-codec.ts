// SipHash-2-4: 64 bits of a message under a key of 128, too costly to predict without the key.
//
// Source: Aumasson and Bernstein, "SipHash: a fast short-input PRF" (2012), section 2. JavaScript has
// no fast 64-bit integers, so each word is two halves of 32 bits, `…L` the low one.

/** Bytes of a key. */
export const SIP_KEY_BYTES = 16;

let v0L = 0;
let v0H = 0;
let v1L = 0;
let v1H = 0;
let v2L = 0;
let v2H = 0;
let v3L = 0;
let v3H = 0;

/** The low half of the hash that {@link sipHash} made last, unsigned. */
export let hashLow = 0;
/** The high half. */
export let hashHigh = 0;

/** Hashes bytes `start` to `end`; leaves the result in {@link hashLow} and {@link hashHigh}. */
export function sipHash(key: Uint8Array, bytes: Uint8Array, start: number, end: number): void {
  const k0L = u32At(key, 0);
  const k0H = u32At(key, 4);
  const k1L = u32At(key, 8);
  const k1H = u32At(key, 12);
  v0L = k0L ^ 0x70736575;
  v0H = k0H ^ 0x736f6d65;
  v1L = k1L ^ 0x6e646f6d;
  v1H = k1H ^ 0x646f7261;
  v2L = k0L ^ 0x6e657261;
  v2H = k0H ^ 0x6c796765;
  v3L = k1L ^ 0x79746573;
  v3H = k1H ^ 0x74656462;
  const length = end - start;
  let at = start;
  for (; at + 8 <= end; at += 8) compress(u32At(bytes, at), u32At(bytes, at + 4));
  // The last word: what is left, and the length in its highest byte.
  let lastL = 0;
  let lastH = (length & 0xff) << 24;
  for (let shift = 0; at < end; at++, shift += 8) {
    if (shift < 32) lastL |= bytes[at]! << shift;
    else lastH |= bytes[at]! << (shift - 32);
  }
  compress(lastL, lastH);
  v2L ^= 0xff;
  for (let rounds = 0; rounds < 4; rounds++) round();
  hashLow = (v0L ^ v1L ^ v2L ^ v3L) >>> 0;
  hashHigh = (v0H ^ v1H ^ v2H ^ v3H) >>> 0;
}

function u32At(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

function compress(low: number, high: number): void {
  v3L ^= low;
  v3H ^= high;
  round();
  round();
  v0L ^= low;
  v0H ^= high;
}

function round(): void {
  // v0 += v1; v1 <<<= 13; v1 ^= v0; v0 <<<= 32
  let low = (v0L >>> 0) + (v1L >>> 0);
  v0H = (v0H + v1H + (low > 0xffff_ffff ? 1 : 0)) | 0;
  v0L = low | 0;
  low = (v1L << 13) | (v1H >>> 19);
  v1H = ((v1H << 13) | (v1L >>> 19)) ^ v0H;
  v1L = low ^ v0L;
  low = v0L;
  v0L = v0H;
  v0H = low;
  // v2 += v3; v3 <<<= 16; v3 ^= v2
  low = (v2L >>> 0) + (v3L >>> 0);
  v2H = (v2H + v3H + (low > 0xffff_ffff ? 1 : 0)) | 0;
  v2L = low | 0;
  low = (v3L << 16) | (v3H >>> 16);
  v3H = ((v3H << 16) | (v3L >>> 16)) ^ v2H;
  v3L = low ^ v2L;
  // v0 += v3; v3 <<<= 21; v3 ^= v0
  low = (v0L >>> 0) + (v3L >>> 0);
  v0H = (v0H + v3H + (low > 0xffff_ffff ? 1 : 0)) | 0;
  v0L = low | 0;
  low = (v3L << 21) | (v3H >>> 11);
  v3H = ((v3H << 21) | (v3L >>> 11)) ^ v0H;
  v3L = low ^ v0L;
  // v2 += v1; v1 <<<= 17; v1 ^= v2; v2 <<<= 32
  low = (v2L >>> 0) + (v1L >>> 0);
  v2H = (v2H + v1H + (low > 0xffff_ffff ? 1 : 0)) | 0;
  v2L = low | 0;
  low = (v1L << 17) | (v1H >>> 15);
  v1H = ((v1H << 17) | (v1L >>> 15)) ^ v2H;
  v1L = low ^ v2L;
  low = v2L;
  v2L = v2H;
  v2H = low;
}
