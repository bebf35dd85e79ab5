// What somebody would put into an index who wants it to be large or slow: populations in which every
// entry costs as much as it can, each aimed at another part of the structure (../assembly/layout.ts).
//
// All entries follow from the seed and their position, so nothing is kept but the index.

import type { IndexChange } from '../number-index.ts';
import { hash32 } from './bench-draws.ts';

export interface Adversary {
  /** What it is called in tables. */
  readonly name: string;
  /** Most entries of this kind that there is room for. */
  readonly entriesMax: number;
  /** The change that sets the entry at a position, from 0 on; no two positions have the same entry. */
  entry(position: number): IndexChange;
}

/** Key of the first number with 15 digits that begins with 1. */
const FIRST_KEY = 1_100_000_000_000_000;
/** How many numbers are from there to the last key. */
const NUMBERS = 900_000_000_000_000;
const SEGMENT_NUMBERS = 2 ** 16;
const AREA_NUMBERS = 2 ** 24;
const NODE_NUMBERS = 2 ** 34;
const DIGITS = 15;
/** Numbers of a stretch that is full, or empty. */
const STRETCH = 512;
/** Numbers of a block, the only one of ten that has any, and how many of them are ported. */
const BLOCK_NUMBERS = 1000;
const BLOCK = BLOCK_NUMBERS / 2;
/** Numbers that stand together at the beginning of a segment. */
const CLUSTER = 64;
/** Runs inside of each other. */
const DEPTH = 1000;
/** Numbers from one nest of runs to the next: room for all of its ends, and for a number between. */
const NEST_NUMBERS = 2 * DEPTH + 2;
const FEW_ROUTES = 64;
const MANY_ROUTES = 65_536;

/** @param seed 0 to 2³² − 1. */
export function createAdversaries(seed: number): Adversary[] {
  const routeKey = hash32(seed, 20);
  const userKey = hash32(seed, 21);
  const placeKey = hash32(seed, 22);
  const routeAt = (position: number, routes: number) => hash32(routeKey, position) % routes;

  const ported = (
    name: string,
    placeOf: (position: number) => number,
    { routes = FEW_ROUTES, hasUserData = false, entriesMax = Number.MAX_SAFE_INTEGER } = {},
  ): Adversary => ({
    name,
    entriesMax,
    entry(position) {
      const from = FIRST_KEY + placeOf(position);
      const change: IndexChange = {
        entry: 'ported',
        from,
        to: from,
        route: routeAt(position, routes),
      };
      if (!hasUserData) return change;
      const userData = hash32(userKey, position) * 2 ** 16 + (hash32(userKey, from) >>> 16);
      return { ...change, userData };
    },
  });
  const every = (numbers: number) => (position: number) => position * numbers;
  /** One in ten, each anywhere in its ten. */
  const scattered = (position: number): number => position * 10 + (hash32(placeKey, position) % 10);
  const fragmented = (
    name: string,
    rangeOf: (position: number) => [number, number],
  ): Adversary => ({
    name,
    entriesMax: Number.MAX_SAFE_INTEGER,
    entry(position) {
      const [from, to] = rangeOf(position);
      return {
        entry: 'fragmented',
        from: FIRST_KEY + from,
        to: FIRST_KEY + to,
        route: routeAt(position, FEW_ROUTES),
      };
    },
  });

  return [
    ported('onePerSegment', every(SEGMENT_NUMBERS)),
    ported('onePerArea', every(AREA_NUMBERS)),
    ported('onePerNode', every(NODE_NUMBERS), { entriesMax: Math.floor(NUMBERS / NODE_NUMBERS) }),
    ported('manyRoutes', scattered, { routes: MANY_ROUTES }),
    ported('userData', scattered, { hasUserData: true }),
    ported('manyRoutesSparse', every(1024), { routes: MANY_ROUTES, hasUserData: true }),
    ported('stretches', (at) => Math.floor(at / STRETCH) * 2 * STRETCH + (at % STRETCH)),
    ported(
      'blocks',
      (at) =>
        Math.floor(at / BLOCK) * 10 * BLOCK_NUMBERS + 2 * (at % BLOCK) + (hash32(placeKey, at) % 2),
    ),
    ported('clusters', (at) => Math.floor(at / CLUSTER) * SEGMENT_NUMBERS + (at % CLUSTER)),
    fragmented('runsOfOneInTwo', (at) => {
      const from = Math.floor(at / 2) * 4;
      return at % 2 === 0 ? [from, from + 1] : [from, from];
    }),
    fragmented('runsDeep', (at) => {
      const from = Math.floor(at / DEPTH) * NEST_NUMBERS;
      const depth = at % DEPTH;
      return [from + depth, from + NEST_NUMBERS - 2 - depth];
    }),
    fragmented('runsFarApart', (at) => [at * AREA_NUMBERS, at * AREA_NUMBERS + 1]),
    {
      name: 'prefixOfEveryLength',
      // Numbers differ in each place; with as many as this the short prefixes are all taken.
      entriesMax: 10_000_000,
      entry: (position) => prefixChange(prefixAt(position), routeAt(position, FEW_ROUTES)),
    },
  ];
}

function prefixChange(key: number, route: number): IndexChange {
  return { entry: 'prefix', from: key, to: key, route };
}

/**
 * All prefixes from some length on of one number after the other. The numbers begin with the digits of
 * their own count backwards, so that they part as early as they can: the n-th has as many prefixes that
 * no earlier number has as there are digits behind those.
 */
function prefixAt(position: number): number {
  let left = position;
  // There are 10 prefixes of one digit; from each on, one chain down to the longest.
  for (let digits = 1, chains = 10; ; digits++, chains = 9 * 10 ** (digits - 1)) {
    const lengths = DIGITS - digits + 1;
    if (left < chains * lengths) {
      return chainPrefix(digits, Math.floor(left / lengths), digits + (left % lengths));
    }
    left -= chains * lengths;
  }
}

/** The first `length` digits of a chain that begins with `digits` of its own; all others are 0. */
function chainPrefix(digits: number, chain: number, length: number): number {
  // A chain that goes on with 0 is the shorter one's own, so the last of the digits is 1 to 9.
  const head = digits === 1 ? chain : Math.floor(chain / 9) * 10 + 1 + (chain % 9);
  return 10 ** length + head * 10 ** (length - digits);
}
