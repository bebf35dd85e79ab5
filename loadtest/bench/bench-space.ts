// What the UDP benches share of their set-up: the numbers, their options, and how a run is told.

import { createRandom } from '../../ledger/population/random.ts';
import { PortedSpace } from '../../resolver/test/interop/ported-space.ts';
import { loadSystemCalls, type SystemCalls } from '../../resolver/udp/system-calls.ts';
import type { BenchOption } from '../../wasm/bench/bench-report.ts';

/** One number in so many is ported. */
export const ONE_IN = 10;
const ROUTES = 64;
/** Digits behind the prefix that the bars are set for: ten million numbers, a million of them ported. */
export const DIGITS_FULL = 7;

/** Options that every UDP bench has, but for what is under way. */
export const SPACE_OPTIONS = {
  digits: { what: 'the space is ten to this power', full: DIGITS_FULL, quick: 4, min: 3, max: 8 },
  milliseconds: { what: 'of each measurement', full: 1_500, quick: 300, min: 100, max: 60_000 },
} as const satisfies Record<string, BenchOption>;

/** Of benches that ask for one number in a packet. */
export const QUERY_OPTIONS = {
  packets: {
    what: 'different queries',
    full: 1_000_000,
    quick: 5_000,
    min: 1_000,
    max: 4_000_000,
  },
  window: { what: 'queries under way', full: 192, quick: 64, min: 1, max: 8_192 },
} as const satisfies Record<string, BenchOption>;

export interface BenchSpace {
  calls: SystemCalls;
  space: PortedSpace;
  /** Offsets in the space of what is asked for, drawn uniformly. */
  offsets: Uint32Array;
}

/** Throws where the generator cannot make its system calls. */
export function openSpace(digits: number, asked: number, seed: number): BenchSpace {
  const calls = loadSystemCalls();
  if (calls === undefined) throw new Error('the generator needs recvmmsg: 64-bit Linux and koffi');
  const options = { prefix: '35840', suffixDigits: digits, oneIn: ONE_IN, routes: ROUTES, seed };
  const space = new PortedSpace(options);
  const random = createRandom(seed);
  return {
    calls,
    space,
    offsets: Uint32Array.from({ length: asked }, () => random.below(space.size)),
  };
}

/** The lines above the table. */
export function notesOf(
  { space }: BenchSpace,
  {
    what,
    asked,
    underWay,
    absent,
  }: { what: string; asked: string; underWay: string; absent: string[] },
): string[] {
  return [
    `${space.size.toLocaleString('en-US')} numbers, one in ${ONE_IN} of them ${what}; ${asked}, drawn uniformly`,
    `each server on one core, the generator on another; ${underWay} under way`,
    ...absent.map((reason) => `not measured: ${reason}`),
  ];
}

/** Says that bars are not judged, unless the run is of the size that they are set for. */
export function unjudgedUnless(isFull: boolean): { unjudged?: string } {
  return isFull ? {} : { unjudged: 'not of the size that the bars are set for' };
}
