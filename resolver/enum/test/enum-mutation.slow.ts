// A million mutated packets through both answerers: the same bytes, the same counts, no memory kept.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMutationComparison } from './enum-subject.ts';
import { printedSeed } from './fixture.ts';

const PACKETS = 1_000_000;
/** What the engine takes and gives back meanwhile is less: 3 MB were seen. */
const GROWN_BYTES_MAX = 32 << 20;

test('a million mutated packets get the same answers from Wasm and TypeScript', () => {
  const compare = createMutationComparison(printedSeed());
  compare(PACKETS / 10);
  const before = process.memoryUsage().rss;
  compare(PACKETS);
  const grown = process.memoryUsage().rss - before;
  process.stdout.write(`resident memory grew by ${grown} bytes\n`);
  assert.ok(grown < GROWN_BYTES_MAX, `${grown} bytes more`);
});
