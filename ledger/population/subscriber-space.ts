// The subscribers' numbers: one block of consecutive numbers at the low end of each prefix's own
// numbers, and all blocks in a row as positions. Who of them has moved is in porting.ts.
//
// The unit is the decade: ten numbers that differ in the last digit. Blocks begin and end on whole
// decades, and a block has at most half of a prefix's own numbers, so that the upper half is free
// for the pool. Shares go by the square root of a prefix's capacity: large prefixes get more, and
// the small ones of small countries are not lost beside China's.
//
//     decades   0 … 12 │ 13 … 40 │ 41 … │        │
//     blocks    35840…  │ 35844…  │ 861…  … │ 290… │
//               └─ countries with several members ─┘└─ the others, whose numbers stay ─┘

import type { NumberKey } from '../number.ts';
import { lastNotAbove } from './prefix-table.ts';
import type { PrefixPlan } from './world.ts';

export const DECADE = 10;

/** The blocks of one country, `firstBlock` to `endBlock` − 1, in ascending order of numbers. */
export interface CountryBlocks {
  country: string;
  firstBlock: number;
  endBlock: number;
}

export interface SubscriberSpace {
  decadeCount: number;
  /** Decades 0 to this − 1 are of countries with several members. */
  portableDecadeCount: number;
  /** The countries whose numbers may be ported. */
  portableCountries: CountryBlocks[];
  blockCount: number;
  /** First decade of a block; `blockStart[blockCount]` is the number of decades. */
  blockStart: Float64Array;
  /** First number of a block; it ends in 0. */
  blockFrom: Float64Array;
  /** Prefix of a block, a position in the plan. */
  blockPrefix: Int32Array;
  blockOfDecade(decade: number): number;
  /** The decade of a number whose longest prefix is known, −1 where it is no subscriber's. */
  decadeOf(key: NumberKey, prefix: number): number;
}

/** A prefix with room for subscribers. */
interface Room {
  prefix: number;
  from: NumberKey;
  decadesMax: number;
  portable: boolean;
}

/**
 * Spreads decades over a plan's prefixes. Throws RangeError where the world has not as many.
 *
 * @param portable Whether the numbers of a country may be ported.
 */
export function createSubscriberSpace(
  plan: PrefixPlan,
  decadesWanted: number,
  portable: (country: string) => boolean,
): SubscriberSpace {
  const rooms = roomsOf(plan, portable);
  const decades = shareOut(rooms, decadesWanted);
  const blocks = rooms
    .map((room, at) => ({ ...room, decades: decades[at]! }))
    .filter((block) => block.decades > 0);
  const blockCount = blocks.length;
  const blockStart = new Float64Array(blockCount + 1);
  const blockOfPrefix = new Int32Array(plan.keys.length).fill(-1);
  const portableCountries: CountryBlocks[] = [];
  let portableDecadeCount = 0;
  blocks.forEach((block, at) => {
    blockStart[at + 1] = blockStart[at]! + block.decades;
    blockOfPrefix[block.prefix] = at;
    if (!block.portable) return;
    portableDecadeCount = blockStart[at + 1]!;
    const country = plan.country[block.prefix]!;
    const current = portableCountries.at(-1);
    if (current?.country === country) current.endBlock = at + 1;
    else portableCountries.push({ country, firstBlock: at, endBlock: at + 1 });
  });
  const blockFrom = Float64Array.from(blocks, (block) => block.from);
  const blockPrefix = Int32Array.from(blocks, (block) => block.prefix);

  const decadeOf = (key: NumberKey, prefix: number) => {
    const block = blockOfPrefix[prefix]!;
    if (block < 0) return -1;
    const within = Math.floor((key - blockFrom[block]!) / DECADE);
    const decade = blockStart[block]! + within;
    return within >= 0 && decade < blockStart[block + 1]! ? decade : -1;
  };

  return {
    decadeCount: blockStart[blockCount]!,
    portableDecadeCount,
    portableCountries,
    blockCount,
    blockStart,
    blockFrom,
    blockPrefix,
    blockOfDecade: (decade) => lastNotAbove(blockStart, decade),
    decadeOf,
  };
}

/** Portable countries first; a country's rooms together, in ascending order of numbers. */
function roomsOf(plan: PrefixPlan, portable: (country: string) => boolean): Room[] {
  const rooms: Room[] = [];
  plan.keys.forEach((_, prefix) => {
    const span = plan.table.ownSpan(prefix, plan.digits[prefix]!);
    if (span === undefined) return;
    const from = Math.ceil(span.from / DECADE) * DECADE;
    const decadesMax = Math.floor((span.to + 1 - from) / DECADE / 2);
    if (decadesMax < 1) return;
    rooms.push({ prefix, from, decadesMax, portable: portable(plan.country[prefix]!) });
  });
  const compareText = (one: string, other: string) => (one < other ? -1 : one > other ? 1 : 0);
  return rooms.sort(
    (one, other) =>
      Number(other.portable) - Number(one.portable) ||
      compareText(plan.country[one.prefix]!, plan.country[other.prefix]!) ||
      one.from - other.from,
  );
}

/**
 * Whole decades for each room, in proportion to the square root of its capacity and never above it:
 * what a full room cannot take, the others share.
 */
function shareOut(rooms: readonly Room[], wanted: number): Float64Array {
  const capacity = rooms.reduce((sum, room) => sum + room.decadesMax, 0);
  if (wanted > capacity) {
    throw new RangeError(`${wanted * DECADE} subscribers, but room for ${capacity * DECADE}`);
  }
  const weights = rooms.map((room) => Math.sqrt(room.decadesMax));
  const level = waterLevel(rooms, weights, wanted);
  const shares = new Float64Array(rooms.length);
  let quota = 0;
  let given = 0;
  rooms.forEach((room, at) => {
    quota += Math.min(room.decadesMax, weights[at]! * level);
    shares[at] = Math.min(room.decadesMax, Math.max(0, Math.round(quota) - given));
    given += shares[at]!;
  });
  return shares;
}

/** The factor at which weights, cut at the rooms' capacities, add up to the wanted decades. */
function waterLevel(rooms: readonly Room[], weights: readonly number[], wanted: number): number {
  const byFilling = rooms.map((room, at) => ({
    full: room.decadesMax / weights[at]!,
    decadesMax: room.decadesMax,
    weight: weights[at]!,
  }));
  byFilling.sort((one, other) => one.full - other.full);
  let rest = wanted;
  let weightLeft = weights.reduce((sum, weight) => sum + weight, 0);
  for (const room of byFilling) {
    if (room.full * weightLeft >= rest) break;
    rest -= room.decadesMax;
    weightLeft -= room.weight;
  }
  return weightLeft > 0 ? rest / weightLeft : Number.POSITIVE_INFINITY;
}
