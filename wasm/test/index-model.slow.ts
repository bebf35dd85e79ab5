// The model test at length: ten million changes to the release build, two million to the debug build.
// Each round takes all shapes with a seed of its own; the seed of a failure makes its round the first.

import { describe, it } from 'node:test';
import { runModel } from './index-model.ts';
import { MODEL_SHAPES } from './model-shapes.ts';
import { wasmSubject } from './model-subjects.ts';
import { runSeed } from './random.ts';

const SHAPE_OPERATIONS = 60_000;
const OPERATIONS_MIN = { release: 10_000_000, debug: 2_000_000 };
const seed = runSeed();

for (const build of ['release', 'debug'] as const) {
  const rounds = Math.ceil(OPERATIONS_MIN[build] / (SHAPE_OPERATIONS * MODEL_SHAPES.length));
  const subject = wasmSubject(build);
  describe(`${build}, ${OPERATIONS_MIN[build]} random operations (BCHF_TEST_SEED=${seed})`, () => {
    for (let round = 0; round < rounds; round++) {
      const roundSeed = (seed + round) % 2 ** 32;
      it(`agrees with the reference in round ${round + 1} of ${rounds}, seed ${roundSeed}`, () => {
        for (const shape of MODEL_SHAPES) runModel(subject, shape, roundSeed, SHAPE_OPERATIONS);
        const done = (round + 1) * SHAPE_OPERATIONS * MODEL_SHAPES.length;
        process.stderr.write(`model test, ${build}: ${done} operations done\n`);
      });
    }
  });
}
