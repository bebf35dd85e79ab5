// ENUM names: between a number key and `8.7.6.….6.8.e164.arpa` on the wire (RFC 6116 section 3.2).
//
// A name is the digits, last one first, each a label of its own, then the suffix of the zone. A suffix
// may stand for the first digits of its numbers, as `i.4.4.e164.arpa` does for 44 (RFC 5527). A key is
// the digits with a 1 in front, so the suffix alone, of no digits, reads as 1.

import { KEY_MAX } from '../../ledger/number.ts';

/** {@link readEnumName}: the name is not the suffix and not below it. */
export const OFF_ZONE = -1;
/** {@link readEnumName}: below the suffix, but not 1 to 15 labels of one digit each. */
export const NOT_A_NUMBER = 0;
/** {@link readEnumName}: the suffix itself, the apex of the zone. */
export const APEX = 1;

const CODE_0 = 48;
const CODE_9 = 57;
const CODE_UPPER_A = 65;
const CODE_UPPER_Z = 90;

/** A suffix of ENUM names. */
export interface EnumSuffix {
  /** Wire form, lower case. */
  suffix: Uint8Array;
  /** The key of the digits that the suffix stands for; 1 for none. */
  prefixKey: number;
}

/**
 * What the well-formed name at `start` to `end` of a message is to the zone of a suffix: a number
 * key from 10 up, {@link APEX}, {@link NOT_A_NUMBER} or {@link OFF_ZONE}. Letters compare without
 * their case (RFC 1035 section 2.3.3).
 */
export function readEnumName(
  message: Uint8Array,
  start: number,
  end: number,
  { suffix, prefixKey }: EnumSuffix,
): number {
  const suffixAt = end - suffix.length;
  if (suffixAt < start) return OFF_ZONE;
  let digits = 0;
  let placeValue = 1;
  let isNumber = true;
  let at = start;
  while (at < suffixAt) {
    const length = message[at]!;
    const digit = message[at + 1]! - CODE_0;
    isNumber &&= length === 1 && digit >= 0 && digit <= CODE_9 - CODE_0;
    if (isNumber) {
      digits += digit * placeValue;
      placeValue *= 10;
    }
    at += 1 + length;
  }
  // The labels must end where the suffix begins: `xe164.arpa` ends in the letters, not the labels.
  if (at !== suffixAt || !endsWith(message, suffixAt, suffix)) return OFF_ZONE;
  if (placeValue === 1 && isNumber) return APEX;
  const key = prefixKey * placeValue + digits;
  return isNumber && key <= KEY_MAX ? key : NOT_A_NUMBER;
}

/** Whether the name at `start` to `end` is `name` (wire form, lower case), without regard to case. */
export function isSameName(
  message: Uint8Array,
  start: number,
  end: number,
  name: Uint8Array,
): boolean {
  return end - start === name.length && endsWith(message, start, name);
}

/** Length bytes, at most 63, never look like an upper-case letter, so all bytes fold alike. */
function endsWith(message: Uint8Array, start: number, suffix: Uint8Array): boolean {
  for (let index = 0; index < suffix.length; index++) {
    const byte = message[start + index]!;
    const folded = byte >= CODE_UPPER_A && byte <= CODE_UPPER_Z ? byte + 32 : byte;
    if (folded !== suffix[index]) return false;
  }
  return true;
}

/** The name of a number key (or of {@link APEX}) under a suffix that stands for no digits. */
export function encodeEnumName(key: number, suffix: Uint8Array): Uint8Array {
  const digits = String(key).slice(1);
  const wire = new Uint8Array(2 * digits.length + suffix.length);
  for (let index = 0; index < digits.length; index++) {
    wire[2 * index] = 1;
    wire[2 * index + 1] = digits.charCodeAt(digits.length - 1 - index);
  }
  wire.set(suffix, 2 * digits.length);
  return wire;
}
