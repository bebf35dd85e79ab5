// Seeded randomness in 32-bit arithmetic: a generator for drawing samples and a hash for deciding,
// always alike, what happens to one number. Neither is fit for secrets.
//
// Sources: xoshiro128** 1.1 by Blackman and Vigna ("Scrambled Linear Pseudorandom Number
// Generators", 2018); the seeding step of SplitMix with a 32-bit gamma (Steele, Lea and Flood,
// "Fast Splittable Pseudorandom Number Generators", 2014); the 32-bit finaliser of MurmurHash3 by
// Appleby. SHA-256 (FIPS 180-4) turns a seed and a purpose into the words they start from.

import { createHash } from 'node:crypto';

const TWO_32 = 2 ** 32;
const TWO_21 = 2 ** 21;

/** A source of random integers. */
export interface Random {
  /** An integer from 0 to 2³² − 1. */
  uint32(): number;
  /** An integer from 0 to `bound` − 1; `bound` is 1 to 2⁵³ − 1. */
  below(bound: number): number;
}

/** The finaliser of MurmurHash3: a bijection of 32-bit words in which each input bit moves all. */
export function mix32(word: number): number {
  let mixed = word | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** A 32-bit hash of one value from 0 to 2³² − 1 under a key of 32 bits. */
export function hash32(key: number, value: number): number {
  return mix32(mix32(value + 0x9e3779b9) ^ key);
}

/** One 32-bit key for one purpose, so that decisions of different kinds are independent. */
export function deriveKey(seed: number, purpose: string): number {
  return createHash('sha256')
    .update(`bchf population\0${seed}\0${purpose}`)
    .digest()
    .readUInt32LE(0);
}

/** A random generator from a seed, an integer from 0 to 2³² − 1; alike on every machine. */
export function createRandom(seed: number): Random {
  const word = (step: number) => mix32(seed + step * 0x9e3779b9);
  return createXoshiro128(word(1), word(2), word(3), word(4));
}

/** A xoshiro128** generator from its state: four words of 32 bits, not all of them 0. */
export function createXoshiro128(
  word0: number,
  word1: number,
  word2: number,
  word3: number,
): Random {
  let s0 = word0 | 0;
  let s1 = word1 | 0;
  let s2 = word2 | 0;
  let s3 = word3 | 0;

  const uint32 = () => {
    const product = Math.imul(s1, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const shifted = s1 << 9;
    s2 ^= s0;
    s3 ^= s1;
    s1 ^= s2;
    s0 ^= s3;
    s2 ^= shifted;
    s3 = (s3 << 11) | (s3 >>> 21);
    return result;
  };

  /** 53 random bits scaled to the bound: the bias is below 2⁻²¹ for any bound up to 2³². */
  const below = (bound: number) => {
    const unit = (uint32() * TWO_21 + (uint32() >>> 11)) / (TWO_32 * TWO_21);
    return Math.floor(unit * bound);
  };

  return { uint32, below };
}
