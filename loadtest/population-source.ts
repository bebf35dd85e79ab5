// The population that `bchf start` puts on the ledger, as the numbers of a load test.
//
// Nothing is asked of the server: the same options give the same numbers and answers here and there.

import type { Identity } from '../ledger/number.ts';
import { MOVING_NUMBERS, type Population } from '../ledger/population/population.ts';
import { createRandom } from '../ledger/population/random.ts';
import type { SampledNumber, SampleKind, SampleMix } from '../ledger/population/sample.ts';
import { SAMPLE_KINDS } from '../ledger/population/sample.ts';
import type { NumberSource } from './number-source.ts';

/** Draws for a number of the wanted identity before it is certain that the mix has none. */
const DRAWS_MAX = 10_000;

export const MIX_DEFAULT: SampleMix = { ported: 40, fragmented: 20, prefix: 30, miss: 10 };

/**
 * Reads `ported=40,miss=10`: shares of the kinds, any numbers from 0, not all 0; `undefined` for any
 * other text.
 */
export function parseMix(text: string): SampleMix | undefined {
  const mix: SampleMix = {};
  let total = 0;
  for (const part of text.split(',')) {
    const [kind = '', share = '', ...rest] = part.split('=').map((piece) => piece.trim());
    if (!isSampleKind(kind) || kind in mix || rest.length > 0) return undefined;
    if (!/^\d{1,9}(?:\.\d{1,9})?$/.test(share)) return undefined;
    mix[kind] = Number(share);
    total += Number(share);
  }
  return total > 0 ? mix : undefined;
}

/** The text form of a mix: the inverse of {@link parseMix}. */
export function formatMix(mix: SampleMix): string {
  return Object.entries(mix)
    .map(([kind, share]) => `${kind}=${share}`)
    .join(',');
}

function isSampleKind(text: string): text is SampleKind {
  return (SAMPLE_KINDS as readonly string[]).includes(text);
}

/**
 * A source over a population; with an `identity` only numbers of that kind, with `isMoving` none that
 * `bchf start --moves-per-second` moves about. Drawing throws a
 * RangeError where the mix has none.
 */
export function createPopulationSource(
  population: Pick<Population, 'sample' | 'expected' | 'portedIndex'>,
  mix: SampleMix,
  identity: Identity | undefined,
  seed: number,
  isMoving = false,
): NumberSource {
  /** What is answered for a number that moves depends on the moment. */
  const isLeftOut = ({ identity: kind, key }: SampledNumber) => {
    if (!isMoving || kind !== 'msisdn') return false;
    const index = population.portedIndex(key);
    return index >= 0 && index < MOVING_NUMBERS;
  };
  const random = createRandom(seed);
  return {
    draw() {
      for (let draws = 0; draws < DRAWS_MAX; draws++) {
        const number = population.sample(random, mix);
        if (identity !== undefined && number.identity !== identity) continue;
        if (!isLeftOut(number)) return number;
      }
      throw new RangeError(`the mix has no numbers of kind ${identity}`);
    },
    expected: population.expected,
  };
}
