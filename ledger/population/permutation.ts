// A seeded permutation of 0 … size − 1 that keeps no table: both directions are computed.
//
// Source: the generalised Feistel cipher of Black and Rogaway ("Ciphers with Arbitrary Finite
// Domains", CT-RSA 2002) with cycle walking. A position is split into (left, right) with left below
// a and right below b, where a × b is the least product of near-square sides that covers the size:
//
//     position = left × b + right
//     round 1, 3:  left  ← (left  + hash(right)) mod a
//     round 2, 4:  right ← (right + hash(left))  mod b
//
// A result at or above the size goes through the rounds again. The product exceeds the size by less
// than b, about its square root, so that hardly any position is walked twice. It scatters well and
// hides nothing.

import { deriveKey, hash32 } from './random.ts';

/** Largest size: the sides then stay below 2¹⁸ + 1, far below the 2³⁰ values of a round's hash. */
export const PERMUTATION_SIZE_MAX = 2 ** 36;

/** A bijection of the integers 0 to `size` − 1. */
export interface Permutation {
  size: number;
  forward(position: number): number;
  /** `inverse(forward(position))` is `position`. */
  inverse(image: number): number;
}

/** Throws RangeError where the size is no integer from 0 to 2³⁶. A size of 0 permutes nothing. */
export function createPermutation(size: number, seed: number, purpose: string): Permutation {
  if (!Number.isInteger(size) || size < 0 || size > PERMUTATION_SIZE_MAX) {
    throw new RangeError(`a permutation of ${size} positions`);
  }
  const a = Math.max(1, Math.floor(Math.sqrt(size)));
  const b = Math.max(1, Math.ceil(size / a));
  const key1 = deriveKey(seed, `${purpose} 1`);
  const key2 = deriveKey(seed, `${purpose} 2`);
  const key3 = deriveKey(seed, `${purpose} 3`);
  const key4 = deriveKey(seed, `${purpose} 4`);

  /** 30 bits, so that sums stay in the integers that a processor divides quickly. */
  const roundHash = (key: number, half: number) => hash32(key, half) >>> 2;

  const forward = (position: number) => {
    let image = position;
    do {
      let left = Math.floor(image / b);
      let right = image - left * b;
      left = (left + roundHash(key1, right)) % a;
      right = (right + roundHash(key2, left)) % b;
      left = (left + roundHash(key3, right)) % a;
      right = (right + roundHash(key4, left)) % b;
      image = left * b + right;
    } while (image >= size);
    return image;
  };

  const inverse = (image: number) => {
    let position = image;
    do {
      let left = Math.floor(position / b);
      let right = position - left * b;
      right = (right + b - (roundHash(key4, left) % b)) % b;
      left = (left + a - (roundHash(key3, right) % a)) % a;
      right = (right + b - (roundHash(key2, left) % b)) % b;
      left = (left + a - (roundHash(key1, right) % a)) % a;
      position = left * b + right;
    } while (position >= size);
    return position;
  };

  return { size, forward, inverse };
}
