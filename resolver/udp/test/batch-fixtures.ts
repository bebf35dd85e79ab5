// What the tests of the UDP batch protocol share: the specification's examples, a reader that knows
// a few numbers, seeded randomness.

import { readFileSync } from 'node:fs';
import type { IndexReader } from '../../../wasm/number-index.ts';

/** The examples of docs/udp-batch-protocol.md by name: fenced blocks that begin with "hex NAME". */
export function readExamples(): Map<string, Uint8Array> {
  // Compiled tests lie one folder deeper, below dist/.
  const file = new URL('../../../../docs/udp-batch-protocol.md', import.meta.url);
  const blocks = readFileSync(file, 'utf8').matchAll(/^```hex (\S+)\n([0-9a-f \n]+)```$/gm);
  return new Map(
    Array.from(blocks, ([, name, hex]) => [
      name!,
      new Uint8Array(Buffer.from(hex!.replace(/\s/g, ''), 'hex')),
    ]),
  );
}

/** The answer of the index for a match, in the bit layout of wasm/number-index.ts. */
export function answerOf(kind: 0 | 1 | 2 | 3, length: number, route: number): number {
  return ((kind << 30) | (length << 26) | route) >>> 0;
}

/** A reader that knows the given numbers and nothing else. */
export function readerOfAnswers(answerByKey: ReadonlyMap<number, number>): IndexReader {
  return {
    batchMax: 128,
    lookup(keys, answers, count) {
      for (let index = 0; index < count; index++)
        answers[index] = answerByKey.get(keys[index]!) ?? 0;
    },
    lookupNames() {
      throw new Error('the batch protocol has no names');
    },
    find: () => undefined,
    explain: () => [],
    explainWithin: () => ({ entries: [], runsLeftOut: 0 }),
    hasBelow: () => false,
    label: () => new Uint8Array(0),
  };
}

/** The seed of this run: BCHF_TEST_SEED, or a new one, printed so that the run can be repeated. */
export function seedOfRun(): number {
  const seed = Number(process.env.BCHF_TEST_SEED ?? Date.now() % 2 ** 31);
  console.log(`BCHF_TEST_SEED=${seed}`);
  return seed;
}
