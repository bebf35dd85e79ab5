// Random operations over every shape of keys: the Wasm builds against the reference, the reference
// against a plain list. Ten million of them are in index-model.slow.ts.

import { describe, it } from 'node:test';
import { runModel } from './index-model.ts';
import { MODEL_SHAPES } from './model-shapes.ts';
import { referenceSubject, wasmSubject } from './model-subjects.ts';
import { runSeed } from './random.ts';

const seed = runSeed();
const SUBJECTS = [
  { name: 'release', subject: wasmSubject('release'), operations: 200_000 },
  { name: 'debug', subject: wasmSubject('debug'), operations: 40_000 },
  { name: 'reference', subject: referenceSubject, operations: 6_000 },
];

for (const { name, subject, operations } of SUBJECTS) {
  describe(`${name}, ${operations} random operations (BCHF_TEST_SEED=${seed})`, () => {
    for (const shape of MODEL_SHAPES) {
      it(`agrees with its oracle on ${shape.name}`, () => {
        runModel(subject, shape, seed, Math.ceil(operations / MODEL_SHAPES.length));
      });
    }
  });
}
