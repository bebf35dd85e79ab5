// The ceiling of every index: how many independent random loads of 8 bytes the machine makes in a
// second from the very memory that the index lies in.
//
// Whatever its structure, an index too large for the caches pays at least one such load a lookup. The
// loop runs in Wasm over the index's own memory, so that both sides of the ratio have the same pages,
// the same compiler and the same way in: batches laid into a scratch area, one call for each.
//
// The loop is a module of its own, assembled here by hand, because it is eleven instructions long and
// the index's module is to have nothing in it that only a bench calls.
//
// Source: WebAssembly Core Specification 2.0, section 5 (binary format), and the threads proposal for
// the limits of a shared memory.

import { I32, sized, WASM_HEADER } from './bench-assembly.ts';

/** Sums the 8-byte words at the first `count` addresses in the scratch area; at least one. */
export type LoadBatch = (count: number) => bigint;

const I64 = 0x7e;
/** 65,536 pages as unsigned LEB128: at least the maximum of any memory that is imported. */
const PAGES_MAX = [0x80, 0x80, 0x04];

function text(name: string): number[] {
  return sized([...Buffer.from(name)]);
}

// Locals: 0 next place in the scratch area, 1 end of the scratch area in use, 2 sum.
const loadsBody: readonly number[] = [
  ...[0x01, 0x01, I64], //        one group of locals: one i64
  ...[0x03, 0x40], //             loop
  ...[0x20, 0x02], //               local.get 2
  ...[0x20, 0x00], //               local.get 0
  ...[0x28, 0x02, 0x00], //         i32.load, aligned to 4: the address
  ...[0x29, 0x03, 0x00], //         i64.load, aligned to 8: the load that is measured
  0x7c, //                          i64.add
  ...[0x21, 0x02], //               local.set 2
  ...[0x20, 0x00], //               local.get 0
  ...[0x41, 0x04], //               i32.const 4
  0x6a, //                          i32.add
  ...[0x22, 0x00], //               local.tee 0
  ...[0x20, 0x01], //               local.get 1
  0x49, //                          i32.lt_u
  ...[0x0d, 0x00], //               br_if 0: round again
  0x0b, //                        end
  ...[0x20, 0x02], //             local.get 2
  0x0b, //                        end
];

const loadsModule = Uint8Array.from([
  ...WASM_HEADER,
  // Type 0: (i32 from, i32 to) → i64.
  0x01,
  ...sized([1, 0x60, 2, I32, I32, 1, I64]),
  // Import env.memory: kind 2 is a memory, flags 3 mean shared and with a maximum; 1 page at least.
  0x02,
  ...sized([1, ...text('env'), ...text('memory'), 0x02, 0x03, 1, ...PAGES_MAX]),
  // Function 0 is of type 0, and exported.
  0x03,
  ...sized([1, 0]),
  0x07,
  ...sized([1, ...text('loads'), 0x00, 0]),
  0x0a,
  ...sized([1, ...sized(loadsBody)]),
]);

/**
 * The loop over a shared memory. `scratch` is a view of that memory, which the caller fills with
 * addresses: multiples of 8, each at least 8 below the end of the memory. A `count` outside of 1 to
 * the scratch area's length is a RangeError.
 */
export function createLoadBatch(memory: WebAssembly.Memory, scratch: Uint32Array): LoadBatch {
  const instance = new WebAssembly.Instance(new WebAssembly.Module(loadsModule), {
    env: { memory },
  });
  const loads = instance.exports.loads as (from: number, to: number) => bigint;
  const from = scratch.byteOffset;
  return (count) => {
    if (!(Number.isInteger(count) && count >= 1 && count <= scratch.length)) {
      throw new RangeError(`a batch of ${count} loads, where 1 to ${scratch.length} are possible`);
    }
    return loads(from, from + count * 4);
  };
}
