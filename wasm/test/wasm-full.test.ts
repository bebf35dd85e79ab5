// Batches that run out of memory at every place where they can. The room that is left is set word by
// word, so that each allocation of a batch is once the one that fails; afterwards the index must be
// what it was, have lost no memory, and take further batches as the reference does.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type IndexChange, IndexError } from '../number-index.ts';
import { ReferenceIndex } from '../reference-index.ts';
import { loadImage } from '../wasm-image.ts';
import { createWasmIndex, type WasmIndex } from '../wasm-index.ts';
import { MEMORY_PAGES_MIN, PAGE_BYTES } from '../wasm-module.ts';
import { ported, prefix, run } from './changes.ts';
import { areaCounts, setRoom, settle, usedBytes } from './memory-inspection.ts';
import { Random, runSeed } from './random.ts';

const memoryBytesMax = MEMORY_PAGES_MIN * PAGE_BYTES;
const FIRST_KEY = 18613912340;
const ROOM_BYTES_MAX = 1 << 16;
const LINE_BYTES = 64;

/** Entries at 60 places: numbers, prefixes and runs, next to and inside each other. */
function randomChange(random: Random, deletes: number): IndexChange {
  const key = FIRST_KEY + random.below(60);
  const route = random.chance(deletes) ? null : random.below(1000);
  const kind = random.below(4);
  if (kind === 0) return prefix(random.pick([key, Math.floor(key / 10), key * 100]), route);
  if (kind === 1) return run(key - (key % 5), key - (key % 5) + random.below(2) * 4, route);
  return ported(random.pick([key, key, key * 10, key * 1000 + random.below(3)]), route);
}

function randomBatch(random: Random, count: number, deletes: number): IndexChange[] {
  return Array.from({ length: count }, () => randomChange(random, deletes));
}

/** Applies a batch; false where the memory is full. */
function applied(index: WasmIndex, changes: readonly IndexChange[]): boolean {
  try {
    index.apply(changes);
    return true;
  } catch (error) {
    assert.ok(error instanceof IndexError);
    assert.equal(error.code, 'BCHF_INDEX_FULL');
    return false;
  }
}

function compare(index: WasmIndex, reference: ReferenceIndex): void {
  assert.deepEqual([...index.entries()], [...reference.entries()]);
  assert.deepEqual(index.counts(), reference.counts());
}

const seed = runSeed();

/** What free blocks lose by being cut differently; 900 refused batches would leave much more behind. */
const CUT_BYTES = 8192;

describe(`Wasm index whose memory is full (BCHF_TEST_SEED=${seed})`, () => {
  const batches = [
    { name: 'sets', count: 12, deletes: 0.1 },
    { name: 'deletes', count: 40, deletes: 0.9 },
    { name: 'does both', count: 25, deletes: 0.5 },
  ];
  for (const { name, count, deletes } of batches) {
    for (const build of ['debug', 'release'] as const) {
      it(`is as it was, wherever a batch that ${name} failed, ${build}`, () => {
        const random = new Random(seed);
        const start = randomBatch(random, 80, 0.2);
        // A batch that sets nothing might use the reserve.
        const batch = [...randomBatch(random, count, deletes), ported(FIRST_KEY + 30, 7)];
        const made = createWasmIndex({ memoryBytesMax, build });
        made.apply(start);
        const image = Buffer.concat([...made.imageChunks()]);
        let refusals = 0;
        let roomBytes = 0;
        for (let isThrough = false; !isThrough; roomBytes += 4) {
          assert.ok(roomBytes < ROOM_BYTES_MAX);
          const reference = new ReferenceIndex();
          reference.apply(start);
          const index = loadImage(image, { memoryBytesMax, build });
          setRoom(index.memory, roomBytes);
          const usedBytesBefore = usedBytes(index.memory);
          isThrough = applied(index, batch);
          if (isThrough) reference.apply(batch);
          else {
            refusals++;
            // A line that was made for numbers to come stays, and nothing else.
            const taken = usedBytes(index.memory) - usedBytesBefore;
            assert.ok(taken >= 0 && taken <= count * LINE_BYTES && taken % LINE_BYTES === 0);
          }
          compare(index, reference);
          for (let more = 0; more < 4; more++) {
            const next = randomBatch(random, 1 + random.below(6), 0.6);
            if (applied(index, next)) reference.apply(next);
            compare(index, reference);
          }
        }
        assert.ok(refusals > 10);
      });
    }
  }

  const fillings: { name: string; change: (random: Random, route: number) => IndexChange }[] = [
    {
      name: 'ported numbers close together',
      change: (random, route) => ported(FIRST_KEY * 1000 + random.below(3_000_000), route),
    },
    {
      name: 'ported numbers far apart, with user data',
      change: (random, route) => ({
        ...ported(FIRST_KEY * 1000 + random.below(1_000_000) * 7001, route),
        userData: route,
      }),
    },
    {
      name: 'runs',
      change: (random, route) => {
        const from = FIRST_KEY * 100 + random.below(100_000) * 100;
        return run(from, from + 9 + random.below(90), route);
      },
    },
    { name: 'prefixes', change: (random, route) => prefix(FIRST_KEY + random.below(1e6), route) },
  ];
  for (const { name, change } of fillings) {
    it(`lets go of ${name}, and of all of them`, () => {
      const random = new Random(seed);
      const index = createWasmIndex({ memoryBytesMax: 7 << 20 });
      const held = new Map<number, IndexChange>();
      const set = (): boolean => {
        const batch = Array.from({ length: 500 }, () => change(random, random.below(1000)))
          .filter(({ from }) => !held.has(from))
          .filter(({ from }, at, all) => all.findIndex((other) => other.from === from) === at);
        if (!applied(index, batch)) return false;
        for (const one of batch) held.set(one.from, one);
        return true;
      };
      while (set()) {}
      const most = held.size;
      // A batch that changes nothing is not refused, nor one that deletes.
      const label = Uint8Array.of(7);
      index.apply([], label);
      assert.deepEqual(index.label(), label);
      const changes = [...held.values()];
      while (changes.length > 0) {
        const some = changes.splice(0, 1 + random.below(400));
        index.apply(some.map(({ userData: _, ...one }) => ({ ...one, route: null })));
        for (const { from } of some) held.delete(from);
        if (random.below(10) === 0) set();
      }
      for (const one of held.values()) index.apply([{ ...one, route: null }]);
      assert.deepEqual(index.counts(), { prefix: 0, fragmented: 0, ported: 0 });
      held.clear();
      settle(index);
      while (set()) {}
      // Some fewer than at first: what is large needs its memory in one piece.
      assert.ok(held.size > most / 20, `${held.size} entries fit, and ${most} before`);
    });
  }

  for (const kind of ['sparse', 'dense'] as const) {
    it(`takes hardly more memory after 1,000 refused batches than after 100, ${kind} areas`, () => {
      const count = kind === 'dense' ? 40_000 : 500;
      const first = 11_000 * 2 ** 24;
      const index = createWasmIndex({ memoryBytesMax: 32 << 20 });
      index.apply(Array.from({ length: count }, (_, at) => ported(first + at * 300, at % 50)));
      index.apply([run(first, first + 99, 1), prefix(1184, 2)]);
      settle(index);
      const areas = areaCounts(index.memory);
      assert.equal(areas.dense, kind === 'dense' ? 1 : 0);
      const before = [...index.entries()];
      // More than there is room for, whatever is left of it.
      setRoom(index.memory, 0);
      const refused = (): void => {
        const batch = [
          ported(first + 150, 60),
          ported(first + 300, null),
          run(first, first + 99, null),
          prefix(118, 5),
          ...Array.from({ length: 2000 }, (_, at) => ported(first + 2 ** 25 + at, 7)),
        ];
        assert.equal(applied(index, batch), false);
      };
      index.memory.grow(Math.floor(((32 << 20) - index.memory.buffer.byteLength) / PAGE_BYTES));
      for (const roomBytes of [0, 400, 1600, 3200, 6400]) {
        setRoom(index.memory, roomBytes);
        for (let batch = 0; batch < 100; batch++) refused();
        const usedAfter100 = usedBytes(index.memory);
        for (let batch = 0; batch < 900; batch++) refused();
        assert.ok(
          usedBytes(index.memory) <= usedAfter100 + CUT_BYTES,
          `${usedBytes(index.memory)} bytes are used, ${usedAfter100} were, with ${roomBytes} bytes of room`,
        );
        assert.deepEqual([...index.entries()], before);
      }
    });
  }
});
