// How much of a processor's core a thread has. Where a core has two hardware threads, and somebody else runs on
// the other one, what waits for memory takes as long as ever, and what does not takes up to twice as long. No
// counter of the system tells that in a virtual machine, so it is measured: by instructions that neither wait for
// memory nor for each other, of which a core that one thread has alone does about six in a cycle.
//
// The loop is a module of its own, assembled here by hand, as that of bench-ceiling.ts is.

import { I32, sized, WASM_HEADER } from './bench-assembly.ts';

/** Variables of the loop, none of which waits for another. */
const LANES = 8;
const ROUNDS = 50_000;
/** Of the highest rate that the process has seen. */
const WHOLE_SHARE = 0.92;

// Locals: 0 rounds that are left, 1 to 8 the lanes. Each round: lane = (lane + rounds) ^ its number.
const lane = (local: number): number[] => [
  ...[0x20, local], //  local.get: the lane
  ...[0x20, 0x00], //   local.get 0
  0x6a, //              i32.add
  ...[0x41, local], //  i32.const
  0x73, //              i32.xor
  ...[0x21, local], //  local.set: the lane
];
const lanes = Array.from({ length: LANES }, (_, at) => at + 1);
const loopBody = [
  ...[0x01, LANES, I32], //  one group of locals
  ...[0x03, 0x40], //        loop
  ...lanes.flatMap(lane),
  ...[0x20, 0x00], //          local.get 0
  ...[0x41, 0x01], //          i32.const 1
  0x6b, //                     i32.sub
  ...[0x22, 0x00], //          local.tee 0
  ...[0x0d, 0x00], //          br_if 0: round again
  0x0b, //                   end
  ...[0x20, 0x01], //        local.get 1
  ...lanes.slice(1).flatMap((local) => [0x20, local, 0x73]), // local.get, i32.xor
  0x0b, //                   end
];

const coreModule = Uint8Array.from([
  ...WASM_HEADER,
  // Type 0: (i32 rounds) → i32.
  ...[0x01, ...sized([1, 0x60, 1, I32, 1, I32])],
  // Function 0 is of type 0, and exported as "f".
  ...[0x03, ...sized([1, 0])],
  ...[0x07, ...sized([1, 1, 0x66, 0x00, 0])],
  ...[0x0a, ...sized([1, ...sized(loopBody)])],
]);

export interface CoreMeter {
  /** Instructions a second that the core does for this thread now; takes a tenth of a millisecond. */
  rate(): number;
  /** Whether a rate is that of a whole core: near the highest that was ever told. */
  isWhole(rate: number): boolean;
}

export function createCoreMeter(): CoreMeter {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(coreModule), {});
  const work = exports.f as (rounds: number) => number;
  let highest = 0;
  return {
    rate() {
      const startedMs = performance.now();
      work(ROUNDS);
      const rate = (ROUNDS * LANES * 2 * 1000) / (performance.now() - startedMs);
      highest = Math.max(highest, rate);
      return rate;
    },
    isWhole: (rate) => rate >= WHOLE_SHARE * highest,
  };
}
