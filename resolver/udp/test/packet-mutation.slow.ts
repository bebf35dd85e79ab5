// A million mutated packets for each parser, in Wasm and in TypeScript, compared answer by answer.

import { test } from 'node:test';
import { seedOfRun } from './batch-fixtures.ts';
import { compareParsers } from './packet-comparison.ts';

const PACKETS = 1_000_000;

for (const build of ['debug', 'release'] as const) {
  test(`${PACKETS} mutated packets of each protocol: both parsers agree, ${build} build`, () => {
    compareParsers(build, seedOfRun(), PACKETS);
  });
}
