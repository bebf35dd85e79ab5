// Draws numbers from a population by kind, each in constant expected time and uniformly within its
// kind, for tests and load.

import { DIGITS_MAX, type Identity, KEY_MAX, type NumberKey } from '../number.ts';
import type { Pool } from './pool.ts';
import type { Porting } from './porting.ts';
import { POWERS_OF_TEN } from './prefix-table.ts';
import type { Random } from './random.ts';
import { DECADE, type SubscriberSpace } from './subscriber-space.ts';
import type { World } from './world.ts';

/**
 * - ported: a ported number.
 * - fragmented: a number of an allocated run, MSISDN or IMSI.
 * - prefix: a subscriber's MSISDN that stayed at home or, as often, an IMSI of 15 digits under the
 *   PLMN of some route, below the pool's half.
 * - miss: a number of real length, 11 to 13 digits or an IMSI of 15, that no entry matches.
 * - wrong-length: a ported or fragmented number with a digit less or more, which therefore matches
 *   no more than its prefix.
 */
export const SAMPLE_KINDS = ['ported', 'fragmented', 'prefix', 'miss', 'wrong-length'] as const;
export type SampleKind = (typeof SAMPLE_KINDS)[number];

/** Shares of the kinds: any numbers from 0, not all 0. A kind that is left out has none. */
export type SampleMix = Partial<Record<SampleKind, number>>;

export interface SampledNumber {
  identity: Identity;
  key: NumberKey;
  kind: SampleKind;
}

/** What is sampled from. */
export interface SampleSource {
  world: World;
  space: SubscriberSpace;
  porting: Porting;
  pools: Record<Identity, Pool>;
  expected(identity: Identity, key: NumberKey): unknown;
}

const MISS_DIGITS_MIN = 11;
const MISS_DIGITS_MAX = 13;

type Draw = (random: Random) => Omit<SampledNumber, 'kind'>;

/** A function that draws one number; it throws RangeError for a mix that cannot be drawn. */
export function createSampler(
  source: SampleSource,
): (random: Random, mix: SampleMix) => SampledNumber {
  const draws = drawsOf(source);
  return (random, mix) => {
    const kind = drawKind(random, mix);
    const draw = draws[kind];
    if (draw === undefined) throw new RangeError(`the population has no numbers of kind ${kind}`);
    return { ...draw(random), kind };
  };
}

function drawKind(random: Random, mix: SampleMix): SampleKind {
  let total = 0;
  for (const kind of SAMPLE_KINDS) total += mix[kind] ?? 0;
  if (!(total > 0)) throw new RangeError('a mix of numbers without shares');
  let rest = (random.uint32() / 2 ** 32) * total;
  let chosen: SampleKind | undefined;
  for (const kind of SAMPLE_KINDS) {
    const share = mix[kind] ?? 0;
    if (share <= 0) continue;
    chosen = kind;
    rest -= share;
    if (rest < 0) break;
  }
  return chosen!;
}

function drawsOf(source: SampleSource): Record<SampleKind, Draw | undefined> {
  const { porting, pools } = source;
  const hasPorted = porting.portedCount > 0;
  const hasRuns = pools.msisdn.runCount + pools.imsi.runCount > 0;
  const ported: Draw = (random) => ({
    identity: 'msisdn',
    key: porting.numberAt(random.below(porting.portedCount)),
  });
  const fragmented: Draw = (random) => drawFragmented(random, pools);
  const wrongLength: Draw = (random) => {
    const right = hasRuns && (!hasPorted || random.below(2) === 0) ? fragmented : ported;
    const { identity, key } = right(random);
    const longer = key * DECADE + random.below(DECADE);
    const keepLonger = longer <= KEY_MAX && random.below(2) === 0;
    return { identity, key: keepLonger ? longer : Math.floor(key / DECADE) };
  };
  return {
    ported: hasPorted ? ported : undefined,
    fragmented: hasRuns ? fragmented : undefined,
    prefix: createPrefixDraw(source),
    miss: (random) => drawMiss(random, source),
    'wrong-length': hasPorted || hasRuns ? wrongLength : undefined,
  };
}

/** A place in the cells until one is in its cell's run: about every second is. */
function drawFragmented(random: Random, { msisdn, imsi }: Record<Identity, Pool>) {
  for (;;) {
    const place = random.below(msisdn.cellNumbersTotal + imsi.cellNumbersTotal);
    const inMsisdn = place < msisdn.cellNumbersTotal;
    const pool = inMsisdn ? msisdn : imsi;
    const key = pool.cellNumberAt(inMsisdn ? place : place - msisdn.cellNumbersTotal);
    if (pool.runOf(key) !== undefined) return { identity: pool.identity, key };
  }
}

function createPrefixDraw({ world, space, porting }: SampleSource): Draw {
  const { imsi } = world;
  const spans = imsi.keys
    .map((_, prefix) => imsi.table.ownSpan(prefix, DIGITS_MAX))
    .filter((span) => span !== undefined);
  const homeCount = space.decadeCount * DECADE - porting.portedCount;
  return (random) => {
    if (homeCount > 0 && random.below(2) === 0) {
      return { identity: 'msisdn', key: porting.homeNumberAt(random.below(homeCount)) };
    }
    const span = spans[random.below(spans.length)]!;
    const half = Math.floor((span.to - span.from + 1) / 2);
    return { identity: 'imsi', key: span.from + random.below(half) };
  };
}

/** Random digits until nothing matches: prefixes cover a small part of the digits. */
function drawMiss(random: Random, { expected }: SampleSource) {
  for (;;) {
    const identity: Identity = random.below(2) === 0 ? 'msisdn' : 'imsi';
    const digits =
      identity === 'imsi'
        ? DIGITS_MAX
        : MISS_DIGITS_MIN + random.below(MISS_DIGITS_MAX - MISS_DIGITS_MIN + 1);
    const key = POWERS_OF_TEN[digits]! + random.below(POWERS_OF_TEN[digits]!);
    if (expected(identity, key) === undefined) return { identity, key };
  }
}
