// Numbers: the identities of the domain and the one integer form in which every part of the
// product handles them.
//
// An identity is a string of 1 to 15 decimal digits (IMSI: ITU-T E.212; MSISDN: ITU-T E.164,
// country code first). Leading zeros count and the same digits at another length are another
// number, so the digits alone are no integer. A *number key* is: the digits with a 1 in front.
//
//     digits "0461"        → key 10461
//     digits "861391234"   → key 1861391234
//
// Keys order by length, then by digits; the longest, 1_999_999_999_999_999, is below 2^53, so a key
// is exact as a JavaScript number, as a float64 in shared memory and as a u64 in Wasm. Dropping the
// last digit, ⌊key / 10⌋, gives the key of the prefix.

/** Identity kinds, each with a key space of its own. */
export const IDENTITIES = ['imsi', 'msisdn'] as const;
export type Identity = (typeof IDENTITIES)[number];

/** The digits of a number with a 1 in front: an integer from 10 to 1_999_999_999_999_999. */
export type NumberKey = number;

export const DIGITS_MAX = 15;
export const KEY_MIN = 10;
export const KEY_MAX = 1_999_999_999_999_999;

const CODE_0 = 48;
const CODE_9 = 57;

/**
 * The key of a string of 1 to 15 ASCII digits; `undefined` for every other string, among them
 * digits of other scripts, signs and white space.
 *
 * @param start where in the string the digits begin
 */
export function parseDigits(text: string, start = 0): NumberKey | undefined {
  const length = text.length - start;
  if (length < 1 || length > DIGITS_MAX) return undefined;
  let key = 1;
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < CODE_0 || code > CODE_9) return undefined;
    key = key * 10 + (code - CODE_0);
  }
  return key;
}

/** The digits of a key. */
export function digitsOf(key: NumberKey): string {
  return String(key).slice(1);
}

/** How many digits the number of a key has, 1 to 15. */
export function lengthOf(key: NumberKey): number {
  return String(key).length - 1;
}

/** Whether a value is a number key. */
export function isNumberKey(value: number): boolean {
  if (!Number.isInteger(value) || value < KEY_MIN || value > KEY_MAX) return false;
  return String(value).charCodeAt(0) === CODE_0 + 1;
}

/** One number with its kind, as network elements name it in `ueId`. */
export interface UeId {
  identity: Identity;
  key: NumberKey;
}

/**
 * Reads `imsi-460001234567890` (a SUPI) or `msisdn-8613912345678` (a GPSI), the forms of 3GPP
 * TS 29.571 clause 5.3.2; `undefined` for anything else.
 *
 * TS 29.571 asks for 5 to 15 digits; 1 to 4 are accepted too, because short prefixes are looked up
 * by people.
 */
export function parseUeId(text: string): UeId | undefined {
  const identity = identityOf(text);
  if (!identity) return undefined;
  const key = parseDigits(text, identity.length + 1);
  return key === undefined ? undefined : { identity, key };
}

function identityOf(ueId: string): Identity | undefined {
  if (ueId.startsWith('msisdn-')) return 'msisdn';
  return ueId.startsWith('imsi-') ? 'imsi' : undefined;
}

/** The `ueId` form of a number: the inverse of {@link parseUeId}. */
export function formatUeId({ identity, key }: UeId): string {
  return `${identity}-${digitsOf(key)}`;
}
