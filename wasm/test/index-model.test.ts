// Random operations over every shape of keys, the Wasm builds against the reference. Ten million of
// them are in index-model.slow.ts.

import { describe, it } from 'node:test';
import { runModel } from './index-model.ts';
import { MODEL_SHAPES } from './model-shapes.ts';
import { wasmSubject } from './model-subjects.ts';
import { runSeed } from './random.ts';

const seed = runSeed();
const OPERATIONS = { release: 200_000, debug: 40_000 };

for (const build of ['release', 'debug'] as const) {
  const operations = OPERATIONS[build];
  const subject = wasmSubject(build);
  describe(`${build}, ${operations} random operations (BCHF_TEST_SEED=${seed})`, () => {
    for (const shape of MODEL_SHAPES) {
      it(`agrees with the reference on ${shape.name}`, () => {
        runModel(subject, shape, seed, Math.ceil(operations / MODEL_SHAPES.length));
      });
    }
  });
}
