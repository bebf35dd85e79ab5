// How many digits the numbers under a carrier prefix have.
//
// The rule: among the territories of the country code, the main one first, and among a territory's
// mobile lengths, that of its example number first and then the longest, the first length at which
// some number with the prefix matches the territory's mobile pattern. Where none does (carrier data
// is older or newer than the patterns here and there), the same with the pattern of all its
// numbers, then the first of these lengths that leaves a digit free.

import type { Territory } from './numbering-data.ts';

/** The national number length of a prefix, and the territory whose pattern said so. */
export interface PrefixLength {
  length: number;
  territory: Territory | undefined;
  /** Whether the mobile pattern, the general pattern or only the list of lengths decided. */
  by: 'mobile-pattern' | 'general-pattern' | 'length-list';
}

/** Digits to complete a prefix with: patterns constrain digits near the front, rarely behind. */
const FILLERS = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']
  .map((digit) => digit.repeat(15))
  .concat('234567890123456', '987654321098765', '567890123456789', '010203040506070');

interface TerritoryPatterns {
  territory: Territory;
  mobile: RegExp | undefined;
  general: RegExp;
  mobileLengths: number[];
  lengths: number[];
}

/** A function that tells the length for a country code and a national prefix. */
export function createLengthRule(
  territories: readonly Territory[],
): (countryCode: string, national: string) => PrefixLength {
  const byCountryCode = new Map<string, TerritoryPatterns[]>();
  for (const territory of territories) {
    const list = byCountryCode.get(territory.countryCode) ?? [];
    byCountryCode.set(territory.countryCode, list);
    list.push(patternsOf(territory));
  }

  return (countryCode, national) => {
    const candidates = byCountryCode.get(countryCode) ?? [];
    for (const { territory, mobile, mobileLengths } of candidates) {
      const length = mobile && matchingLength(mobile, mobileLengths, national);
      if (length) return { length, territory, by: 'mobile-pattern' };
    }
    for (const { territory, general, lengths } of candidates) {
      const length = matchingLength(general, lengths, national);
      if (length) return { length, territory, by: 'general-pattern' };
    }
    const main = candidates[0];
    const listed = main && [...main.mobileLengths, ...main.lengths];
    const length = listed?.find((each) => each > national.length) ?? national.length;
    return { length, territory: main?.territory, by: 'length-list' };
  };
}

function patternsOf(territory: Territory): TerritoryPatterns {
  const { mobilePattern, exampleLength } = territory;
  const exampleFirst = (lengths: number[]) =>
    lengths.toSorted(
      (one, other) =>
        Number(other === exampleLength) - Number(one === exampleLength) || other - one,
    );
  return {
    territory,
    mobile: mobilePattern === undefined ? undefined : new RegExp(`^(?:${mobilePattern})$`),
    general: new RegExp(`^(?:${territory.pattern})$`),
    mobileLengths: exampleFirst(territory.mobileLengths),
    lengths: exampleFirst(territory.lengths),
  };
}

function matchingLength(pattern: RegExp, lengths: number[], prefix: string): number | undefined {
  return lengths.find((length) => {
    const free = length - prefix.length;
    return free > 0 && FILLERS.some((filler) => pattern.test(prefix + filler.slice(0, free)));
  });
}
