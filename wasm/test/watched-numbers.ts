// The numbers that the concurrency test watches. What each of them is answered follows from the
// number of the version alone, so a reader knows every answer of a batch once it has seen one: an
// answer of another version, or of none, is a torn read.
//
// The numbers lie so that one batch changes many places at once: dense in one segment, sparse, in
// other segments of 2^16 and areas of 2^24 keys, in runs and below prefixes; some come and go, some
// move, and a run shifts by one number with each version.

import { lengthOfKey } from '../key.ts';
import { type IndexChange, ROUTES_MAX } from '../number-index.ts';
import { ported, prefix, run } from './changes.ts';

/** Versions go from 1 to this; each is the route of what it sets. */
export const VERSION_MAX = ROUTES_MAX - 1;

const KIND = { prefix: 1, fragmented: 2, ported: 3 } as const;
const SEGMENT = 2 ** 16;
const AREA = 2 ** 24;
const DENSE_FIRST = 18613912340000;
const STEADY = [
  ...Array.from({ length: 150 }, (_, at) => DENSE_FIRST + at * 2),
  ...Array.from({ length: 50 }, (_, at) => 14917000000007 + at * 99_999_989),
  ...Array.from({ length: 12 }, (_, at) => DENSE_FIRST + (at + 1) * SEGMENT),
  ...Array.from({ length: 12 }, (_, at) => DENSE_FIRST + (at + 1) * AREA),
];

/** Runs that stay, the longest over several segments, and runs inside each other. */
const RUNS: readonly (readonly [number, number])[] = [
  ...Array.from({ length: 20 }, (_, at) => {
    const first = 18613950000000 + at * 1000;
    return [first, first + at * 17] as const;
  }),
  [18614000000000, 18614000000000 + 3 * SEGMENT],
  [18614000010000, 18614000090000],
  [18614000020000, 18614000020000],
  [18620000000000, 18620000000000 + 2 * AREA],
];
const PREFIXES = Array.from({ length: 30 }, (_, at) => 18800 + at);

/** Of these exactly as many exist as the version says, which ones changes with it too. */
const CROWD = Array.from({ length: 60 }, (_, at) => DENSE_FIRST + 401 + at * 2);
/** Of each pair exactly one exists: a line, a segment, an area or a world apart. */
const PAIR_DISTANCES = [64, 250, 1000, SEGMENT, AREA, 10 ** 10];
const PAIRS = Array.from({ length: 24 }, (_, at) => {
  const even = DENSE_FIRST + 601 + at * 2;
  return [even, even + PAIR_DISTANCES[at % PAIR_DISTANCES.length]!] as const;
});
const SHIFTING_FIRST = 18613960000000;
const SHIFTING_NUMBERS = 50;
const SHIFT_MAX = 150;

/** The keys to look up, in one batch. The first of them exists in every version. */
export const WATCHED_KEYS: readonly number[] = [
  ...STEADY,
  ...RUNS.flat(),
  ...PREFIXES.map((key) => key * 1000),
  ...CROWD,
  ...PAIRS.flat(),
  ...Array.from({ length: SHIFT_MAX + SHIFTING_NUMBERS }, (_, at) => SHIFTING_FIRST + at),
];

/** Below a prefix, inside three runs and ported: `explain` meets all kinds of entries. */
export const EXPLAINED_KEY = 18614000020000;
export const EXPLAINED_ENTRIES = 5;
/** Numbers that nobody watches lie from here on, side by side with those of the dense block. */
export const OTHERS_FIRST = DENSE_FIRST;
export const OTHERS_NUMBERS = 2000;
const WATCHED = new Set(WATCHED_KEYS);

export function isWatched(key: number): boolean {
  return WATCHED.has(key);
}

const LABEL_WORDS = 16;

/** The label of a version: its number again and again, so that a label torn between two shows. */
export function labelOfVersion(version: number): Uint8Array {
  return new Uint8Array(new Uint32Array(LABEL_WORDS).fill(version).buffer);
}

/** Throws an Error where the label is none, or torn. */
export function versionOfLabel(label: Uint8Array): number {
  const words = new Uint32Array(label.slice().buffer);
  if (words.length !== LABEL_WORDS || words.some((word) => word !== words[0])) {
    throw new Error(`torn label: ${words.join(' ')}`);
  }
  return words[0]!;
}

function isInCrowd(version: number, place: number): boolean {
  const count = version % (CROWD.length + 1);
  return (place + version * 7) % CROWD.length < count;
}

function shiftOf(version: number): number {
  return version % SHIFT_MAX;
}

function shiftingRun(version: number, route: number | null): IndexChange {
  const from = SHIFTING_FIRST + shiftOf(version);
  return run(from, from + SHIFTING_NUMBERS - 1, route);
}

/** The changes that make a version of the one before it. */
export function changesTo(version: number): IndexChange[] {
  return [
    ...STEADY.map((key) => ported(key, version)),
    ported(EXPLAINED_KEY, version),
    prefix(18614, version),
    ...RUNS.map(([from, to]) => run(from, to, version)),
    ...PREFIXES.map((key) => prefix(key, version)),
    ...CROWD.map((key, place) => ported(key, isInCrowd(version, place) ? version : null)),
    ...PAIRS.flatMap(([even, odd]) => [
      ported(even, version % 2 === 0 ? version : null),
      ported(odd, version % 2 === 0 ? null : version),
    ]),
    shiftingRun(version - 1, null),
    shiftingRun(version, version),
  ];
}

/** The answers to WATCHED_KEYS in a version. */
export function expectedAnswers(version: number): Uint32Array {
  const answer = (kind: keyof typeof KIND, key: number): number =>
    KIND[kind] * 2 ** 30 + lengthOfKey(key) * 2 ** 26 + version;
  const shifted = shiftOf(version);
  return Uint32Array.from([
    ...STEADY.map((key) => answer('ported', key)),
    ...RUNS.flat().map((key) => answer(key === EXPLAINED_KEY ? 'ported' : 'fragmented', key)),
    ...PREFIXES.map((key) => answer('prefix', key)),
    ...CROWD.map((key, place) => (isInCrowd(version, place) ? answer('ported', key) : 0)),
    ...PAIRS.flatMap(([even, odd]) =>
      version % 2 === 0 ? [answer('ported', even), 0] : [0, answer('ported', odd)],
    ),
    ...Array.from({ length: SHIFT_MAX + SHIFTING_NUMBERS }, (_, at) => {
      const isInRun = at >= shifted && at < shifted + SHIFTING_NUMBERS;
      return isInRun ? answer('fragmented', SHIFTING_FIRST + at) : 0;
    }),
  ]);
}
