// Numbers that only prefixes and runs cover, looked up side by side while the writer replaces and retires
// the nodes that they are on their way through: between two steps of the walkers of lookup-background.ts it
// publishes several versions, without threads. Other loops of a batch are in lookup-overtaken.test.ts.

import assert from 'node:assert/strict';
import { basename } from 'node:path';
import { before, describe, it } from 'node:test';
import type { IndexChange } from '../number-index.ts';
import { ReferenceIndex } from '../reference-index.ts';
import { createWasmIndex } from '../wasm-index.ts';
import { compileAssembly } from './assembly-build.ts';
import { prefix, run } from './changes.ts';
import { Random, runSeed } from './random.ts';

const memoryBytesMax = 64 << 20;
const FIRST = 18_600_000_000;
const SPAN = 1_000_000;
const KEYS = 512;
/** Enough for a tree of several levels. */
const RUNS = 2000;
const PREFIXES = 1000;
/** How many steps are overtaken, spread over all. */
const OVERTAKEN_STEPS = 8;

const SOURCE = `
  export { answerBatch } from './lookup';
  export { claimReader, enter, leave } from './epoch';
  export { READER_ANSWERS, READER_KEYS } from './layout';
`;

/** What walkers call with every step: to look at a node of the run tree, and to take a digit of the key. */
const STEPS: Readonly<Record<string, readonly string[]>> = {
  'run-node.ts': ['itemsOver', 'lastItemFrom'],
  'key.ts': ['digitOf'],
};

/** Makes each such function tell the host that it is called. */
function tellSteps(name: string, text: string): string {
  const steps = STEPS[basename(name)] ?? [];
  if (steps.length === 0) return text;
  const told = steps.reduce((before, step) => {
    const after = before.replace(
      new RegExp(`(?:@inline\\s+)?export function ${step}\\([^)]*\\): \\w+ \\{`),
      (head) => `${head} stepTaken();`,
    );
    assert.notEqual(after, before, `${name} has ${step}`);
    return after;
  }, text);
  return `${told}\n@external("env", "stepTaken") declare function stepTaken(): void;\n`;
}

interface Reading {
  claimReader(): number;
  enter(reader: number): number;
  leave(reader: number): void;
  answerBatch(reader: number, version: number, count: number): void;
  READER_KEYS: WebAssembly.Global;
  READER_ANSWERS: WebAssembly.Global;
}

const seed = runSeed();

describe(`Walkers that are overtaken by the writer (BCHF_TEST_SEED=${seed})`, () => {
  let module: WebAssembly.Module;
  before(async () => {
    module = await compileAssembly(SOURCE, tellSteps);
  });

  /** The answers of an index to keys while `batches` follow after a step; how many steps there were. */
  function lookUp(contents: Contents, keys: Float64Array, stepOvertaken: number) {
    const index = createWasmIndex({ memoryBytesMax });
    index.apply(contents.present);
    const { memory } = index;
    let steps = 0;
    const stepTaken = () => {
      if (steps++ === stepOvertaken) for (const batch of contents.next) index.apply(batch);
    };
    const instance = new WebAssembly.Instance(module, { env: { memory, stepTaken } });
    const reading = instance.exports as unknown as Reading;
    const reader = reading.claimReader();
    const columns = memory.buffer;
    new Float64Array(columns, reader + reading.READER_KEYS.value, keys.length).set(keys);
    reading.answerBatch(reader, reading.enter(reader), keys.length);
    const answers = new Uint32Array(columns, reader + reading.READER_ANSWERS.value, keys.length);
    reading.leave(reader);
    return { answers: answers.slice(), steps };
  }

  it('answer from the version that they entered, whatever is replaced between two steps', () => {
    const random = new Random(seed);
    const contents = drawContents(random);
    const reference = new ReferenceIndex();
    reference.apply(contents.present);
    const keys = Float64Array.from({ length: KEYS }, () => FIRST + random.below(SPAN));
    const expected = new Uint32Array(KEYS);
    reference.lookup(keys, expected, KEYS);

    const { answers, steps } = lookUp(contents, keys, -1);
    assert.deepEqual(answers, expected);
    assert.ok(steps > KEYS, 'each walker takes steps');
    for (let part = 0; part < OVERTAKEN_STEPS; part++) {
      const first = Math.floor((steps * part) / OVERTAKEN_STEPS);
      const step = first + random.below(Math.floor(steps / OVERTAKEN_STEPS));
      assert.deepEqual(lookUp(contents, keys, step).answers, expected, `overtaken at step ${step}`);
    }
  });
});

interface Contents {
  present: IndexChange[];
  /** Batches that follow at once, and leave nothing in its place. */
  next: IndexChange[][];
}

/** Runs and prefixes over all of the keys, and batches that delete them and set others there. */
function drawContents(random: Random): Contents {
  const length = SPAN / RUNS;
  const runs = Array.from({ length: RUNS }, (_, at) => {
    const from = FIRST + Math.floor(at * length);
    return [from, from + random.below(Math.floor(length))] as const;
  });
  const prefixes = Array.from({ length: PREFIXES }, () =>
    Math.floor((FIRST + random.below(SPAN)) / 10 ** random.below(6)),
  );
  const all = (route: number | null) => [
    ...runs.map(([from, to]) => run(from, to, route)),
    ...prefixes.map((key) => prefix(key, route)),
  ];
  const present = [
    ...runs.map(([from, to]) => run(from, to, random.below(100))),
    ...prefixes.map((key) => prefix(key, random.below(100))),
  ];
  return { present, next: [all(null), all(200), all(null), all(300)] };
}
