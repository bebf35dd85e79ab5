// Which subscribers' numbers are ported, through which members, and in which order they are counted:
// computed for any number, remembered for none.
//
// Two permutations decide. The first scatters the decades: those it sends below `corporateCount` are
// corporate, all ten numbers ported together. The second scatters the numbers of the other decades:
// those it sends below `singleCount` are ported one by one.
//
//     ported index   0 … 10 × corporateCount − 1 │ … portedCount − 1
//                    corporate, ten per decade   │ single
//
// Recipients are the largest members of the country, so that the pairs of donor and recipient stay
// few. How often a number moved follows Finland (January 2006): of 1.175 million ported numbers,
// 0.5 million had moved twice and 0.14 million three times. Where a country has two members, a number
// that moved twice would be at home, and moves once.

import type { NumberKey } from '../number.ts';
import { createPermutation } from './permutation.ts';
import { deriveKey, hash32 } from './random.ts';
import { DECADE, type SubscriberSpace } from './subscriber-space.ts';
import type { World } from './world.ts';

/** Most members of a country that numbers are ported to. */
const RECIPIENTS_MAX = 5;

/** Most ports of one number. */
export const PORTS_MAX = 3;

/** One of how many ported numbers is in a corporate block. */
const CORPORATE_DIVISOR = 10;

const FINLAND_PORTED = 1_175_000;
export const TWICE_SHARE = 500_000 / FINLAND_PORTED;
export const THRICE_SHARE = 140_000 / FINLAND_PORTED;

const TWO_32 = 2 ** 32;

/** A member that numbers of its country are ported to, and the route they get. */
export interface Recipient {
  member: number;
  route: number;
  weight: number;
}

export interface Porting {
  portedCount: number;
  /** Where the first permutation sends a decade of the space; −1 where none of it can be ported. */
  placeOf(decade: number): number;
  /** The ported index of a number by its decade's place and its last digit, −1 where it is at home. */
  indexOf(place: number, digit: number): number;
  /** The number with a ported index from 0 to `portedCount` − 1. */
  numberAt(index: number): NumberKey;
  /** A number that is at home, for 0 to the space's numbers − `portedCount` − 1. */
  homeNumberAt(index: number): NumberKey;
  /**
   * Writes the recipients of a ported number, first to last, into `out` (PORTS_MAX of them) and
   * tells how many there are. The last one has the number now.
   *
   * @param home Member that the number's prefix belongs to.
   */
  recipientsOf(index: number, country: string, home: number, out: Recipient[]): number;
}

/** The recipients of each country with at least two members that have prefixes. */
export function recipientsByCountry({ msisdn, mainRoute }: World): Map<string, Recipient[]> {
  const weights = new Map<string, Map<number, number>>();
  msisdn.keys.forEach((_, prefix) => {
    const country = msisdn.country[prefix]!;
    const span = msisdn.table.ownSpan(prefix, msisdn.digits[prefix]!);
    const capacity = span === undefined ? 0 : span.to - span.from + 1;
    const members = weights.get(country) ?? new Map<number, number>();
    weights.set(country, members);
    const member = msisdn.member[prefix]!;
    members.set(member, (members.get(member) ?? 0) + Math.sqrt(capacity));
  });
  const recipients = new Map<string, Recipient[]>();
  for (const [country, members] of weights) {
    if (members.size < 2) continue;
    const largest = [...members]
      .map(([member, weight]) => ({ member, weight, route: mainRoute[member]! }))
      .sort((one, other) => other.weight - one.weight || one.member - other.member);
    recipients.set(country, largest.slice(0, RECIPIENTS_MAX));
  }
  return recipients;
}

/** Throws RangeError where fewer numbers can be ported than shall be. */
export function createPorting(
  space: SubscriberSpace,
  recipients: ReadonlyMap<string, Recipient[]>,
  portedCount: number,
  seed: number,
): Porting {
  const corporateCount = Math.floor(portedCount / CORPORATE_DIVISOR / DECADE);
  const corporateNumbers = corporateCount * DECADE;
  const singleCount = portedCount - corporateNumbers;
  const portableCount = space.portableDecadeCount * DECADE;
  if (portedCount > portableCount) {
    throw new RangeError(`${portedCount} ported numbers of ${portableCount} that can be`);
  }
  const decades = createPermutation(space.portableDecadeCount, seed, 'corporate decades');
  const singles = createPermutation(portableCount - corporateNumbers, seed, 'single numbers');
  const homeSingles = singles.size - singleCount;

  const placeOf = (decade: number) =>
    decade >= 0 && decade < space.portableDecadeCount ? decades.forward(decade) : -1;

  const indexOf = (place: number, digit: number) => {
    if (place < corporateCount) return place * DECADE + digit;
    const image = singles.forward((place - corporateCount) * DECADE + digit);
    return image < singleCount ? corporateNumbers + image : -1;
  };

  const numberOf = (decade: number, digit: number) => {
    const block = space.blockOfDecade(decade);
    return space.blockFrom[block]! + (decade - space.blockStart[block]!) * DECADE + digit;
  };
  const corporateAt = (index: number) =>
    numberOf(decades.inverse(Math.floor(index / DECADE)), index % DECADE);
  const singleAt = (image: number) => {
    const position = singles.inverse(image);
    const place = corporateCount + Math.floor(position / DECADE);
    return numberOf(decades.inverse(place), position % DECADE);
  };

  const numberAt = (index: number) =>
    index < corporateNumbers ? corporateAt(index) : singleAt(index - corporateNumbers);

  /** Numbers of the portable countries that stayed, then those of the other countries. */
  const homeNumberAt = (index: number) => {
    if (index < homeSingles) return singleAt(singleCount + index);
    const position = portableCount + index - homeSingles;
    return numberOf(Math.floor(position / DECADE), position % DECADE);
  };

  const countKey = deriveKey(seed, 'count of ports');
  const portKeys = [1, 2, 3].map((port) => deriveKey(seed, `recipient ${port} from the last`));
  const recipientsOf = (index: number, country: string, home: number, out: Recipient[]) => {
    const group = recipients.get(country)!;
    const corporate = index < corporateNumbers;
    const unit = corporate ? Math.floor(index / DECADE) : index;
    const last = pick(group, hash32(portKeys[0]!, unit), home, -1)!;
    const draw = hash32(countKey, unit) / TWO_32;
    if (draw < THRICE_SHARE) {
      const second = pick(group, hash32(portKeys[1]!, unit), last.member, -1);
      const first = second && pick(group, hash32(portKeys[2]!, unit), home, second.member);
      if (first !== undefined) {
        out[0] = first;
        out[1] = second!;
        out[2] = last;
        return 3;
      }
    }
    if (draw < THRICE_SHARE + TWICE_SHARE) {
      const first = pick(group, hash32(portKeys[2]!, unit), home, last.member);
      if (first !== undefined) {
        out[0] = first;
        out[1] = last;
        return 2;
      }
    }
    out[0] = last;
    return 1;
  };

  return { portedCount, placeOf, indexOf, numberAt, homeNumberAt, recipientsOf };
}

/** A recipient by weight, none of two members; `undefined` where that leaves no one. */
function pick(
  group: readonly Recipient[],
  hash: number,
  notThis: number,
  norThis: number,
): Recipient | undefined {
  let total = 0;
  for (const { member, weight } of group) {
    if (member !== notThis && member !== norThis) total += weight;
  }
  let rest = (hash / TWO_32) * total;
  let chosen: Recipient | undefined;
  for (const recipient of group) {
    if (recipient.member === notThis || recipient.member === norThis) continue;
    chosen = recipient;
    rest -= recipient.weight;
    if (rest < 0) break;
  }
  return chosen;
}
